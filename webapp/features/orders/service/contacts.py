"""How customers may be reached, kept sealed and as new as the shop has told us."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import CustomerContact
from webapp.features.orders.domain.live_order import Contact


def keep_contacts(ctx: Context, store_id: str, found: Iterable[Contact]) -> None:
    """Keep what is newer than what is known.

    The order in which a shop's words arrive does not matter, for each says its own time. That is
    why it is kept also of somebody who has not ordered yet: who takes back a consent before we hear
    of their first order must not be written to because of it. A language that is not told is kept.
    """
    newest: dict[str, Contact] = {}
    for contact in sorted(found, key=lambda contact: contact.updated_at):
        known = newest.get(contact.customer)
        locale = contact.locale or (known.locale if known else None)
        newest[contact.customer] = replace(contact, locale=locale)
    contacts = [newest[customer] for customer in sorted(newest)]
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": [contact.customer for contact in contacts],
        "emails": _sealed(ctx, store_id, contacts, "email"),
        "phones": _sealed(ctx, store_id, contacts, "phone"),
        "locales": [contact.locale for contact in contacts],
        "email_consents": [contact.email_consent for contact in contacts],
        "sms_consents": [contact.sms_consent for contact in contacts],
        "ats": [contact.updated_at for contact in contacts],
    }
    ctx.db.execute(_KEEP, values)


def _sealed(
    ctx: Context, store_id: str, contacts: Sequence[Contact], column: str
) -> list[bytes | None]:
    """The addresses of that column, each bound to its place."""
    sealed: list[bytes | None] = []
    for contact in contacts:
        plain: str | None = getattr(contact, column)
        place = CustomerContact.place(ctx.merchant_id, store_id, contact.customer, column)
        sealed.append(None if plain is None else ctx.keys.seal(plain, place))
    return sealed


def _newest(column: str) -> str:
    return f"""{column} = case when excluded.updated_at >= known.updated_at
        then excluded.{column} else known.{column} end"""


_KEEP = text(
    f"""
    insert into customer_contacts as known (
        merchant_id, store_id, external_id, email, phone, locale, email_consent, sms_consent,
        updated_at
    )
    select :merchant_id, :store_id, told.*
    from unnest(
        cast(:customers as text[]), cast(:emails as bytea[]), cast(:phones as bytea[]),
        cast(:locales as text[]), cast(:email_consents as text[]), cast(:sms_consents as text[]),
        cast(:ats as timestamptz[])
    ) as told(external_id, email, phone, locale, email_consent, sms_consent, updated_at)
    order by told.external_id
    on conflict (merchant_id, store_id, external_id) do update
    set {_newest("email")}, {_newest("phone")},
        {_newest("email_consent")}, {_newest("sms_consent")},
        locale = case when excluded.updated_at >= known.updated_at
            then coalesce(excluded.locale, known.locale)
            else coalesce(known.locale, excluded.locale) end,
        updated_at = greatest(excluded.updated_at, known.updated_at)
    """  # noqa: S608 - columns are named above
)
