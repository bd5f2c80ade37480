"""Reads what a shop tells us of its customers: how they may be reached, and what they agree to.

Source: shopify.dev, webhook topics of 2026-10. Since 2025-01 a customer carries no consents any
more; these are told by topics of their own (`customers_email_marketing_consent/update` and
`customers_marketing_consent/update`, that of SMS). Where an older version still carries them, they
are read as well.

Who is who is decided by *verified* addresses only, and these rules say which are:
- an e-mail address when Shopify says `verified_email` (the customer has opened a link sent there);
  an account alone proves nothing, anybody can make one with another's address;
- a phone number when its SMS consent is `subscribed` with `confirmed_opt_in`: Shopify's word for a
  consent that was confirmed from that phone (M3AAWG's "confirmed opt-in").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.features.orders.domain.order_file import clean_id, instant
from webapp.features.orders.domain.refused import RefusedLineError

MAX_ADDRESS = 320
MAX_WORD = 35
EMAIL, SMS = "email", "sms"
# Any of these says that a customer object is a whole one.
WHOLE = ("email", "verified_email", "email_marketing_consent")
Fields = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contact:
    """How a shop's customer may be reached, by the shop's clock at `updated_at`."""

    customer: str
    email: str | None
    phone: str | None
    locale: str | None
    email_verified: bool
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer said to being written to over a channel, in Shopify's word; None where they
    were never asked. `confirmed` says that it came from `address` itself."""

    channel: str
    customer: str
    state: str | None
    confirmed: bool
    address: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """Two customers of a shop who are one now: `lost` is gone, and everything is `kept`'s."""

    lost: str
    kept: str


def contact(customer: object, locale: object = None) -> Contact | None:
    """How to reach a customer, from a complete customer object; None for a guest, and for an object
    that is cut short: what it leaves out must not erase what is known. Addresses that we may not
    see are null. Raises RefusedLineError."""
    if not isinstance(customer, Mapping) or not customer.get("updated_at"):
        return None
    if not any(name in customer for name in WHOLE):
        return None
    email = _word(customer.get("email"), MAX_ADDRESS)
    return Contact(
        customer_key(customer.get("id")),
        email,
        _word(customer.get("phone"), MAX_ADDRESS),
        _word(locale, MAX_WORD),
        email is not None and customer.get("verified_email") is True,
        _moment(customer["updated_at"]),
    )


def consents_of(customer: object) -> list[Consent]:
    """The consents that a customer object carries. One without a time of its own is as old as the
    object."""
    if not isinstance(customer, Mapping) or not customer.get("updated_at"):
        return []
    at, key = _moment(customer["updated_at"]), customer.get("id")
    carried = ((EMAIL, "email_marketing_consent", "email"), (SMS, "sms_marketing_consent", "phone"))
    return [
        _consent(channel, key, customer[name], customer.get(address), at)
        for channel, name, address in carried
        if name in customer
    ]


def email_consent(payload: Fields, at: datetime) -> Consent:
    """A customers_email_marketing_consent/update, told at `at`. Raises RefusedLineError."""
    given = payload.get("email_marketing_consent")
    return _consent(EMAIL, payload.get("customer_id"), given, payload.get("email_address"), at)


def sms_consent(payload: Fields, at: datetime) -> Consent:
    """A customers_marketing_consent/update, told at `at`. Raises RefusedLineError."""
    given = payload.get("sms_marketing_consent")
    return _consent(SMS, payload.get("id"), given, payload.get("phone"), at)


def merge(payload: Fields) -> Merge | None:
    """The two customers of a customers/merge; None for a merge that did not come about. Raises
    RefusedLineError."""
    if str(payload.get("status")).lower() != "completed":
        return None
    lost = customer_key(payload.get("admin_graphql_api_customer_deleted_id"))
    kept = customer_key(payload.get("admin_graphql_api_customer_kept_id"))
    return None if lost == kept else Merge(lost, kept)


def customer_key(given: object) -> str:
    """A shop's own id of a customer; raises RefusedLineError."""
    key = clean_id(str(given or ""), "customer.id")
    if not key:
        raise RefusedLineError("invalid_customer", "the customer has no id")
    return key


def _consent(channel: str, key: object, given: object, address: object, at: datetime) -> Consent:
    fields = given if isinstance(given, Mapping) else {}
    told_at = fields.get("consent_updated_at")
    state = _word(fields.get("state"), MAX_WORD)
    confirmed = state == "subscribed" and fields.get("opt_in_level") == "confirmed_opt_in"
    return Consent(
        channel,
        customer_key(key),
        state,
        confirmed,
        _word(address, MAX_ADDRESS),
        _moment(told_at) if told_at else at,
    )


def _moment(written: object) -> datetime:
    at = datetime.fromisoformat(instant(str(written)))
    if at.tzinfo is None:
        raise RefusedLineError("invalid_date", "the time names no zone")
    return at


def _word(value: object, most: int) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
        return None
    return value
