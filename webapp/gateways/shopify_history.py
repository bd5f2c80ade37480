"""The orders a shop has had, with what was refunded and no customer data but the id: those of the
last sixty days page by page, all of them as the file of a bulk operation.

Source: shopify.dev, GraphQL Admin API 2026-10, `orders`: without `read_all_orders` an app sees
those of the last sixty days. In a bulk operation a connection inside of an order (its line items)
becomes lines of its own, which follow the order's (`groupObjects`); a list (its refunds) stays.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.shopify_admin import ShopifyAdmin
from webapp.gateways.shopify_bulk import (
    BulkOperation,
    BulkRefusedError,
    current_bulk_query,
    run_bulk_query,
)
from webapp.gateways.shopify_webhooks import ORDERS_A_PAGE, PAID, OrderPage

_PAID = PAID | {"REFUNDED"}
# What is read at once. A part must hold at least one order with all of its lines, and be read and
# written within a send's time.
PART_BYTES = 2_000_000
WAIT_FOR_ANOTHER_SECONDS = 60.0

_MONEY = "{ shopMoney { amount currencyCode } }"
ORDER_FIELDS = f"""
  id test cancelledAt processedAt createdAt updatedAt displayFinancialStatus
  totalPriceSet {_MONEY}
  subtotalPriceSet {_MONEY}
  taxesIncluded
  totalTaxSet {_MONEY}
  shippingLine {{ taxLines {{ priceSet {_MONEY} }} }}
  customer {{ id }}
  refunds {{ id createdAt totalRefundedSet {_MONEY} }}
"""
# What was paid for gift cards; of other lines nothing has to be known.
LINE_FIELDS = f"id isGiftCard discountedTotalSet {_MONEY}"
_PAGE = f"""
query OrderHistory($first: Int!, $after: String, $query: String!) {{
  orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT) {{
    nodes {{ {ORDER_FIELDS} lineItems(first: 10) {{ nodes {{ {LINE_FIELDS} }} }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""
_BULK = f"""
{{
  orders(query: "created_at:>='%s'") {{
    edges {{ node {{
      {ORDER_FIELDS}
      lineItems {{ edges {{ node {{ {LINE_FIELDS} }} }} }}
    }} }}
  }}
}}
"""


@dataclass(frozen=True, slots=True)
class Part:
    """Paid orders of a file, each with its line items in it. The next part begins at byte `cursor`
    of the file's `size`; there is none when both are the same."""

    nodes: tuple[Mapping[str, Any], ...]
    cursor: int
    size: int


def orders_created_since(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, since: str, after: str | None
) -> OrderPage:
    """Paid orders made since a moment (ISO 8601), oldest first. Raises GatewayError."""
    variables = {"first": ORDERS_A_PAGE, "after": after, "query": f"created_at:>='{since}'"}
    found = shopify.ask(shop_domain, access_token, _PAGE, variables)["orders"]
    info = found["pageInfo"]
    paid = tuple(node for node in found["nodes"] if node["displayFinancialStatus"] in _PAID)
    return OrderPage(paid, str(info["endCursor"]) if info["hasNextPage"] else None)


def begin_history(
    shopify: ShopifyAdmin, shop_domain: str, access_token: str, since: str
) -> BulkOperation:
    """Begin to read all orders since a moment, or find the same reading that runs already. A shop
    runs one at a time: while it reads something else, GatewayError asks to wait."""
    query = _BULK % since
    try:
        return run_bulk_query(shopify, shop_domain, access_token, query)
    except BulkRefusedError as refused:
        if refused.code != "OPERATION_IN_PROGRESS":
            raise
        running = current_bulk_query(shopify, shop_domain, access_token)
        if running is None or running.query.split() != query.split():
            raise GatewayError(str(refused), after=WAIT_FOR_ANOTHER_SECONDS) from None
        return running


def read_part(
    caller: Caller, operation: BulkOperation, cursor: int, most_bytes: int = PART_BYTES
) -> Part:
    """The orders of a completed operation's file from byte `cursor` on, which begins a line; up to
    the last order that is there as a whole. Raises GatewayError, final for a file that is none."""
    if not operation.url:
        return Part((), 0, 0)
    content, size = caller.part(operation.url, cursor, most_bytes)
    ends = cursor + len(content) >= size
    lines = content.split(b"\n")
    if not ends:
        lines.pop()
    whole, used = _whole_orders([line + b"\n" for line in lines], ends=ends)
    if not used and not ends:
        raise GatewayError("an order of the bulk file is too long", final=True)
    paid = tuple(node for node in whole if node.get("displayFinancialStatus") in _PAID)
    return Part(paid, size if ends else cursor + used, size)


def _whole_orders(lines: list[bytes], *, ends: bool) -> tuple[list[Mapping[str, Any]], int]:
    """(orders, bytes they take). Before the end of the file the last order is left for the next
    part, since more of its lines may follow."""
    whole: list[dict[str, Any]] = []
    used = read = 0
    for node, length in _objects(lines):
        if "__parentId" not in node:
            used = read
            whole.append({**node, "lineItems": []})
        elif whole and node["__parentId"] == whole[-1].get("id"):
            whole[-1]["lineItems"].append(node)
        read += length
    if ends:
        return list(whole), read
    return list(whole[:-1]), used


def _objects(lines: list[bytes]) -> Iterator[tuple[dict[str, Any], int]]:
    for line in lines:
        if not line.strip():
            yield {"__parentId": None}, len(line)
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise GatewayError("a line of the bulk file is not JSON", final=True) from None
        if not isinstance(found, dict):
            raise GatewayError("a line of the bulk file is not an object", final=True)
        yield found, len(line)
