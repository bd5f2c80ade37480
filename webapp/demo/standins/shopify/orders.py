"""Orders as GraphQL shows them; `sales` makes and changes them.

Source: shopify.dev, Order, LineItem and Refund of 2026-10.
"""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.shopify import people
from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import ORDER_DAYS, gid, moment, money_bag
from webapp.demo.standins.shopify.payloads import line_number, refunded_tax
from webapp.demo.standins.shopify.sales import cancel, pay, place, refund
from webapp.demo.standins.shopify.state import Line, Order, Refund, RefundLine, ShopState

__all__ = ["cancel", "orders", "pay", "place", "refund", "show"]

_SORT: Keys[Order] = {
    "PROCESSED_AT": lambda o: (o.created_at, o.number),
    "ID": lambda o: o.number,
    "CREATED_AT": lambda o: (o.created_at, o.number),
    "UPDATED_AT": lambda o: (o.updated_at, o.number),
    "ORDER_NUMBER": lambda o: o.number,
}
_LOOK: Keys[Order] = {
    "id": lambda o: o.number,
    "name": lambda o: o.name,
    "created_at": lambda o: o.created_at,
    "processed_at": lambda o: o.created_at,
    "updated_at": lambda o: o.updated_at,
    "customer_id": lambda o: o.customer or 0,
    "financial_status": lambda o: o.state,
    "status": lambda o: "cancelled" if o.cancelled_at else "open",
    "test": lambda o: str(o.test),
}


def orders(
    state: ShopState, arguments: Mapping[str, object], customer: int | None = None
) -> dict[str, object]:
    """The connection `orders`. Without `read_all_orders` only those of the last 60 days."""
    if not state.shop.scopes & {"read_orders", "write_orders", "read_all_orders"}:
        raise GraphQLError(
            "Access denied for orders field. Required access: `read_orders` access scope.",
            code="ACCESS_DENIED",
        )
    with state.lock:
        found = [o for o in state.orders.values() if customer in (None, o.customer)]
        if "read_all_orders" not in state.shop.scopes:
            earliest = state.now() - timedelta(days=ORDER_DAYS)
            found = [order for order in found if order.created_at >= earliest]
        found = ordered(matching(found, arguments.get("query"), _LOOK), arguments, _SORT)
        return connection(found, arguments, "Order", lambda o: show(state, o), lambda o: o.number)


def show(state: ShopState, order: Order) -> dict[str, object]:
    """The object."""
    owner = people.customer(state, state.customer(order.customer)) if order.customer else None
    email = owner["email"] if owner else None
    return {
        "__typename": "Order",
        "id": gid("Order", order.number),
        "legacyResourceId": str(order.number),
        "name": order.name,
        "createdAt": moment(order.created_at),
        "processedAt": moment(order.created_at),
        "updatedAt": moment(order.updated_at),
        "cancelledAt": moment(order.cancelled_at) if order.cancelled_at else None,
        "displayFinancialStatus": order.state,
        "fullyPaid": order.state != "PENDING",
        "test": order.test,
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.currency,
        "customerLocale": order.locale,
        "sourceName": order.source,
        "taxesIncluded": order.taxes_included,
        "cancelReason": order.cancel_reason,
        "discountCode": order.codes[0].code if order.codes else None,
        "discountCodes": [code.code for code in order.codes],
        "tags": [],
        "email": email,
        "phone": owner["phone"] if owner else None,
        "customer": owner,
        **_bags(order),
        "shippingLine": _shipping_line() if order.shipping else None,
        "refunds": lambda _: [_refund(order, one) for one in order.refunds],
        "lineItems": lambda arguments: _lines(order, arguments),
    }


def _bags(order: Order) -> dict[str, object]:
    left = order.total - order.refunded
    amounts = {
        "totalPriceSet": order.total,
        "currentTotalPriceSet": left,
        "totalRefundedSet": order.refunded,
        "subtotalPriceSet": order.subtotal,
        "currentSubtotalPriceSet": order.subtotal - order.refunded_goods,
        "netPaymentSet": left,
        "totalTaxSet": order.tax,
        "currentTotalTaxSet": order.tax - refunded_tax(order),
        "totalShippingPriceSet": order.shipping - order.shipping_discount,
        "totalDiscountsSet": order.discounts,
        "totalTipReceivedSet": Decimal(0),
    }
    return {name: money_bag(amount, order.currency) for name, amount in amounts.items()}


def _shipping_line() -> dict[str, object]:
    """Sending is not taxed here."""
    return {"__typename": "ShippingLine", "title": "Standard", "taxLines": []}


def _lines(order: Order, arguments: Mapping[str, object]) -> dict[str, object]:
    numbered = list(enumerate(order.lines, 1))
    return connection(
        numbered, arguments, "LineItem", lambda one: _line(order, *one), lambda one: one[0]
    )


def _line(order: Order, place_: int, line: Line) -> dict[str, object]:
    """`discountedTotalSet` knows nothing of codes for the order, which are in the allocations."""
    product = {"__typename": "Product", "id": gid("Product", line.product), "title": line.title}
    price = line.price * line.quantity
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line_number(order, place_)),
        "title": line.title,
        "name": line.title,
        "quantity": line.quantity,
        "currentQuantity": order.left(place_),
        "sku": None,
        "isGiftCard": line.gift_card,
        "taxable": not line.gift_card,
        "originalUnitPriceSet": money_bag(line.price, order.currency),
        "originalTotalSet": money_bag(price, order.currency),
        "discountedTotalSet": money_bag(price, order.currency),
        "totalDiscountSet": money_bag(Decimal(0), order.currency),
        "discountAllocations": [
            {
                "__typename": "DiscountAllocation",
                "allocatedAmountSet": money_bag(amount, order.currency),
            }
            for _, amount in line.allocations
        ],
        "taxLines": [_tax(line.tax, order.currency)] if line.tax else [],
        "product": product if line.product else None,
        "variant": None,
    }


def _tax(amount: Decimal, currency: str) -> dict[str, object]:
    return {"__typename": "TaxLine", "title": "Tax", "priceSet": money_bag(amount, currency)}


def _refund(order: Order, one: Refund) -> dict[str, object]:
    numbered = list(enumerate(one.lines, 1))
    return {
        "__typename": "Refund",
        "id": gid("Refund", one.number),
        "legacyResourceId": str(one.number),
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "totalRefundedSet": money_bag(one.amount, order.currency),
        "refundLineItems": lambda arguments: connection(
            numbered,
            arguments,
            "RefundLineItem",
            lambda each: _refund_line(order, one, *each),
            lambda each: each[0],
        ),
    }


def _refund_line(order: Order, one: Refund, number: int, line: RefundLine) -> dict[str, object]:
    return {
        "__typename": "RefundLineItem",
        "id": gid("RefundLineItem", one.number * 100 + number),
        "quantity": line.quantity,
        "restockType": one.restock.upper(),
        "subtotalSet": money_bag(line.subtotal, order.currency),
        "totalTaxSet": money_bag(line.tax, order.currency),
        "lineItem": _line(order, line.place, order.lines[line.place - 1]),
    }
