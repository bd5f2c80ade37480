"""Recognising customers of several stores as one person, and what a merge would bring."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.members import find_stores
from webapp.features.points.domain.linking import Wish, join
from webapp.features.points.messages.identities import Pair, Preview, Sharing, Side
from webapp.features.points.queries import matches
from webapp.features.points.queries.matches import MOST_PAIRS, Candidate
from webapp.features.points.queries.sharing import read_sharing
from webapp.features.points.service import ledger
from webapp.features.points.service.identities import Link, merge_all

# So many customers of a store are compared in one transaction.
CUSTOMERS_A_CHUNK = 500
SAMPLE = 5


def match(
    ctx: Context, store_id: str, customers: Sequence[str], change_id: str | None = None
) -> list[Link]:
    """Link these customers of a store with who they are in the other shared stores. Nobody is
    linked who has said no or, where members are asked first, not yes; nor whom a person parted."""
    sharing = read_sharing(ctx)
    found = _willing(ctx, sharing, store_id, customers)
    if not found:
        return []
    # What was said or parted meanwhile counts: it is read again with the members locked.
    holders = ledger.lock_members(ctx, {home for c in found for home in (c.wish.kept, c.wish.lost)})
    found = _willing(ctx, sharing, store_id, customers)
    homes = {home for holder in holders.values() for home in holder.homes}
    wishes = [Wish(c.wish.kept, c.wish.lost, c.wish.reason, change_id) for c in found]
    return merge_all(ctx, wishes, matches.parted_by_people(ctx, homes)) if wishes else []


def _willing(
    ctx: Context, sharing: Sharing, store_id: str, customers: Sequence[str]
) -> list[Candidate]:
    found = matches.candidates(ctx, store_id, sharing.shared_stores, customers)
    return [c for c in found if not c.refused and (c.agreed or not sharing.ask_members)]


def match_again(ctx: Context, homes: Sequence[str]) -> None:
    """Link the customers of these homes with who they are in the other shared stores."""
    values = {"merchant_id": ctx.merchant_id, "homes": sorted(set(homes))}
    for store_id, customers in list(ctx.db.execute(_CUSTOMERS, values)):
        match(ctx, store_id, customers)


_CUSTOMERS = text(
    """
    select store_id, array_agg(external_id order by external_id) from customer_identities
    where merchant_id = :merchant_id and customer_id = any(:homes)
    group by store_id
    order by store_id
    """
)


def match_chunk(ctx: Context, store_id: str, after: str, change_id: str | None) -> str | None:
    """Link the next customers of a store, behind `after`; behind whom to go on, None at the end."""
    customers = matches.next_customers(ctx, store_id, after, CUSTOMERS_A_CHUNK)
    match(ctx, store_id, customers, change_id)
    return customers[-1] if len(customers) == CUSTOMERS_A_CHUNK else None


def take_shop_merge(ctx: Context, store_id: str, lost: str, kept: str) -> None:
    """A shop made one customer of two, who are one member from now on, or as soon as we know both
    of them."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, "lost": lost, "kept": kept}
    if lost != kept:
        ctx.db.execute(_KEEP, values)
        follow_shop_merges(ctx, store_id, [lost, kept])


_KEEP = text(
    """
    insert into shopify_merges (merchant_id, store_id, lost, kept)
    values (:merchant_id, :store_id, :lost, :kept)
    on conflict do nothing
    """
)


def follow_shop_merges(ctx: Context, store_id: str, customers: Sequence[str]) -> None:
    """Make one member of what the shop has merged, of which these customers are a part."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": list(customers),
    }
    wishes = [Wish(kept, lost, "shopify") for kept, lost in ctx.db.execute(_FOLLOW, values)]
    if wishes:
        merge_all(ctx, wishes)


_FOLLOW = text(
    """
    select a.customer_id, b.customer_id
    from shopify_merges m
    join customer_identities a on a.merchant_id = m.merchant_id and a.store_id = m.store_id
        and a.external_id = m.kept
    join customer_identities b on b.merchant_id = m.merchant_id and b.store_id = m.store_id
        and b.external_id = m.lost
    where m.merchant_id = :merchant_id and m.store_id = :store_id
      and (m.lost = any(:customers) or m.kept = any(:customers))
      and a.customer_id <> b.customer_id
    order by m.told_at, m.lost, m.kept
    """
)


def preview(ctx: Context, store: str) -> Preview:
    """Who would become one member if this store (a domain or our id) shared as well. It writes
    nothing, and a merge goes by the same rules.

    Raises AppError(store_not_found).
    """
    (store_id,) = find_stores(ctx, [store])
    sharing = read_sharing(ctx)
    domain = str(ctx.db.scalar(_DOMAIN, {"merchant_id": ctx.merchant_id, "store_id": store_id}))
    domains = {*sharing.shared_stores, domain}
    found = matches.candidates(ctx, store_id, sorted(domains), None)
    wanted = [c for c in found if not c.refused]
    willing = [c for c in wanted if c.agreed or not sharing.ask_members]
    return _preview_of(ctx, found, wanted, willing)


_DOMAIN = text(
    "select shop_domain from stores where merchant_id = :merchant_id and store_id = :store_id"
)


def preview_pair(ctx: Context, kept: str, lost: str) -> Pair:
    """What a merge of two members by hand would bring."""
    sides = _sides(ctx, {kept, lost})
    return Pair(sides[kept], sides[lost], "merchant")


def _preview_of(
    ctx: Context,
    found: Sequence[Candidate],
    wanted: Sequence[Candidate],
    willing: Sequence[Candidate],
) -> Preview:
    homes = matches.homes_of(ctx, {member for c in willing for member in c.members})
    member_of = {home: member for member, own in homes.items() for home in own}
    apart = matches.parted_by_people(ctx, member_of)
    merges = join(member_of, homes, [c.wish for c in willing], apart)
    sides = _sides(ctx, {member for m in merges for member in (m.kept, m.lost)})
    pairs = [Pair(sides[m.kept], sides[m.lost], m.wish.reason) for m in merges]
    return Preview(
        merges=len(pairs),
        members=len(sides),
        points=sum(side.points for side in sides.values()),
        conflicts=sum(pair.conflict for pair in pairs),
        unasked=len({c.members for c in wanted}) - len({c.members for c in willing}),
        refused=len({c.members for c in found}) - len({c.members for c in wanted}),
        more=len(found) == MOST_PAIRS,
        sample=tuple(sorted(pairs, key=lambda pair: (not pair.conflict, -pair.points))[:SAMPLE]),
    )


def _sides(ctx: Context, members: set[str]) -> dict[str, Side]:
    """What these members have, as their cards show it."""
    values = {"merchant_id": ctx.merchant_id, "members": sorted(members)}
    found = {m: Side(m, points, tier) for m, points, tier in ctx.db.execute(_CARDS, values)}
    return {member: found.get(member, Side(member, 0, None)) for member in members}


_CARDS = text(
    """
    select customer_id, points, tier from customer_cards
    where merchant_id = :merchant_id and customer_id = any(:members)
    """
)
