"""Reads what a shop tells us as it happens: paid orders, and customers with their consents.

A webhook spells an order as Shopify's REST resources do. It is put into the spelling of a bulk
operation and read by the rules of files (`order_file`), so that both agree on the amount, on what
is not taken, and on the keys. Source: shopify.dev, webhook topics orders/paid and customers/update,
2026-10.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.features.orders.domain.order_file import (
    ORDER,
    RefusedLineError,
    Row,
    clean_id,
    instant,
    node_rows,
)

MAX_ADDRESS = 320
MAX_WORD = 35


@dataclass(frozen=True, slots=True)
class Contact:
    """How a shop's customer may be reached; consents in Shopify's words, None where never asked."""

    customer: str
    email: str | None
    phone: str | None
    locale: str | None
    email_consent: str | None
    sms_consent: str | None
    updated_at: datetime


def paid_order(payload: Mapping[str, Any], currency: str, exponent: int) -> Row:
    """The order of an orders/paid payload. Raises RefusedLineError, or SkippedLineError for one
    that is right but not taken (a test order, a cancelled one)."""
    node = {
        "id": payload.get("id"),
        "test": payload.get("test"),
        "cancelledAt": payload.get("cancelled_at"),
        "customer": payload.get("customer"),
        "processedAt": payload.get("processed_at"),
        "createdAt": payload.get("created_at"),
        "totalPriceSet": _money(payload.get("total_price_set")),
        "currentTotalPriceSet": _money(payload.get("current_total_price_set")),
    }
    return next(row for row in node_rows(node, currency, exponent) if row.kind == ORDER)


def _money(money: object) -> dict[str, Any] | None:
    shop = money.get("shop_money") if isinstance(money, Mapping) else None
    if not isinstance(shop, Mapping):
        return None
    return {"shopMoney": {"amount": shop.get("amount"), "currencyCode": shop.get("currency_code")}}


def contact(customer: object, locale: object = None) -> Contact | None:
    """How to reach a customer, from a complete customer object; None for a guest, and for an object
    that is cut short: what it leaves out must not erase what is known. Addresses that we may not
    see are null. Raises RefusedLineError."""
    if not isinstance(customer, Mapping) or not customer.get("updated_at"):
        return None
    if "email_marketing_consent" not in customer:
        return None
    key = clean_id(str(customer.get("id") or ""), "customer.id")
    at = datetime.fromisoformat(instant(str(customer["updated_at"])))
    if not key or at.tzinfo is None:
        raise RefusedLineError("invalid_customer", "the customer has no id or no time with a zone")
    return Contact(
        key,
        _word(customer.get("email"), MAX_ADDRESS),
        _word(customer.get("phone"), MAX_ADDRESS),
        _word(locale, MAX_WORD),
        _state(customer.get("email_marketing_consent")),
        _state(customer.get("sms_marketing_consent")),
        at,
    )


def _state(consent: object) -> str | None:
    state = consent.get("state") if isinstance(consent, Mapping) else None
    return _word(state, MAX_WORD)


def _word(value: object, most: int) -> str | None:
    if not isinstance(value, str) or not 0 < len(value) <= most or "\0" in value:
        return None
    return value
