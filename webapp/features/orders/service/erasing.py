"""Erases what says how to reach somebody, and whatever of what was told about them is still kept.

Orders, refunds and ledger entries stay: they are facts of the merchant's books, and say nothing of
a person any more. In place of a contact an empty row stays, so that a word from before, which comes
again or late, brings nothing back; what the shop tells after that is new.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context


def erase_contacts(
    ctx: Context, store_id: str, customers: Sequence[str], upto: datetime | None = None
) -> None:
    """Forget addresses, hashes, consents and language of these customers: all that is known, or of
    those of whom nothing is known from after `upto`."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": sorted(set(customers)),
        "at": upto or ctx.wall,
        "upto": upto,
    }
    ctx.db.execute(_ERASE, values)


_EMPTY = """
    email = null, phone = null, email_hash = null, phone_hash = null, email_verified = false,
    phone_verified = false, locale = null, email_consent = null, sms_consent = null,
    email_consent_at = greatest(known.email_consent_at, :at),
    sms_consent_at = greatest(known.sms_consent_at, :at),
    updated_at = greatest(known.updated_at, :at)
"""
_NOTHING_NEWER = """
    cast(:upto as timestamptz) is null
    or greatest(known.updated_at, known.email_consent_at, known.sms_consent_at) <= :upto
"""
_ERASE = text(
    f"""
    insert into customer_contacts as known (
        merchant_id, store_id, external_id, updated_at, email_consent_at, sms_consent_at
    )
    select :merchant_id, :store_id, told.external_id, :at, :at, :at
    from unnest(cast(:customers as text[])) as told(external_id)
    order by told.external_id
    on conflict (merchant_id, store_id, external_id) do update
    set {_EMPTY}
    where {_NOTHING_NEWER}
    """  # noqa: S608 - columns are named above
)


def erase_store_contacts(ctx: Context, store_id: str, upto: datetime | None = None) -> None:
    """The same for every customer of a store."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "at": upto or ctx.wall,
        "upto": upto,
    }
    ctx.db.execute(_ERASE_STORE, values)


_ERASE_STORE = text(
    f"""
    update customer_contacts as known set {_EMPTY}
    where merchant_id = :merchant_id and store_id = :store_id and ({_NOTHING_NEWER})
    """  # noqa: S608 - columns are named above
)


def erase_events(
    ctx: Context,
    store_id: str,
    customer: str | None = None,
    order_keys: Sequence[str] = (),
    upto: datetime | None = None,
) -> int:
    """Delete what the inbox still holds of a customer and of these orders, or of the whole store:
    all of it, or what was received until `upto`. The number of events."""
    whole = customer is None and not order_keys
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "upto": upto,
        "whole": whole,
        "subjects": [*([customer] if customer else []), *(f"order:{key}" for key in order_keys)],
        "keys": [f"{store_id}:{key}" for key in order_keys],
    }
    return len(ctx.db.execute(_ERASE_EVENTS, values).all())


# An event of an order is known by its key (see `inbox.business_key`), which may end in its time.
_ERASE_EVENTS = text(
    """
    delete from inbound_events
    where merchant_id = :merchant_id and store_id = :store_id and source = 'shopify'
      and (cast(:upto as timestamptz) is null or received_at <= :upto)
      and (
          :whole or subject = any(:subjects)
          or topic like 'orders/%' and split_part(business_key, '@', 1) = any(:keys)
      )
    returning 1
    """
)


def erase_requests(ctx: Context, event_ids: Sequence[int]) -> None:
    """Delete the requests to erase themselves: they name who is to be forgotten."""
    sql = text("delete from inbound_events where merchant_id = :m and event_id = any(:ids)")
    ctx.db.execute(sql, {"m": ctx.merchant_id, "ids": list(event_ids)})
