"""Looking a member up: by what people call them, and what there is to say of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.addresses import email_hash, pepper, phone_hash
from webapp.core.context import Context
from webapp.core.errors import CUSTOMER_NOT_FOUND, AppError
from webapp.features.points.queries.balances import spendable

MOST_FOUND = 20
_GID = re.compile(r"gid://shopify/Customer/([0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Found:
    """One member who answers to what was asked; `points` as their card shows them."""

    member: str
    points: int
    shops: tuple[str, ...]


def find_people(ctx: Context, asked: str) -> list[Found]:
    """Members with this id of ours, this customer id of a shop, or this e-mail address or telephone
    number, verified or not, at most MOST_FOUND. An address is compared by its hash only. Not for a
    transaction that may not write."""
    key = pepper(ctx)
    gid = _GID.fullmatch(asked)
    values = {
        "merchant_id": ctx.merchant_id,
        "asked": asked,
        "external": gid[1] if gid else asked,
        "email": email_hash(key, asked),
        "phone": phone_hash(key, asked),
        "most": MOST_FOUND,
    }
    rows = ctx.db.execute(_FIND, values)
    return [Found(member, points, tuple(shops)) for member, points, shops in rows]


_FIND = text(
    """
    with homes as (
        select customer_id from users
        where merchant_id = :merchant_id
          and (customer_id = :asked or shared_customer_id = :asked)
        union
        select i.customer_id
        from stores s
        join customer_identities i on i.merchant_id = s.merchant_id and i.store_id = s.store_id
        where s.merchant_id = :merchant_id and i.external_id = :external
        union
        select i.customer_id
        from customer_contacts c
        join customer_identities i on i.merchant_id = c.merchant_id and i.store_id = c.store_id
            and i.external_id = c.external_id
        where c.merchant_id = :merchant_id and (
            c.email_hash = cast(:email as bytea) or c.phone_hash = cast(:phone as bytea)
        )
    ), members as (
        select distinct coalesce(u.merged_into, u.customer_id) as member
        from homes h join users u on u.merchant_id = :merchant_id and u.customer_id = h.customer_id
        order by 1
        limit :most
    )
    select m.member, coalesce(c.points, 0), array_agg(distinct s.shop_domain order by s.shop_domain)
    from members m
    join users u on u.merchant_id = :merchant_id
        and (u.customer_id = m.member or u.merged_into = m.member)
    join customer_identities i on i.merchant_id = u.merchant_id and i.customer_id = u.customer_id
    join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
    left join customer_cards c on c.merchant_id = u.merchant_id and c.customer_id = m.member
    group by m.member, c.points
    order by m.member
    """
)


@dataclass(frozen=True, slots=True)
class Known:
    """One customer of one store who is this member. `verified` says which addresses the shop has
    verified; `consent` what they said to being linked, None while they were not asked."""

    home: str
    store_id: str
    shop_domain: str
    external_id: str
    verified: tuple[str, ...]
    consent: bool | None


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the page shows them: `points` can be spent now, `pending` later, `owed` was asked
    back after it had been spent."""

    member: str
    since: datetime
    points: int
    pending: int
    owed: int
    tier: str | None
    homes: tuple[str, ...]
    known: tuple[Known, ...]


def read_person(ctx: Context, member: str) -> Person:
    """The member that this id, or a home's, is. Raises AppError(customer_not_found)."""
    values = {"merchant_id": ctx.merchant_id, "asked": member, "now": ctx.now}
    row = ctx.db.execute(_PERSON, values).one_or_none()
    if row is None:
        raise AppError(CUSTOMER_NOT_FOUND, customer=member)
    known = tuple(_known(ctx, row.homes))
    return Person(
        member=row.member,
        since=row.since,
        points=spendable(ctx, row.member),
        pending=int(row.pending),
        owed=int(row.owed),
        tier=row.tier,
        homes=tuple(row.homes),
        known=known,
    )


_PERSON = text(
    """
    with one as (
        select coalesce(merged_into, customer_id) as member from users
        where merchant_id = :merchant_id and customer_id = :asked
    ), homes as materialized (
        select one.member, u.customer_id, u.created_at
        from one join users u on u.merchant_id = :merchant_id
            and (u.customer_id = one.member or u.merged_into = one.member)
    )
    select h.member, min(h.created_at) as since,
           array_agg(h.customer_id order by h.created_at, h.customer_id) as homes,
           (
               select coalesce(sum(l.remaining), 0) from points_lots l
               where l.merchant_id = :merchant_id and l.available_at > :now
                 and l.customer_id in (select customer_id from homes)
           ) as pending,
           (
               select coalesce(sum(d.points), 0) from points_deficits d
               where d.merchant_id = :merchant_id
                 and d.customer_id in (select customer_id from homes)
           ) as owed,
           (
               select c.tier from customer_cards c
               where c.merchant_id = :merchant_id and c.customer_id = h.member
           ) as tier
    from homes h
    group by h.member
    """
)


def _known(ctx: Context, homes: Sequence[str]) -> list[Known]:
    values = {"merchant_id": ctx.merchant_id, "homes": list(homes)}
    return [
        Known(home, store_id, domain, external_id, tuple(verified), consent)
        for home, store_id, domain, external_id, verified, consent in ctx.db.execute(_KNOWN, values)
    ]


_KNOWN = text(
    """
    select i.customer_id, i.store_id, s.shop_domain, i.external_id,
           array_remove(array[
               case when c.email_verified then 'email' end,
               case when c.phone_verified then 'phone' end
           ], null),
           i.linking_consent
    from customer_identities i
    join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
    left join customer_contacts c on c.merchant_id = i.merchant_id and c.store_id = i.store_id
        and c.external_id = i.external_id
    where i.merchant_id = :merchant_id and i.customer_id = any(:homes)
    order by s.shop_domain, i.external_id
    """
)
