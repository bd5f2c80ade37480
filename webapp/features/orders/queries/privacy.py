"""Requests in the name of privacy, and what we hold of a customer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core.addresses import email_hash, pepper
from webapp.core.context import Context
from webapp.core.models import CustomerContact, Store
from webapp.features.orders.messages import Erasure, RequestShown
from webapp.features.orders.models import PrivacyRequest

REQUESTS_SHOWN = 200
MOST_ORDERS = 10_000


def requests(ctx: Context) -> Sequence[RequestShown]:
    """The newest requests; those that wait for an answer first, the most urgent first."""
    values = {"m": ctx.merchant_id, "store": ctx.store_id, "most": REQUESTS_SHOWN}
    return [RequestShown(*row) for row in ctx.db.execute(text(_REQUESTS), values)]


_REQUESTS = """
select p.request_id, s.shop_domain, p.kind, p.external_id, p.received_at, p.due_at, p.done_at
from privacy_requests p
join stores s on s.merchant_id = p.merchant_id and s.store_id = p.store_id
where p.merchant_id = :m and (cast(:store as text) is null or p.store_id = :store)
order by p.done_at is not null, case when p.done_at is null then p.due_at end,
         p.received_at desc, p.request_id
limit :most
"""


def record_of(ctx: Context, request_id: str) -> Mapping[str, Any] | None:
    """Everything that is held of the customer who asks, as JSON values: how to reach them, what
    they agreed to, their orders, refunds and points, what they had for them and whom they brought,
    and what was said to them. None for no such request.

    Guests are known by the orders that the request names. Amounts are in the minor unit of the
    currency; times are ISO 8601 in UTC.
    """
    row = ctx.db.get(PrivacyRequest, (ctx.merchant_id, request_id))
    if row is None or row.kind != "data_request":
        return None
    store = ctx.db.get_one(Store, (ctx.merchant_id, row.store_id))
    values = {
        "m": ctx.merchant_id,
        "s": row.store_id,
        "customer": row.external_id,
        "keys": list(row.order_keys),
        "most": MOST_ORDERS,
    }
    contact = None
    if row.external_id is not None:
        place = (ctx.merchant_id, row.store_id, row.external_id)
        contact = ctx.db.get(CustomerContact, place)
    member = ctx.db.execute(text(_MEMBER), values).mappings().one_or_none()
    return {
        "shop": store.shop_domain,
        "currency": store.currency,
        "customer": row.external_id,
        "contact": _contact(ctx, contact) if contact else None,
        "member": _plain(member) if member else None,
        "orders": [_plain(found) for found in ctx.db.execute(text(_ORDERS), values).mappings()],
        "refunds": [_plain(found) for found in ctx.db.execute(text(_REFUNDS), values).mappings()],
        **{
            name: [_plain(found) for found in ctx.db.execute(text(sql), values).mappings()]
            for name, sql in _HOME_OF.items()
        },
    }


def claims_to_forget(
    ctx: Context, erasure: Erasure, email: str, upto: datetime | None
) -> Sequence[str]:
    """The claims of friends that are known by nothing but their address, or belong to a store of
    which everything is to be forgotten: those of the customer's address at the store, of `email`,
    or all of the store; made until `upto` where that is given."""
    values = {
        "m": ctx.merchant_id,
        "s": erasure.store_id,
        "customer": erasure.customer,
        "whole": erasure.whole_store,
        "email": email_hash(pepper(ctx), email) if email else None,
        "upto": upto,
    }
    return [str(claim) for claim in ctx.db.scalars(text(_CLAIMS), values)]


_CLAIMS = """
select c.claim_id
from referral_claims c
where c.merchant_id = :m and c.store_id = :s
  and (c.email_hash is not null or c.external_id is not null)
  and (cast(:upto as timestamptz) is null or c.claimed_at <= :upto)
  and (:whole or c.email_hash = cast(:email as bytea) or c.email_hash = (
      select k.email_hash from customer_contacts k
      where k.merchant_id = :m and k.store_id = :s
        and k.external_id = cast(:customer as text)
  ))
order by c.claim_id
"""


def _contact(ctx: Context, row: CustomerContact) -> dict[str, Any]:
    def opened(sealed: bytes | None, column: str) -> str | None:
        place = CustomerContact.place(row.merchant_id, row.store_id, row.external_id, column)
        return None if sealed is None else ctx.keys.open(sealed, place)

    return {
        "email": opened(row.email, "email"),
        "email_verified": row.email_verified,
        "email_consent": row.email_consent,
        "phone": opened(row.phone, "phone"),
        "phone_verified": row.phone_verified,
        "sms_consent": row.sms_consent,
        "language": row.locale,
        "updated_at": row.updated_at.isoformat(),
    }


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
    }


_MEMBER = """
select i.customer_id as member_id, u.shared_customer_id, u.created_at as member_since,
       i.linking_consent, coalesce(c.points, 0) as points, coalesce(c.pending, 0) as pending_points,
       (
           select count(*) from points_transactions t
           where t.merchant_id = :m and t.customer_id = i.customer_id
       ) as ledger_entries
from customer_identities i
join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
left join customer_cards c on c.merchant_id = i.merchant_id
    and c.customer_id = coalesce(u.merged_into, u.customer_id)
where i.merchant_id = :m and i.store_id = :s and i.external_id = :customer
"""
_THEIRS = """
    and (
        {table}.customer_id = (
            select i.customer_id from customer_identities i
            where i.merchant_id = :m and i.store_id = :s and i.external_id = :customer
        )
        or {table}.{key} = any(:keys)
    )
"""
_ORDERS = f"""
select external_id as order_id, ordered_at, amount_minor, basis_minor, discount_codes, cancelled_at
from orders
where merchant_id = :m and store_id = :s {_THEIRS.format(table="orders", key="external_id")}
order by ordered_at, order_id
limit :most
"""  # noqa: S608 - names of ours
_REFUNDS = f"""
select external_id as refund_id, order_key as order_id, refunded_at, amount_minor
from refunds
where merchant_id = :m and store_id = :s {_THEIRS.format(table="refunds", key="order_key")}
order by refunded_at, refund_id
limit :most
"""  # noqa: S608 - names of ours
_HOME = """
(
    select i.customer_id from customer_identities i
    where i.merchant_id = :m and i.store_id = :s and i.external_id = :customer
)
"""
# What other features keep of a customer: its name in the record -> the rows.
_HOME_OF = {
    "ledger": f"""
        select type, points, occurred_at, expires_at, reason from points_transactions
        where merchant_id = :m and customer_id = {_HOME}
        order by transaction_id limit :most
    """,  # noqa: S608 - made of constants
    "birthday": f"""
        select month, day, set_at from birthdays where merchant_id = :m and customer_id = {_HOME}
    """,  # noqa: S608 - likewise
    "rewards": f"""
        select code, points, state, redeemed_at, expires_at, order_key as order_id
        from redemptions where merchant_id = :m and customer_id = {_HOME}
        order by redeemed_at, redemption_id limit :most
    """,  # noqa: S608 - likewise
    "invitation": f"""
        select code, clicks, created_at from referral_links
        where merchant_id = :m and customer_id = {_HOME}
    """,  # noqa: S608 - likewise
    "accepted_invitations": f"""
        select discount_code, state, friend_points, claimed_at from referral_claims
        where merchant_id = :m and (
            store_id = :s and external_id = :customer or friend = {_HOME}
            or store_id = :s and email_hash = (
                select k.email_hash from customer_contacts k
                where k.merchant_id = :m and k.store_id = :s and k.external_id = :customer
            )
        )
        order by claimed_at, claim_id limit :most
    """,  # noqa: S608 - likewise
    "messages": f"""
        select channel, subject, body, state, created_at from notifications
        where merchant_id = :m and store_id = :s and customer_id in (
            select h from users u cross join unnest(array[u.customer_id, u.merged_into]) as h
            where u.merchant_id = :m and u.customer_id = {_HOME}
        )
        order by created_at, notification_id limit :most
    """,  # noqa: S608 - likewise
}
