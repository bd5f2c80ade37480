"""What points are counted on: goods net of discounts, without tax, shipping, tips and gift cards.

A gift card is money that is spent later: buying one brings nothing, and what is paid with one
counts like any payment. Everything is in the shop's currency and its minor units; `money` reads an
amount of the source's own spelling. Source: shopify.dev, Order and LineItem of 2026-10: with
`taxesIncluded`, prices and the subtotal hold the tax.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from webapp.features.orders.domain.refused import RefusedLineError

PENDING = frozenset({"Pending refund discrepancy", "pending_refund_discrepancy"})
# Shopify's own limit of an order line is far below.
MOST_PIECES = 1_000_000
Money = Callable[[Any], int]
Fields = Mapping[str, Any]


def of_node(node: Fields, money: Money) -> int | None:
    """The basis of an order as GraphQL spells it; None where it does not tell enough.

    The subtotal is after all discounts and before shipping, duties and tips; where it holds tax,
    that of the shipping is no part of it.
    """
    included, subtotal = node.get("taxesIncluded"), node.get("subtotalPriceSet")
    if subtotal is None or not isinstance(included, bool):
        return None
    if included and node.get("totalTaxSet") is None:
        return None
    goods = money(subtotal)
    if included:
        of_shipping = (node.get("shippingLine") or {}).get("taxLines") or ()
        goods -= money(node["totalTaxSet"]) - sum(money(tax["priceSet"]) for tax in of_shipping)
    goods -= sum(gift_card(line, money) for line in lines_of(node))
    return max(goods, 0)


def lines_of(node: Fields) -> Iterable[Fields]:
    """The line items inside of a node: a plain list, or a connection in either spelling."""
    items = node.get("lineItems") or ()
    if isinstance(items, Mapping):
        edges = items.get("edges") or ()
        return items.get("nodes") or [edge["node"] for edge in edges]
    return items


def gift_card(line: Fields, money: Money) -> int:
    """What of a line item was paid for a gift card."""
    if not line.get("isGiftCard"):
        return 0
    return money(line.get("discountedTotalSet") or line.get("originalTotalSet"))


def of_payload(payload: Fields, money: Money) -> int | None:
    """The basis of an order as a webhook spells it; None where it does not tell enough.

    Discounts of the whole order are spread over its lines as allocations already. The quantity is
    that of the first payment: what is taken out of an order later comes as a refund.
    """
    lines = payload.get("line_items")
    if not lines:
        return None
    included = bool(payload.get("taxes_included"))
    return max(sum(_of_line(line, money, taxed=included) for line in lines), 0)


def _of_line(line: Fields, money: Money, *, taxed: bool) -> int:
    if line.get("gift_card"):
        return 0
    price = money(line.get("price_set")) * _quantity(line)
    off = sum(money(each.get("amount_set")) for each in line.get("discount_allocations") or ())
    tax = sum(money(each.get("price_set")) for each in line.get("tax_lines") or ()) if taxed else 0
    return price - off - tax


def _quantity(line: Fields) -> int:
    """How many pieces of a line were sold. Raises RefusedLineError."""
    said = line.get("quantity") or 0
    if not isinstance(said, int) or not 0 <= said <= MOST_PIECES:
        raise RefusedLineError("invalid_quantity", "the quantity of a line is no number of pieces")
    return said


def of_refund(payload: Fields, money: Money, signed: Money) -> tuple[int, int]:
    """(goods given back, the tax on them) of a refund as a webhook spells it. Whether the goods
    hold that tax only their order knows.

    Money that was given beyond the goods, or kept back from their price, is an adjustment: negative
    when the customer got more. What is still to be paid out is no reason to leave the points.
    """
    lines = [each for each in payload.get("refund_line_items") or () if not _is_gift_card(each)]
    goods = sum(money(each.get("subtotal_set")) for each in lines)
    tax = sum(money(each.get("total_tax_set")) for each in lines)
    goods -= sum(
        signed(each.get("amount_set"))
        for each in payload.get("order_adjustments") or ()
        if each.get("kind") != "shipping_refund" and each.get("reason") not in PENDING
    )
    return max(goods, 0), tax


def _is_gift_card(refunded: Fields) -> bool:
    return bool((refunded.get("line_item") or {}).get("gift_card"))


def shares(basis: int, total: int, given_back: Sequence[int]) -> list[int]:
    """How much of an order's basis each of its refunds takes back, where only their amounts are
    known: in proportion, so that giving back everything takes back everything. The first refund
    comes first; rounding never adds up."""
    taken, so_far, found = 0, 0, []
    for amount in given_back:
        so_far += amount
        upto = min(basis * so_far // total, basis) if total else basis
        found.append(upto - taken)
        taken = upto
    return found
