"""What is told of members who have changed their tier."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from webapp.core import i18n
from webapp.core.context import Context
from webapp.core.models import Merchant
from webapp.core.words import new_id
from webapp.features.points.queries.tiers import Tier

Payload = tuple[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Move:
    """A member's tier before and now; None is none."""

    was: str | None
    now: str | None


def tell(ctx: Context, steps: Sequence[Tier], moves: Mapping[str, Move]) -> None:
    """Emit `points.tier_raised` and `points.tier_lowered {store_id, customer_id, tier_id, tier,
    was}` for each member, with names in the member's language, at the store where they bought
    last. Whose tier was removed is told nothing, for it has no name any more."""
    order = {tier.tier_id: n for n, tier in enumerate(steps)}
    known = {m: move for m, move in moves.items() if move.was is None or move.was in order}
    rose = [
        m
        for m, move in known.items()
        if order.get(move.now or "", -1) > order.get(move.was or "", -1)
    ]
    fell = [m for m in known if m not in set(rose)]
    readers = _readers(ctx, list(known)) if known else {}
    ctx.emit_all("points.tier_raised", _payloads(steps, rose, known, readers))
    ctx.emit_all("points.tier_lowered", _payloads(steps, fell, known, readers))


def _payloads(
    steps: Sequence[Tier],
    members: Sequence[str],
    moves: Mapping[str, Move],
    readers: Mapping[str, tuple[str, str]],
) -> Iterator[Payload]:
    by_id = {tier.tier_id: tier for tier in steps}
    for member in members:
        if member in readers:
            store_id, locale = readers[member]
            named = {
                word: by_id[tier_id].name(locale) if tier_id else ""
                for word, tier_id in (("was", moves[member].was), ("tier", moves[member].now))
            }
            known = {"store_id": store_id, "customer_id": member, "tier_id": moves[member].now}
            yield new_id("tier_"), {**known, **named}


def _readers(ctx: Context, members: Sequence[str]) -> Mapping[str, tuple[str, str]]:
    """Member -> (the store where they bought last, the language they use there)."""
    fallback = ctx.db.get_one(Merchant, ctx.merchant_id).locale
    values = {"merchant_id": ctx.merchant_id, "members": members}
    return {
        member: (store_id, i18n.negotiate(locale, default=fallback))
        for member, store_id, locale in ctx.db.execute(_READERS, values)
    }


_READERS = text(
    """
    with homes as materialized (
        select customer_id as member, customer_id as home from users
        where merchant_id = :merchant_id and customer_id = any(:members)
        union
        select merged_into, customer_id from users
        where merchant_id = :merchant_id and merged_into = any(:members)
    )
    select distinct on (h.member) h.member, i.store_id, c.locale
    from homes h
    join customer_identities i
        on i.merchant_id = :merchant_id and i.customer_id = h.home
    left join customer_contacts c on c.merchant_id = i.merchant_id
        and c.store_id = i.store_id and c.external_id = i.external_id
    left join lateral (
        select max(o.ordered_at) as at from orders o
        where o.merchant_id = i.merchant_id and o.store_id = i.store_id
          and o.customer_id = i.customer_id
    ) as bought on true
    order by h.member, bought.at desc nulls last, i.store_id, i.external_id
    """
)
