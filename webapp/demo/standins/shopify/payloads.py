"""What webhooks carry of orders and refunds: the JSON of Shopify's REST resources.

Source: shopify.dev, webhook topics orders/* and refunds/create of 2026-10. `subtotal_price`, the
price of a line and the `subtotal` of what came back hold the tax where `taxes_included`.
"""

from collections.abc import Mapping
from decimal import Decimal

from webapp.demo.standins.shopify import people
from webapp.demo.standins.shopify.facts import gid, moment, rest_money, written
from webapp.demo.standins.shopify.state import Code, Line, Order, Refund, RefundLine, ShopState

_TARGETS = {"shipping": "shipping_line"}


def order_payload(state: ShopState, order: Order) -> dict[str, object]:
    """What orders/... carry."""
    owner = people.payload(state, state.customer(order.customer)) if order.customer else None
    return {
        "id": order.number,
        "admin_graphql_api_id": gid("Order", order.number),
        "name": order.name,
        "order_number": order.number,
        "created_at": moment(order.created_at),
        "processed_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "cancelled_at": moment(order.cancelled_at) if order.cancelled_at else None,
        "cancel_reason": order.cancel_reason,
        "closed_at": None,
        "currency": order.currency,
        "presentment_currency": order.currency,
        "financial_status": order.state.lower(),
        "fulfillment_status": None,
        "confirmed": True,
        "test": order.test,
        "source_name": order.source,
        "customer_locale": order.locale,
        "email": owner["email"] if owner else None,
        "phone": owner["phone"] if owner else None,
        "customer": owner,
        "taxes_included": order.taxes_included,
        **_prices(order),
        "discount_codes": [
            {"code": c.code, "amount": written(c.amount, order.currency), "type": c.kind}
            for c in order.codes
        ],
        "discount_applications": [_application(order, code) for code in order.codes],
        "tax_lines": [_tax(state, order, order.tax)] if order.tax else [],
        "line_items": [rest_line(state, order, n, line) for n, line in enumerate(order.lines, 1)],
        "shipping_lines": [_shipping(order)] if order.shipping else [],
        "refunds": [refund_payload(state, order, one) for one in order.refunds],
    }


def refund_payload(state: ShopState, order: Order, one: Refund) -> dict[str, object]:
    """What refunds/create carries. An amount without lines is an adjustment of the order."""
    transaction = {
        "id": one.number,
        "order_id": order.number,
        "kind": "refund",
        "status": "success",
        "gateway": "bogus",
        "currency": order.currency,
        "amount": written(one.amount, order.currency),
    }
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("Refund", one.number),
        "order_id": order.number,
        "created_at": moment(one.created_at),
        "processed_at": moment(one.created_at),
        "note": None,
        "refund_line_items": [
            _refund_line(state, order, one, n, line) for n, line in enumerate(one.lines, 1)
        ],
        "order_adjustments": _adjustments(order, one),
        "transactions": [transaction] if one.amount else [],
    }


def rest_line(state: ShopState, order: Order, place: int, line: Line) -> dict[str, object]:
    """One of `line_items`; `total_discount` is what was taken off the line itself, which codes
    for the order do not do."""
    return {
        "id": line_number(order, place),
        "admin_graphql_api_id": gid("LineItem", line_number(order, place)),
        "title": line.title,
        "name": line.title,
        "quantity": line.quantity,
        "current_quantity": order.left(place),
        "price": written(line.price, order.currency),
        "price_set": rest_money(line.price, order.currency),
        "total_discount": written(Decimal(0), order.currency),
        "total_discount_set": rest_money(Decimal(0), order.currency),
        "discount_allocations": [
            {
                "amount": written(amount, order.currency),
                "amount_set": rest_money(amount, order.currency),
                "discount_application_index": index,
            }
            for index, amount in line.allocations
        ],
        "tax_lines": [_tax(state, order, line.tax)] if line.tax else [],
        "taxable": not line.gift_card,
        "gift_card": line.gift_card,
        "requires_shipping": not line.gift_card,
        "product_exists": bool(line.product),
        "product_id": line.product or None,
        "variant_id": line.variant or None,
        "sku": None,
    }


def line_number(order: Order, place: int) -> int:
    """The id of a line; places count from 1."""
    return order.number * 100 + place


def _prices(order: Order) -> dict[str, object]:
    goods = sum((line.price * line.quantity for line in order.lines), Decimal(0))
    prices = {
        "total_price": order.total,
        "subtotal_price": order.subtotal,
        "total_tax": order.tax,
        "total_discounts": order.discounts,
        "total_line_items_price": goods,
        "current_total_price": order.total - order.refunded,
        "current_subtotal_price": order.subtotal - order.refunded_goods,
        "current_total_tax": order.tax - refunded_tax(order),
        "current_total_discounts": order.discounts,
    }
    money = {name: written(amount, order.currency) for name, amount in prices.items()}
    sets = {f"{name}_set": rest_money(amount, order.currency) for name, amount in prices.items()}
    return {
        **money,
        **sets,
        "total_shipping_price_set": rest_money(
            order.shipping - order.shipping_discount, order.currency
        ),
    }


def refunded_tax(order: Order) -> Decimal:
    """What came back of the tax."""
    return sum((line.tax for r in order.refunds for line in r.lines), Decimal(0))


def _tax(state: ShopState, order: Order, amount: Decimal) -> dict[str, object]:
    return {
        "title": "Tax",
        "rate": float(state.shop.tax_rate),
        "price": written(amount, order.currency),
        "price_set": rest_money(amount, order.currency),
        "channel_liable": False,
    }


def _application(order: Order, code: Code) -> dict[str, object]:
    value = code.value if code.kind != "shipping" else Decimal(100)
    return {
        "type": "discount_code",
        "code": code.code,
        "value": str(value),
        "value_type": "fixed_amount" if code.kind == "fixed_amount" else "percentage",
        "allocation_method": "across",
        "target_selection": "entitled",
        "target_type": _TARGETS.get(code.kind, "line_item"),
    }


def _shipping(order: Order) -> dict[str, object]:
    paid = order.shipping - order.shipping_discount
    return {
        "id": order.number * 100,
        "title": "Standard",
        "price": written(order.shipping, order.currency),
        "price_set": rest_money(order.shipping, order.currency),
        "discounted_price": written(paid, order.currency),
        "discounted_price_set": rest_money(paid, order.currency),
        "tax_lines": [],
    }


def _refund_line(
    state: ShopState, order: Order, one: Refund, number: int, line: RefundLine
) -> Mapping[str, object]:
    return {
        "id": one.number * 100 + number,
        "line_item_id": line_number(order, line.place),
        "line_item": rest_line(state, order, line.place, order.lines[line.place - 1]),
        "quantity": line.quantity,
        "restock_type": one.restock,
        "location_id": None,
        "subtotal": float(line.subtotal),
        "subtotal_set": rest_money(line.subtotal, order.currency),
        "total_tax": float(line.tax),
        "total_tax_set": rest_money(line.tax, order.currency),
    }


def _adjustments(order: Order, one: Refund) -> list[dict[str, object]]:
    """What the amount and the lines do not agree on, with Shopify's sign."""
    tax = Decimal(0) if order.taxes_included else sum((x.tax for x in one.lines), Decimal(0))
    gap = sum((line.subtotal for line in one.lines), Decimal(0)) + tax - one.amount
    if not gap:
        return []
    return [
        {
            "id": one.number,
            "order_id": order.number,
            "refund_id": one.number,
            "amount": written(gap, order.currency),
            "amount_set": rest_money(gap, order.currency),
            "tax_amount": written(Decimal(0), order.currency),
            "kind": "refund_discrepancy",
            "reason": "Refund discrepancy",
        }
    ]
