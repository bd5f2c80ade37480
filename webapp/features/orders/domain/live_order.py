"""Reads what a shop tells us as it happens: orders and refunds.

A webhook spells an order as Shopify's REST resources do. It is put into the spelling of a bulk
operation and read by the rules of files (`order_file`), so that both agree on the amount, on what
is not taken, and on the keys. Source: shopify.dev, webhook topics orders/paid, orders/updated,
orders/cancelled and refunds/create, 2026-10.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from webapp.core.words import minor_units
from webapp.features.orders.domain import basis
from webapp.features.orders.domain.order_file import (
    ORDER,
    REFUND,
    Row,
    clean_id,
    instant,
    node_rows,
    shop_money,
)
from webapp.features.orders.domain.refused import RefusedLineError

MAX_CODE = 255
PAID = frozenset({"paid", "partially_refunded", "refunded"})
VOIDED = "voided"
# A refund's transactions that give money back now or soon; one that failed gives nothing.
GIVEN = frozenset({"success", "pending"})
Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RefundTold:
    """A refund. Of `goods`, which points were counted on, `tax` is a part where the order's prices
    hold it; `goods` is None where only the amount is known."""

    key: str
    order_key: str
    at: str
    minor: int
    goods: int | None
    tax: int = 0


@dataclass(frozen=True, slots=True)
class OrderTold:
    """An order at one moment of its life, `updated_at` by the shop's clock. `paid` says that it has
    been paid in full once, whatever became of it since."""

    order: Row
    updated_at: datetime | None
    cancelled_at: datetime | None
    paid: bool
    codes: tuple[str, ...] = ()
    refunds: tuple[RefundTold, ...] = ()


def order_told(payload: Payload, currency: str, exponent: int, *, paid: bool = False) -> OrderTold:
    """The order of a webhook's payload; `paid` where its topic says so. Raises RefusedLineError, or
    SkippedLineError for a test order."""
    node = {
        "id": payload.get("id"),
        "test": payload.get("test"),
        "customer": payload.get("customer"),
        "processedAt": payload.get("processed_at"),
        "createdAt": payload.get("created_at"),
        "totalPriceSet": _money(payload.get("total_price_set")),
        "currentTotalPriceSet": _money(payload.get("current_total_price_set")),
        "subtotalPriceSet": _money(payload.get("subtotal_price_set")),
        "totalTaxSet": _money(payload.get("total_tax_set")),
        "taxesIncluded": payload.get("taxes_included"),
    }
    order = next(row for row in node_rows(node, currency, exponent) if row.kind == ORDER)
    counted = basis.of_payload(payload, lambda found: _minor(found, currency, exponent))
    if counted is not None:
        order = replace(order, basis=counted, included=bool(payload.get("taxes_included")))
    status, updated_at = payload.get("financial_status"), _instant(payload.get("updated_at"))
    ended = _instant(payload.get("cancelled_at")) or (updated_at if status == VOIDED else None)
    refunds = tuple(refund_told(r, currency, exponent) for r in payload.get("refunds") or ())
    codes = tuple(_codes(payload.get("discount_codes") or ()))
    return OrderTold(order, updated_at, ended, paid or status in PAID, codes, refunds)


def node_told(node: Payload, currency: str, exponent: int) -> OrderTold:
    """The order of a GraphQL node, with its refunds. Raises RefusedLineError, or SkippedLineError
    for a test order."""
    ended = _instant(node.get("cancelledAt"))
    order, *given_back = node_rows({**node, "cancelledAt": None}, currency, exponent)
    refunds = tuple(
        RefundTold(row.key, str(order.key), row.at, row.minor, row.basis)
        for row in given_back
        if row.key
    )
    status = str(node.get("displayFinancialStatus")).lower()
    codes = tuple(_codes({"code": code} for code in node.get("discountCodes") or ()))
    told_at = _instant(node.get("updatedAt"))
    return OrderTold(order, told_at, ended, status in PAID, codes, refunds)


def refund_told(payload: Payload, currency: str, exponent: int) -> RefundTold:
    """The refund of a refunds/create payload, or of an order's. Raises RefusedLineError."""
    key = clean_id(str(payload.get("id") or ""), "id")
    order_key = clean_id(str(payload.get("order_id") or ""), "order_id")
    if not key or not order_key:
        raise RefusedLineError("invalid_id", "the refund or its order has no id")
    at = instant(str(payload.get("processed_at") or payload.get("created_at") or ""))
    try:
        goods, tax = basis.of_refund(
            payload,
            lambda found: _minor(found, currency, exponent),
            lambda found: _signed(found, exponent),
        )
        minor = _given_back(payload, currency, exponent)
    except (AttributeError, KeyError, TypeError) as error:
        raise RefusedLineError("invalid_json", "the refund has not the shape of one") from error
    return RefundTold(key, order_key, at, goods if minor is None else minor, goods, tax)


def _given_back(payload: Payload, currency: str, exponent: int) -> int | None:
    """The money of a refund's transactions, 0 without any; None where it was moved in another
    currency than the shop's, whose worth is not told."""
    total = 0
    for each in payload.get("transactions") or ():
        if each.get("kind") != "refund" or each.get("status") not in GIVEN:
            continue
        if each.get("currency") not in (None, currency):
            return None
        minor = minor_units(str(each.get("amount")), exponent)
        if minor is None:
            raise RefusedLineError("invalid_amount", "the refund's amount is no number")
        total += abs(minor)
    return total


def _minor(found: object, currency: str, exponent: int) -> int:
    return shop_money(_money(found), currency, exponent, REFUND)


def _signed(found: object, exponent: int) -> int:
    money = _money(found)
    return minor_units(str(money["shopMoney"]["amount"]), exponent) or 0 if money else 0


def _money(money: object) -> dict[str, Any] | None:
    shop = money.get("shop_money") if isinstance(money, Mapping) else None
    if not isinstance(shop, Mapping):
        return None
    return {"shopMoney": {"amount": shop.get("amount"), "currencyCode": shop.get("currency_code")}}


def _instant(written: object) -> datetime | None:
    """A moment with its zone; None where none is told. Raises RefusedLineError."""
    if not written:
        return None
    at = datetime.fromisoformat(instant(str(written)))
    if at.tzinfo is None:
        raise RefusedLineError("invalid_date", "the time names no zone")
    return at


def _codes(given: Any) -> list[str]:
    found = (each.get("code") for each in given if isinstance(each, Mapping))
    return [c for c in found if isinstance(c, str) and 0 < len(c) <= MAX_CODE and c.isprintable()]
