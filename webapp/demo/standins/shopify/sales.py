"""What happens to orders: placed, paid, refunded, cancelled, each told by its webhooks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from webapp.demo.standins.shopify.codes import Asked, RefusedCodeError, apply_code, find, spread
from webapp.demo.standins.shopify.facts import Shop, rounded
from webapp.demo.standins.shopify.payloads import order_payload, refund_payload
from webapp.demo.standins.shopify.state import Code, Line, Order, Refund, RefundLine, ShopState


@dataclass(frozen=True, slots=True)
class Sum:
    """What a cart would cost; `refused` says why the code counts for nothing."""

    lines: tuple[Line, ...]
    codes: tuple[Code, ...]
    shipping: Decimal
    refused: str = ""
    reason: str = ""


def add_up(
    state: ShopState,
    customer: int | None,
    lines: Sequence[Line],
    code: str = "",
    at: datetime | None = None,
) -> Sum:
    """Discounts first, then the tax of what is left, as the shop is set up."""
    shop = state.shop
    shipping = shop.shipping if any(not line.gift_card for line in lines) else Decimal(0)
    asked = Asked(customer, tuple(lines), shipping, at or state.now())
    codes: tuple[Code, ...] = ()
    left, refused, reason = asked.lines, "", ""
    if code:
        try:
            taken, left = apply_code(state, code, asked)
            codes = (taken,)
        except RefusedCodeError as error:
            refused, reason = str(error), error.reason
    return Sum(tuple(_taxed(shop, line) for line in left), codes, shipping, refused, reason)


def place(
    state: ShopState,
    customer: int | None,
    lines: Sequence[Line],
    *,
    created_at: datetime | None = None,
    locale: str = "en",
    paid: bool = True,
    code: str = "",
    test: bool = False,
    source: str = "web",
) -> Order:
    """Place an order, and tell orders/create and, when it is paid, orders/paid.

    Raises RefusedCodeError; then there is no order.
    """
    with state.lock:
        at = created_at or state.now()
        found = add_up(state, customer, lines, code, at)
        if found.refused:
            raise RefusedCodeError(found.reason, found.refused)
        order = _order(state, customer, found, at)
        order.state = "PAID" if paid else "PENDING"
        order.locale, order.test, order.source = locale, test, source
        state.orders[order.number] = order
        _count_use(state, order)
        told = order_payload(state, order)
    state.happened("orders/create", told)
    if paid:
        state.happened("orders/paid", told)
    return order


def pay(state: ShopState, number: int) -> Order:
    """A pending order is paid."""
    with state.lock:
        order = state.orders[number]
        order.state, order.updated_at = "PAID", state.now()
        told = order_payload(state, order)
    state.happened("orders/paid", told)
    state.happened("orders/updated", told)
    return order


def refund(
    state: ShopState,
    number: int,
    amount: Decimal | None = None,
    pieces: Mapping[int, int] | None = None,
    restock: str = "return",
) -> Refund:
    """Give some of an order back, and tell refunds/create.

    `pieces` are the lines' places (from 1) with how many come back; without them it is an amount
    only. `amount` differs from the pieces' value where the till says so. Raises ValueError for
    more pieces than are left, or nothing at all.
    """
    with state.lock:
        order = state.orders[number]
        lines = tuple(_back(order, place, many) for place, many in (pieces or {}).items())
        if amount is None and not lines:
            raise ValueError("nothing comes back")
        made = Refund(state.number(), state.now(), _owed(order, lines, amount), lines, restock)
        order.refunds.append(made)
        whole = order.refunded >= order.total
        order.state = "REFUNDED" if whole else "PARTIALLY_REFUNDED"
        order.updated_at = state.now()
        told, changed = refund_payload(state, order, made), order_payload(state, order)
    state.happened("refunds/create", told)
    state.happened("orders/updated", changed)
    return made


def refund_rest(state: ShopState, number: int, restock: str = "return") -> Refund | None:
    """Give back all that is left, shipping as well; None when nothing is."""
    with state.lock:
        order = state.orders[number]
        rest = order.total - order.refunded
        places = range(1, len(order.lines) + 1)
        pieces = {place: order.left(place) for place in places if order.left(place)}
    if not pieces and rest <= 0:
        return None
    return refund(state, number, rest, pieces, restock)


def refund_piece(state: ShopState, number: int) -> Refund:
    """Give one piece back, the first that is left; half of what is left where it is the last one.
    Raises ValueError when nothing is left."""
    with state.lock:
        order = state.orders[number]
        left = {place: order.left(place) for place in range(1, len(order.lines) + 1)}
        pieces = {place: 1 for place, many in left.items() if many}
        rest = order.total - order.refunded
    if sum(left.values()) > 1:
        return refund(state, number, pieces=dict([next(iter(pieces.items()))]))
    if rest <= 0:
        raise ValueError("nothing is left to give back")
    return refund(state, number, rounded(rest / 2, order.currency))


def cancel(
    state: ShopState, number: int, *, give_back: bool = False, reason: str = "customer"
) -> Order:
    """Cancel an order, with its money given back when asked, and tell orders/cancelled."""
    if give_back:
        refund_rest(state, number, "cancel")
    with state.lock:
        order = state.orders[number]
        order.cancelled_at = order.updated_at = state.now()
        order.cancel_reason = reason
        if order.state == "PENDING":
            order.state = "VOIDED"
        told = order_payload(state, order)
    state.happened("orders/cancelled", told)
    state.happened("orders/updated", told)
    return order


def _order(state: ShopState, customer: int | None, found: Sum, at: datetime) -> Order:
    number, shop = state.number(), state.shop
    if customer is not None:
        state.customer(customer)
    order = Order(number, f"#{number}", customer, found.lines, shop.currency, at, at)
    order.codes, order.shipping = found.codes, found.shipping
    order.taxes_included = shop.taxes_included
    return order


def _taxed(shop: Shop, line: Line) -> Line:
    if line.gift_card or not shop.tax_rate:
        return line
    over = 1 + shop.tax_rate if shop.taxes_included else Decimal(1)
    return replace(line, tax=rounded(line.net * shop.tax_rate / over, shop.currency))


def _count_use(state: ShopState, order: Order) -> None:
    for code in order.codes:
        found = find(state, code.code)
        if found is not None:
            found.users.append(order.customer or 0)


def _back(order: Order, place: int, many: int) -> RefundLine:
    """The value of the pieces by what was paid for them; the last ones get what is left."""
    if not 1 <= place <= len(order.lines):
        raise ValueError(f"the order has no line {place}")
    line, left = order.lines[place - 1], order.left(place)
    if not 1 <= many <= left:
        raise ValueError(f"{left} pieces of line {place} are left")
    gone = line.quantity - left
    worth = [_share(order, line, value, gone, many) for value in (line.net, line.tax)]
    return RefundLine(place, many, *worth)


def _share(order: Order, line: Line, value: Decimal, gone: int, many: int) -> Decimal:
    each = spread(value, [value / line.quantity] * line.quantity, order.currency)
    return sum(each[gone : gone + many], Decimal(0))


def _owed(order: Order, lines: Sequence[RefundLine], amount: Decimal | None) -> Decimal:
    if amount is not None:
        return amount
    tax = Decimal(0) if order.taxes_included else sum((x.tax for x in lines), Decimal(0))
    return sum((x.subtotal for x in lines), Decimal(0)) + tax
