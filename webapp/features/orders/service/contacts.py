"""How customers may be reached, kept sealed and as new as the shop has told us.

The order in which a shop's words arrive does not matter, for each says its own time. That is why
they are kept also of somebody who has not ordered yet: who takes back a consent before we hear of
their first order must not be written to because of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import text

from webapp.core import addresses
from webapp.core.context import Context
from webapp.core.models import CustomerContact
from webapp.features.orders.domain.people import EMAIL, SMS, Consent, Contact
from webapp.features.orders.service.rows import lock

HASHED_AT_ONCE = 2_000


def keep_contacts(ctx: Context, store_id: str, found: Iterable[Contact]) -> list[str]:
    """Keep what is newer than what is known. A language that is not told is kept. Gives back the
    customers of whom another address, or another proof of one, is known now."""
    newest: dict[str, Contact] = {}
    for contact in sorted(found, key=lambda contact: contact.updated_at):
        known = newest.get(contact.customer)
        locale = contact.locale or (known.locale if known else None)
        newest[contact.customer] = replace(contact, locale=locale)
    contacts = [newest[customer] for customer in sorted(newest)]
    if not contacts:
        return []
    lock(ctx)
    pepper = addresses.pepper(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": [c.customer for c in contacts],
        "emails": [_sealed(ctx, store_id, c.customer, "email", c.email) for c in contacts],
        "phones": [_sealed(ctx, store_id, c.customer, "phone", c.phone) for c in contacts],
        "email_hashes": [addresses.email_hash(pepper, c.email or "") for c in contacts],
        "phone_hashes": [addresses.phone_hash(pepper, c.phone or "") for c in contacts],
        "verified": [c.email_verified for c in contacts],
        "locales": [c.locale for c in contacts],
        "ats": [c.updated_at for c in contacts],
    }
    return [str(customer) for customer in ctx.db.scalars(_KEEP, values)]


def _sealed(
    ctx: Context, store_id: str, customer: str, column: str, address: str | None
) -> bytes | None:
    """An address, bound to its place."""
    if address is None:
        return None
    place = CustomerContact.place(ctx.merchant_id, store_id, customer, column)
    return ctx.keys.seal(address, place)


def _newest(column: str) -> str:
    return f"""{column} = case when excluded.updated_at >= known.updated_at
        then excluded.{column} else known.{column} end"""


# What was known before, and whether what says who somebody is has changed.
_BEFORE = """
    before as (
        select external_id, email_hash, phone_hash, email_verified, phone_verified
        from customer_contacts
        where merchant_id = :merchant_id and store_id = :store_id
          and external_id = any(:customers)
    )
"""
_CHANGED = """
    select kept.external_id from kept left join before using (external_id)
    where before.external_id is null
       or (kept.email_hash, kept.phone_hash, kept.email_verified, kept.phone_verified)
          is distinct from
          (before.email_hash, before.phone_hash, before.email_verified, before.phone_verified)
    order by 1
"""
_RETURNED = "external_id, email_hash, phone_hash, email_verified, phone_verified"
# A phone number that was proved stays so while it stays the same.
_KEEP = text(
    f"""
    with {_BEFORE}, kept as (
        insert into customer_contacts as known (
            merchant_id, store_id, external_id, email, phone, email_hash, phone_hash,
            email_verified, locale, updated_at
        )
        select :merchant_id, :store_id, told.*
        from unnest(
            cast(:customers as text[]), cast(:emails as bytea[]), cast(:phones as bytea[]),
            cast(:email_hashes as bytea[]), cast(:phone_hashes as bytea[]),
            cast(:verified as boolean[]), cast(:locales as text[]), cast(:ats as timestamptz[])
        ) as told(
            external_id, email, phone, email_hash, phone_hash, email_verified, locale, updated_at
        )
        order by told.external_id
        on conflict (merchant_id, store_id, external_id) do update
        set {_newest("email")}, {_newest("phone")}, {_newest("email_hash")},
            {_newest("phone_hash")}, {_newest("email_verified")},
            phone_verified = known.phone_verified and (
                excluded.updated_at < known.updated_at
                or excluded.phone_hash is not distinct from known.phone_hash
            ),
            locale = case when excluded.updated_at >= known.updated_at
                then coalesce(excluded.locale, known.locale)
                else coalesce(known.locale, excluded.locale) end,
            updated_at = greatest(excluded.updated_at, known.updated_at)
        returning {_RETURNED}
    )
    {_CHANGED}
    """  # noqa: S608 - columns are named above
)


def keep_consents(ctx: Context, store_id: str, found: Iterable[Consent]) -> list[str]:
    """Keep consents that are newer than what is known. Gives back the customers of whom another
    proof of an address is known now."""
    newest: dict[tuple[str, str], Consent] = {}
    for consent in sorted(found, key=lambda consent: consent.at):
        newest[consent.channel, consent.customer] = consent
    changed: set[str] = set()
    if newest:
        lock(ctx)
    for channel, sql in ((EMAIL, _KEEP_EMAIL), (SMS, _KEEP_SMS)):
        told = [newest[key] for key in sorted(newest) if key[0] == channel]
        if told:
            values = _consent_values(ctx, store_id, told)
            changed.update(str(customer) for customer in ctx.db.scalars(sql, values))
    return sorted(changed)


def _consent_values(ctx: Context, store_id: str, told: Sequence[Consent]) -> dict[str, object]:
    column = "email" if told[0].channel == EMAIL else "phone"
    hashed = addresses.email_hash if told[0].channel == EMAIL else addresses.phone_hash
    pepper = addresses.pepper(ctx)
    return {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": [c.customer for c in told],
        "addresses": [_sealed(ctx, store_id, c.customer, column, c.address) for c in told],
        "hashes": [hashed(pepper, c.address or "") for c in told],
        "states": [c.state for c in told],
        "confirmed": [c.confirmed for c in told],
        "ats": [c.at for c in told],
    }


# Of a customer who is not known yet, the customer's own words come later: any of them is newer.
_TOLD_CONSENTS = """
    from unnest(
        cast(:customers as text[]), cast(:addresses as bytea[]), cast(:hashes as bytea[]),
        cast(:states as text[]), cast(:confirmed as boolean[]), cast(:ats as timestamptz[])
    ) as told(external_id, address, hash, state, confirmed, at)
    order by told.external_id
"""
_KEEP_EMAIL = text(
    f"""
    with {_BEFORE}, kept as (
        insert into customer_contacts as known (
            merchant_id, store_id, external_id, email, email_hash, email_consent,
            email_consent_at, updated_at
        )
        select :merchant_id, :store_id, told.external_id, told.address, told.hash, told.state,
               told.at, timestamptz 'epoch'
        {_TOLD_CONSENTS}
        on conflict (merchant_id, store_id, external_id) do update
        set email_consent = excluded.email_consent, email_consent_at = excluded.email_consent_at
        where known.email_consent_at is null
           or excluded.email_consent_at >= known.email_consent_at
        returning {_RETURNED}
    )
    {_CHANGED}
    """  # noqa: S608 - columns are named above
)
# A consent by SMS names the number it was given from, and is newer than the number we know of.
_NEW_PHONE = "excluded.phone is not null and excluded.sms_consent_at >= known.updated_at"
_KEEP_SMS = text(
    f"""
    with {_BEFORE}, kept as (
        insert into customer_contacts as known (
            merchant_id, store_id, external_id, phone, phone_hash, sms_consent, phone_verified,
            sms_consent_at, updated_at
        )
        select :merchant_id, :store_id, told.external_id, told.address, told.hash, told.state,
               told.confirmed and told.hash is not null, told.at, timestamptz 'epoch'
        {_TOLD_CONSENTS}
        on conflict (merchant_id, store_id, external_id) do update
        set sms_consent = excluded.sms_consent, sms_consent_at = excluded.sms_consent_at,
            phone = case when {_NEW_PHONE} then excluded.phone else known.phone end,
            phone_hash = case when {_NEW_PHONE} then excluded.phone_hash else known.phone_hash end,
            phone_verified = excluded.phone_verified and excluded.phone_hash is not distinct from
                case when {_NEW_PHONE} then excluded.phone_hash else known.phone_hash end
        where known.sms_consent_at is null or excluded.sms_consent_at >= known.sms_consent_at
        returning {_RETURNED}
    )
    {_CHANGED}
    """  # noqa: S608 - columns are named above
)


def hash_contacts(
    ctx: Context, after: tuple[str, str], most: int = HASHED_AT_ONCE
) -> tuple[str, str] | None:
    """Hash what up to `most` customers told before there were hashes, those behind `after` (store
    and customer); where to go on, None at the end."""
    values = {"merchant_id": ctx.merchant_id, "store": after[0], "customer": after[1]}
    rows = ctx.db.execute(_UNHASHED, {**values, "most": most}).all()
    if not rows:
        return None
    pepper = addresses.pepper(ctx)

    def opened(sealed: bytes | None, store_id: str, customer: str, column: str) -> str:
        place = CustomerContact.place(ctx.merchant_id, store_id, customer, column)
        return "" if sealed is None else ctx.keys.open(sealed, place)

    found = [
        (
            addresses.email_hash(pepper, opened(row.email, row.store_id, row.external_id, "email")),
            addresses.phone_hash(pepper, opened(row.phone, row.store_id, row.external_id, "phone")),
        )
        for row in rows
    ]
    hashes = {
        "merchant_id": ctx.merchant_id,
        "stores": [row.store_id for row in rows],
        "customers": [row.external_id for row in rows],
        "emails": [email for email, _ in found],
        "phones": [phone for _, phone in found],
    }
    ctx.db.execute(_HASH, hashes)
    last = rows[-1]
    return (last.store_id, last.external_id) if len(rows) == most else None


_UNHASHED = text(
    """
    select store_id, external_id, email, phone from customer_contacts
    where merchant_id = :merchant_id and (store_id, external_id) > (:store, :customer)
      and (email is not null and email_hash is null or phone is not null and phone_hash is null)
    order by store_id, external_id
    limit :most
    for update
    """
)
_HASH = text(
    """
    update customer_contacts c set email_hash = told.email_hash, phone_hash = told.phone_hash
    from unnest(
        cast(:stores as text[]), cast(:customers as text[]), cast(:emails as bytea[]),
        cast(:phones as bytea[])
    ) as told(store_id, external_id, email_hash, phone_hash)
    where c.merchant_id = :merchant_id and c.store_id = told.store_id
      and c.external_id = told.external_id
    """
)
