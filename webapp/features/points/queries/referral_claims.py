"""Reads behind a claim: the link, who the friend may be, and what was claimed before."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from webapp.core.context import Context


@dataclass(frozen=True, slots=True)
class Friend:
    """Who claims at which store, as far as we know: the store's customer, the home, the hash of the
    address."""

    store_id: str
    external_id: str | None
    home: str | None
    email_hash: bytes | None


def locked_link(ctx: Context, code: str) -> Row[Any] | None:
    """The link, and whose it is today. It stays locked, so that claims of one link are counted one
    after the other."""
    values = {"merchant_id": ctx.merchant_id, "code": code}
    return ctx.db.execute(_LINK, values).one_or_none()


_LINK = text(
    """
    select l.code, l.customer_id as advocate, coalesce(u.merged_into, u.customer_id) as member
    from referral_links l
    join users u on u.merchant_id = l.merchant_id and u.customer_id = l.customer_id
    where l.merchant_id = :merchant_id and l.code = :code
    for no key update of l
    """
)


def customer(ctx: Context, store_id: str, external_id: str) -> Friend:
    """A customer of a store, whether or not they have ordered yet."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "external_id": external_id,
    }
    home, address = ctx.db.execute(_CUSTOMER, values).one()
    return Friend(store_id, external_id, home, address)


_CUSTOMER = text(
    """
    select (
        select customer_id from customer_identities
        where merchant_id = :merchant_id and store_id = :store_id and external_id = :external_id
    ), (
        select email_hash from customer_contacts
        where merchant_id = :merchant_id and store_id = :store_id and external_id = :external_id
    )
    """
)


def known_of(ctx: Context, code: str, member: str, friend: Friend) -> Row[Any]:
    """What speaks against a claim: `is_advocate`, `has_claimed`, `has_ordered`, and how many claims
    of this code were `refused` today. `member` is whose code it is."""
    values = {
        "merchant_id": ctx.merchant_id,
        "code": code,
        "day": ctx.wall.date(),
        "member": member,
        "store_id": friend.store_id,
        "external_id": friend.external_id,
        "email_hash": friend.email_hash,
    }
    return ctx.db.execute(_KNOWN_OF, values).one()


# `alike` are the members that the friend may be: by their own account at the store, or by an e-mail
# address or telephone number, verified or not, of any account at any store.
_KNOWN_OF = text(
    """
    with own as (
        select email_hash, phone_hash from customer_contacts
        where merchant_id = :merchant_id and store_id = :store_id and external_id = :external_id
    ), contacts as (
        select store_id, external_id from customer_contacts
        where merchant_id = :merchant_id and email_hash = :email_hash
        union
        select k.store_id, k.external_id
        from own join customer_contacts k
            on k.merchant_id = :merchant_id and k.phone_hash = own.phone_hash
        union
        select cast(:store_id as text), cast(:external_id as text)
    ), alike as (
        select distinct coalesce(u.merged_into, u.customer_id) as member
        from contacts k
        join customer_identities i on i.merchant_id = :merchant_id
            and i.store_id = k.store_id and i.external_id = k.external_id
        join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
    ), homes as (
        select u.customer_id
        from alike join users u on u.merchant_id = :merchant_id
            and (u.customer_id = alike.member or u.merged_into = alike.member)
    )
    select exists (select from alike where member = :member) as is_advocate,
        exists (
            select from referral_claims c
            where c.merchant_id = :merchant_id and (
                c.email_hash = :email_hash
                or (c.store_id, c.external_id) in (select store_id, external_id from contacts)
                or c.friend in (select customer_id from homes)
            )
        ) as has_claimed,
        exists (
            select from homes h
            cross join stores s
            join orders o on o.merchant_id = s.merchant_id and o.store_id = s.store_id
                and o.customer_id = h.customer_id
            where s.merchant_id = :merchant_id and o.cancelled_at is null
        ) as has_ordered,
        (
            select coalesce(sum(refused), 0) from referral_refusals
            where merchant_id = :merchant_id and code = :code and day = :day
        ) as refused
    """
)


def claims_since(ctx: Context, member: str, since: datetime) -> int:
    """How many friends have claimed a link of this member since then."""
    values = {"merchant_id": ctx.merchant_id, "member": member, "since": since}
    return int(ctx.db.scalar(_SINCE, values) or 0)


_SINCE = text(
    """
    select count(*)
    from users u
    join referral_claims c on c.merchant_id = u.merchant_id and c.advocate = u.customer_id
    where u.merchant_id = :merchant_id and (u.customer_id = :member or u.merged_into = :member)
      and c.claimed_at > :since
    """
)


def owner_of(ctx: Context, code: str) -> str | None:
    """The member whose link has this code, or None."""
    values = {"merchant_id": ctx.merchant_id, "code": code}
    found: str | None = ctx.db.scalar(_OWNER, values)
    return found


_OWNER = text(
    """
    select coalesce(u.merged_into, u.customer_id)
    from referral_links l
    join users u on u.merchant_id = l.merchant_id and u.customer_id = l.customer_id
    where l.merchant_id = :merchant_id and l.code = :code
    """
)


def claim_by_id(ctx: Context, claim_id: str) -> Row[Any] | None:
    """A claim, or None."""
    values = {"merchant_id": ctx.merchant_id, "claim_id": claim_id}
    return ctx.db.execute(text(f"{_READ} and claim_id = :claim_id"), values).one_or_none()


def claim_of_customer(ctx: Context, code: str, store_id: str, external_id: str) -> Row[Any] | None:
    """The claim that a customer of a store has on a link, or None."""
    values = {
        "merchant_id": ctx.merchant_id,
        "code": code,
        "store_id": store_id,
        "external_id": external_id,
    }
    of = "code = :code and store_id = :store_id and external_id = :external_id"
    sql = f"{_READ} and {of}"
    return ctx.db.execute(text(sql), values).one_or_none()


_READ = """
select claim_id, code, store_id, external_id, state, in_review, offer, minimum_minor, friend_points,
       discount_code, discount_state
from referral_claims where merchant_id = :merchant_id"""
