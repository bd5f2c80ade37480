"""Who is recognised as the same person in another store: by a verified address only.

Rules: a verified e-mail address; else a verified telephone number, which does not count where both
have verified different e-mail addresses (a telephone is often shared). Only customers of two stores
that share are compared. Never a name, a postal address, or an address that was not verified: in any
shop one may register with an address of somebody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.linking import Apart, Wish

# What a page looks at; a merge works through all, chunk by chunk.
MOST_PAIRS = 20_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """Two homes of two members who are one person. `refused` says that one of them does not want to
    be linked, `agreed` that one of these two customers has said yes."""

    wish: Wish
    members: tuple[str, str]
    refused: bool
    agreed: bool


def candidates(
    ctx: Context, store_id: str, domains: Sequence[str], customers: Sequence[str] | None
) -> list[Candidate]:
    """Who of these customers of a store (None: of all of them) is known in another of the stores
    with these domains: the older member of each pair is kept. By e-mail first, then by age, at most
    MOST_PAIRS; none when the store itself is not among them."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "domains": list(domains),
        "customers": None if customers is None else list(customers),
        "most": MOST_PAIRS,
    }
    return [
        Candidate(Wish(kept, lost, reason), (member, other), refused, agreed)
        for kept, lost, member, other, reason, refused, agreed in ctx.db.execute(_PAIRS, values)
    ]


# One row after the other is looked up by its key (that is what the limits do), so that the plan is
# the same with and without statistics.
_PAIRS = text(
    """
    with shared as materialized (
        select store_id from stores
        where merchant_id = :merchant_id and shop_domain = any(:domains)
    ), seeds as materialized (
        select c.external_id,
               case when c.email_verified then c.email_hash end as email_hash,
               case when c.phone_verified then c.phone_hash end as phone_hash
        from customer_contacts c
        where c.merchant_id = :merchant_id and c.store_id = :store_id
          and c.store_id in (select store_id from shared)
          and (cast(:customers as text[]) is null or c.external_id = any(:customers))
    ), met as materialized (
        select s.external_id, o.store_id, o.external_id as other, 'email' as reason
        from seeds s
        cross join lateral (
            select o.store_id, o.external_id from customer_contacts o
            where o.merchant_id = :merchant_id and o.email_hash = s.email_hash
              and o.email_verified
            limit :most
        ) o
        where o.store_id <> :store_id and o.store_id in (select store_id from shared)
        union all
        select s.external_id, o.store_id, o.external_id, 'phone'
        from seeds s
        cross join lateral (
            select o.store_id, o.external_id, o.email_verified, o.email_hash
            from customer_contacts o
            where o.merchant_id = :merchant_id and o.phone_hash = s.phone_hash
              and o.phone_verified
            limit :most
        ) o
        where o.store_id <> :store_id and o.store_id in (select store_id from shared)
          and not coalesce(o.email_verified and o.email_hash <> s.email_hash, false)
    ), refusers as materialized (
        select distinct u.member
        from customer_identities i
        cross join lateral (
            select coalesce(u.merged_into, u.customer_id) as member from users u
            where u.merchant_id = :merchant_id and u.customer_id = i.customer_id
            limit 1
        ) u
        where i.merchant_id = :merchant_id and not i.linking_consent
    ), homes as materialized (
        select met.reason, a.customer_id as home, b.customer_id as other_home,
               coalesce(a.linking_consent, false) or coalesce(b.linking_consent, false) as agreed
        from met
        cross join lateral (
            select i.customer_id, i.linking_consent from customer_identities i
            where i.merchant_id = :merchant_id and i.store_id = :store_id
              and i.external_id = met.external_id
            limit 1
        ) a
        cross join lateral (
            select i.customer_id, i.linking_consent from customer_identities i
            where i.merchant_id = :merchant_id and i.store_id = met.store_id
              and i.external_id = met.other
            limit 1
        ) b
    ), pairs as materialized (
        select h.*, a.member, b.member as other_member
        from homes h
        cross join lateral (
            select coalesce(u.merged_into, u.customer_id) as member from users u
            where u.merchant_id = :merchant_id and u.customer_id = h.home
            limit 1
        ) a
        cross join lateral (
            select coalesce(u.merged_into, u.customer_id) as member from users u
            where u.merchant_id = :merchant_id and u.customer_id = h.other_home
            limit 1
        ) b
    ), aged as (
        select p.*, (m.created_at, p.member) <= (n.created_at, p.other_member) as is_older,
               least(m.created_at, n.created_at) as since
        from pairs p
        cross join lateral (
            select u.created_at from users u
            where u.merchant_id = :merchant_id and u.customer_id = p.member
            limit 1
        ) m
        cross join lateral (
            select u.created_at from users u
            where u.merchant_id = :merchant_id and u.customer_id = p.other_member
            limit 1
        ) n
        where p.member <> p.other_member
    )
    select case when is_older then home else other_home end,
           case when is_older then other_home else home end,
           case when is_older then member else other_member end,
           case when is_older then other_member else member end,
           reason,
           member in (select member from refusers)
               or other_member in (select member from refusers),
           agreed
    from aged
    order by reason, since, home, other_home
    limit :most
    """
)


def parted_by_people(ctx: Context, homes: Iterable[str]) -> list[Apart]:
    """The partings by people that have some of these homes on both sides."""
    values = {"merchant_id": ctx.merchant_id, "homes": sorted(homes)}
    rows = ctx.db.execute(_PARTED, values)
    return [Apart(frozenset(left), frozenset(stayed)) for left, stayed in rows]


_PARTED = text(
    """
    select homes, stayed from identity_links
    where merchant_id = :merchant_id and kind = 'part' and reason = 'merchant'
      and homes && cast(:homes as text[]) and stayed && cast(:homes as text[])
    order by link_id
    """
)


def homes_of(ctx: Context, members: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Member -> their homes, of these members."""
    homes: dict[str, list[str]] = {}
    values = {"merchant_id": ctx.merchant_id, "members": sorted(members)}
    for home, member in ctx.db.execute(_HOMES, values):
        homes.setdefault(member, []).append(home)
    return {member: tuple(found) for member, found in homes.items()}


_HOMES = text(
    """
    select customer_id, customer_id from users
    where merchant_id = :merchant_id and customer_id = any(:members)
    union
    select customer_id, merged_into from users
    where merchant_id = :merchant_id and merged_into = any(:members)
    order by 1
    """
)


def next_customers(ctx: Context, store_id: str, after: str, most: int) -> list[str]:
    """The next customers of a store whose address is verified, behind `after` (empty at first)."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "after": after,
        "most": most,
    }
    return [str(customer) for customer in ctx.db.scalars(_NEXT, values)]


_NEXT = text(
    """
    select external_id from customer_contacts
    where merchant_id = :merchant_id and store_id = :store_id and external_id > :after
      and (email_verified or phone_verified)
    order by external_id
    limit :most
    """
)
