"""Orders: placed, refunded, shown by GraphQL, carried by webhooks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.shopify import people
from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import (
    ORDER_DAYS,
    gid,
    moment,
    money_bag,
    rest_money,
)
from webapp.demo.standins.shopify.state import Line, Order, Refund, ShopState

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


def place(
    state: ShopState,
    customer: int | None,
    lines: Sequence[Line],
    *,
    created_at: datetime | None = None,
    locale: str = "en",
    paid: bool = True,
) -> Order:
    """Place an order, and tell orders/create and, when it is paid, orders/paid."""
    with state.lock:
        number, at = state.number(), created_at or state.now()
        if customer is not None:
            state.customer(customer)
        order = Order(
            number,
            f"#{number}",
            customer,
            tuple(lines),
            state.shop.currency,
            at,
            at,
            "PAID" if paid else "PENDING",
            locale,
        )
        state.orders[number] = order
        told = payload(state, order)
    state.happened("orders/create", told)
    if paid:
        state.happened("orders/paid", told)
    return order


def pay(state: ShopState, number: int) -> Order:
    """A pending order is paid."""
    with state.lock:
        order = state.orders[number]
        order.state, order.updated_at = "PAID", state.now()
        told = payload(state, order)
    state.happened("orders/paid", told)
    return order


def refund(state: ShopState, number: int, amount: Decimal) -> Refund:
    """Give some of an order back, and tell refunds/create."""
    with state.lock:
        order = state.orders[number]
        made = Refund(state.number(), state.now(), amount)
        order.refunds.append(made)
        whole = order.refunded >= order.total
        order.state = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
        order.updated_at = state.now()
        told = _rest_refund(order, made)
    state.happened("refunds/create", told)
    return made


def cancel(state: ShopState, number: int) -> Order:
    """Cancel an order, and tell orders/cancelled."""
    with state.lock:
        order = state.orders[number]
        order.cancelled_at = order.updated_at = state.now()
        told = payload(state, order)
    state.happened("orders/cancelled", told)
    return order


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
    paid, left = order.total, order.total - order.refunded
    bags = {"totalPriceSet": paid, "currentTotalPriceSet": left, "totalRefundedSet": order.refunded}
    bags |= {"subtotalPriceSet": paid, "currentSubtotalPriceSet": left, "netPaymentSet": left}
    zero = money_bag(Decimal(0), order.currency)
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
        "sourceName": "web",
        "discountCodes": list(order.codes),
        "tags": [],
        "email": email,
        "phone": owner["phone"] if owner else None,
        "customer": owner,
        **{name: money_bag(amount, order.currency) for name, amount in bags.items()},
        "totalTaxSet": zero,
        "totalShippingPriceSet": zero,
        "totalDiscountsSet": zero,
        "totalTipReceivedSet": zero,
        "refunds": lambda _: [_refund(order, one) for one in order.refunds],
        "lineItems": lambda arguments: _lines(order, arguments),
    }


def payload(state: ShopState, order: Order) -> dict[str, object]:
    """What orders/... carry."""
    owner = people.payload(state, state.customer(order.customer)) if order.customer else None
    left = order.total - order.refunded
    prices = {"total_price": order.total, "subtotal_price": order.total}
    prices |= {"current_total_price": left, "current_subtotal_price": left}
    prices |= {"total_tax": Decimal(0), "total_discounts": Decimal(0)}
    return {
        "id": order.number,
        "admin_graphql_api_id": gid("Order", order.number),
        "name": order.name,
        "order_number": order.number,
        "created_at": moment(order.created_at),
        "processed_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "cancelled_at": moment(order.cancelled_at) if order.cancelled_at else None,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "financial_status": order.state.lower(),
        "confirmed": True,
        "test": order.test,
        "source_name": "web",
        "customer_locale": order.locale,
        "email": owner["email"] if owner else None,
        "phone": owner["phone"] if owner else None,
        "customer": owner,
        **{name: f"{amount:.2f}" for name, amount in prices.items()},
        **{f"{name}_set": rest_money(amount, order.currency) for name, amount in prices.items()},
        "total_shipping_price_set": rest_money(Decimal(0), order.currency),
        "discount_codes": [{"code": code} for code in order.codes],
        "line_items": [_rest_line(order, n, line) for n, line in enumerate(order.lines, 1)],
        "refunds": [_rest_refund(order, one) for one in order.refunds],
    }


def _lines(order: Order, arguments: Mapping[str, object]) -> dict[str, object]:
    numbered = list(enumerate(order.lines, 1))
    return connection(
        numbered, arguments, "LineItem", lambda one: _line(order, *one), lambda one: one[0]
    )


def _line(order: Order, place_: int, line: Line) -> dict[str, object]:
    product = {"__typename": "Product", "id": gid("Product", line.product), "title": line.title}
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", order.number * 100 + place_),
        "title": line.title,
        "name": line.title,
        "quantity": line.quantity,
        "currentQuantity": line.quantity,
        "sku": None,
        "originalUnitPriceSet": money_bag(line.price, order.currency),
        "discountedTotalSet": money_bag(line.price * line.quantity, order.currency),
        "product": product if line.product else None,
        "variant": None,
    }


def _refund(order: Order, one: Refund) -> dict[str, object]:
    return {
        "__typename": "Refund",
        "id": gid("Refund", one.number),
        "legacyResourceId": str(one.number),
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.created_at),
        "totalRefundedSet": money_bag(one.amount, order.currency),
    }


def _rest_line(order: Order, place_: int, line: Line) -> dict[str, object]:
    return {
        "id": order.number * 100 + place_,
        "title": line.title,
        "quantity": line.quantity,
        "price": f"{line.price:.2f}",
        "price_set": rest_money(line.price, order.currency),
        "product_id": line.product or None,
        "variant_id": line.variant or None,
    }


def _rest_refund(order: Order, one: Refund) -> dict[str, object]:
    transaction = {"kind": "refund", "status": "success", "currency": order.currency}
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("Refund", one.number),
        "order_id": order.number,
        "created_at": moment(one.created_at),
        "processed_at": moment(one.created_at),
        "refund_line_items": [],
        "order_adjustments": [],
        "transactions": [{**transaction, "id": one.number, "amount": f"{one.amount:.2f}"}],
    }
