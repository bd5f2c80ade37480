"""How customers may be reached, kept sealed and as new as the shop has told us."""

from collections.abc import Iterable, Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import CustomerContact
from webapp.features.orders.domain.live_order import Contact


def keep_contacts(ctx: Context, store_id: str, found: Iterable[Contact]) -> None:
    """Keep what is newer than what is known, of members only: nobody else is written to.

    The order in which a shop's words arrive does not matter, for each says its own time. A
    language that is not told is kept.
    """
    newest: dict[str, Contact] = {}
    for contact in found:
        known = newest.get(contact.customer)
        if known is None or known.updated_at <= contact.updated_at:
            newest[contact.customer] = contact
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


_KEEP = text(
    """
    insert into customer_contacts (
        merchant_id, store_id, external_id, email, phone, locale, email_consent, sms_consent,
        updated_at
    )
    select :merchant_id, :store_id, told.*
    from unnest(
        cast(:customers as text[]), cast(:emails as bytea[]), cast(:phones as bytea[]),
        cast(:locales as text[]), cast(:email_consents as text[]), cast(:sms_consents as text[]),
        cast(:ats as timestamptz[])
    ) as told(external_id, email, phone, locale, email_consent, sms_consent, updated_at)
    join customer_identities i on i.merchant_id = :merchant_id and i.store_id = :store_id
        and i.external_id = told.external_id
    order by told.external_id
    on conflict (merchant_id, store_id, external_id) do update
    set email = excluded.email, phone = excluded.phone,
        locale = coalesce(excluded.locale, customer_contacts.locale),
        email_consent = excluded.email_consent, sms_consent = excluded.sms_consent,
        updated_at = excluded.updated_at
    where customer_contacts.updated_at <= excluded.updated_at
    """
)
