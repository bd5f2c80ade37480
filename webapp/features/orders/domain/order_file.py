"""Reads the lines of order and refund files: a plain CSV, or Shopify's bulk-operation JSONL.

A line becomes rows to take, a reason to skip it, or a reason to refuse it. Nothing here keeps more
than one line, so a file of any size is read in constant memory. JSONL follows Shopify's bulk
operations: one object a line, money as `{"shopMoney": {"amount", "currencyCode"}}`, children of an
order on lines of their own with `__parentId`, right behind it (of these only gift cards matter).
"""

import csv
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from webapp.core.words import minor_units
from webapp.features.orders.domain import basis
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError

ORDER, REFUND = "o", "r"
MAX_LINE_BYTES = 1_048_576
YEARS = range(1970, 2200)
FARTHEST_OFFSET = timedelta(hours=14)
_AT = re.compile(
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)
# Ids of a shop: no separators of ours, no white space, nothing a terminal would act on.
_ID = re.compile(r"[\w#.:/-]{1,64}")
_GID = re.compile(r"gid://shopify/\w+/(\w+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One order or refund. `at` is ISO 8601, in the shop's zone where it names none; `customer` is
    empty for guests; `key` is the shop's own id of the document, when the file has one.

    `basis` is what points are counted on, None where only the total is known; `included` whether
    an order's prices hold the tax; `order_key` the order of a refund."""

    kind: str
    customer: str
    at: str
    minor: int
    key: str | None
    basis: int | None = None
    included: bool | None = None
    order_key: str | None = None


class PartOfOrderError(SkippedLineError):
    """A line that belongs to the order of another line; `gift_card` is what of it was paid for a
    gift card."""

    def __init__(self, order_key: str, gift_card: int) -> None:
        super().__init__("part of an order")
        self.order_key, self.gift_card = order_key, gift_card


Reader = Callable[[str], list[Row]]


def csv_reader(header: str, kind: str, currency: str, exponent: int) -> Reader:
    """A reader of CSV lines under `header`; raises RefusedLineError when a column is missing."""
    columns = [name.strip().lower() for name in split_csv(header)]
    at_column, key_column = (
        ("ordered_at", "order_id") if kind == ORDER else ("refunded_at", "refund_id")
    )
    wanted = ["customer_id", at_column, "amount", "currency"]
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise RefusedLineError("missing_column", f"the header lacks {', '.join(missing)}")
    width = len(columns)
    customer_i, at_i, amount_i, currency_i = (columns.index(name) for name in wanted)
    key_i = columns.index(key_column) if key_column in columns else None

    def read(line: str) -> list[Row]:
        fields = split_csv(line)
        if len(fields) != width:
            raise RefusedLineError(
                "wrong_column_count", f"{len(fields)} columns instead of {width}"
            )
        check_currency(fields[currency_i].strip(), currency)
        return [
            Row(
                kind,
                clean_id(fields[customer_i], "customer_id"),
                instant(fields[at_i].strip()),
                amount(fields[amount_i].strip(), exponent, kind),
                (clean_id(fields[key_i], key_column) or None) if key_i is not None else None,
            )
        ]

    return read


def jsonl_reader(currency: str, exponent: int) -> Reader:
    """A reader of Shopify's bulk-operation lines; an order brings its `refunds` along."""

    def read(line: str) -> list[Row]:
        try:
            node = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise RefusedLineError("invalid_json", "the line is not JSON") from error
        if not isinstance(node, dict):
            raise RefusedLineError("invalid_json", "the line is not a JSON object")
        if "__parentId" in node:
            raise part_of_order(node, currency, exponent)
        return node_rows(node, currency, exponent)

    return read


def part_of_order(node: dict[str, Any], currency: str, exponent: int) -> PartOfOrderError:
    """What a child's line says of its order. Raises RefusedLineError."""

    def money(found: object) -> int:
        return shop_money(found, currency, exponent, ORDER)

    key = clean_id(str(node["__parentId"]), "__parentId")
    return PartOfOrderError(key, basis.gift_card(node, money))


def without_gift_card(rows: list[Row], part: PartOfOrderError) -> list[Row]:
    """The rows of an order, of which a part was a gift card."""
    if not part.gift_card or not rows or rows[0].key != part.order_key or rows[0].basis is None:
        return rows
    order = replace(rows[0], basis=max(rows[0].basis - part.gift_card, 0))
    return with_shares([order, *rows[1:]])


def node_rows(node: dict[str, Any], currency: str, exponent: int) -> list[Row]:
    """The order of a GraphQL node, and its refunds. Raises RefusedLineError or SkippedLineError."""
    if node.get("test") or node.get("cancelledAt"):
        raise SkippedLineError("a test or cancelled order")
    try:
        return _order_rows(node, currency, exponent)
    except (AttributeError, KeyError, TypeError) as error:
        raise RefusedLineError(
            "invalid_json", "the order does not have the shape of a bulk operation's"
        ) from error


def _order_rows(node: dict[str, Any], currency: str, exponent: int) -> list[Row]:
    customer = clean_id(str((node.get("customer") or {}).get("id") or ""), "customer.id")
    key = clean_id(str(node.get("id") or ""), "id")
    if not key:
        raise RefusedLineError("invalid_id", "the order has no id")
    at = instant(str(node.get("processedAt") or node.get("createdAt") or ""))
    total = node.get("totalPriceSet") or node.get("currentTotalPriceSet")

    def money(found: object, kind: str = ORDER) -> int:
        return shop_money(found, currency, exponent, kind)

    counted, included = basis.of_node(node, money), node.get("taxesIncluded")
    rows = [Row(ORDER, customer, at, money(total), key, counted, included)]
    for refund in node.get("refunds") or ():
        minor = money(refund.get("totalRefundedSet"), REFUND)
        refund_key = clean_id(str(refund.get("id") or ""), "refunds.id") or None
        given_at = instant(str(refund["createdAt"]))
        rows.append(Row(REFUND, customer, given_at, minor, refund_key, order_key=key))
    return with_shares(rows)


def with_shares(rows: list[Row]) -> list[Row]:
    """An order and its refunds, each refund with its share of the order's basis."""
    order, *refunds = rows
    if order.basis is None or not refunds:
        return rows
    parts = basis.shares(order.basis, order.minor, [refund.minor for refund in refunds])
    shared = zip(refunds, parts, strict=True)
    return [order, *(replace(refund, basis=part) for refund, part in shared)]


def shop_money(money: object, currency: str, exponent: int, kind: str) -> int:
    """Minor units of a Shopify money bag in the shop's currency; raises RefusedLineError."""
    shop = money.get("shopMoney") if isinstance(money, dict) else None
    if not isinstance(shop, dict):
        raise RefusedLineError("invalid_amount", "there is no amount in the shop's currency")
    check_currency(str(shop.get("currencyCode")), currency)
    return amount(str(shop.get("amount")), exponent, kind)


def split_csv(line: str) -> list[str]:
    """The fields of one CSV line. A line stands alone: an unclosed quote never eats the next."""
    if '"' not in line:
        return line.split(",")
    try:
        return next(csv.reader([line], strict=True))
    except csv.Error as error:
        raise RefusedLineError("invalid_csv", str(error)) from error


def clean_id(value: str, field: str) -> str:
    """A shop's id without its GID wrapping; empty stays empty. Raises RefusedLineError."""
    value = value.strip()
    wrapped = _GID.fullmatch(value)
    if wrapped:
        return wrapped[1]
    if value and not _ID.fullmatch(value):
        raise RefusedLineError("invalid_id", f"{field} is not an id")
    return value


@lru_cache(maxsize=4096)
def instant(value: str) -> str:
    """A date or a date and time in ISO 8601 that exists, from 1970 to 2199 and at most 14 hours
    from UTC, which every database and calendar takes; raises RefusedLineError."""
    if _AT.fullmatch(value):
        with suppress(ValueError):
            at = datetime.fromisoformat(value)
            offset = abs(at.utcoffset() or timedelta())
            if at.year in YEARS and offset <= FARTHEST_OFFSET:
                return value
    raise RefusedLineError("invalid_date", "the date is not ISO 8601 or does not exist")


def amount(value: str, exponent: int, kind: str) -> int:
    """Minor units; an order must not be negative, a refund may be written with either sign."""
    minor = minor_units(value, exponent)
    if minor is None or (minor < 0 and kind == ORDER):
        raise RefusedLineError(
            "invalid_amount", f"the amount must be a number with at most {exponent} decimals"
        )
    return abs(minor)


def check_currency(value: str, currency: str) -> None:
    """Raise RefusedLineError unless the line is in the shop's currency."""
    if value.upper() != currency:
        raise RefusedLineError("wrong_currency", f"the shop's currency is {currency}")
