"""What a discount code takes off an order, or why it takes nothing.

Source: shopify.dev, DiscountCodeBasicInput and DiscountCodeFreeShippingInput of 2026-10; the
sentences are those of Shopify's checkout, more or less. One code an order: combinations are left
out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from webapp.demo.standins.exchange import as_mapping, inside
from webapp.demo.standins.shopify.facts import number_of, rounded
from webapp.demo.standins.shopify.state import Code, Discount, Line, ShopState

FREE_SHIPPING = "DiscountCodeFreeShipping"


class RefusedCodeError(ValueError):
    """The code does not count for this order; the message is for the shopper, `reason` a word:
    unknown, expired, early, customer, used, minimum, products."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Asked:
    """Who wants to use a code, and for what. `shipping` is what sending costs without it."""

    customer: int | None
    lines: tuple[Line, ...]
    shipping: Decimal
    at: datetime


def apply_code(state: ShopState, code: str, asked: Asked) -> tuple[Code, tuple[Line, ...]]:
    """What the code takes, and the lines with their part of it. Raises RefusedCodeError."""
    found = find(state, code)
    if found is None:
        raise RefusedCodeError("unknown", f"{code} is not a code of this shop.")
    _check_time(found, asked.at)
    _check_use(found, asked.customer)
    entitled = _entitled(found.given, asked.lines)
    _check_minimum(found.given, [asked.lines[n] for n in entitled])
    if found.kind == FREE_SHIPPING:
        return Code(found.code, asked.shipping, "shipping"), asked.lines
    if not entitled:
        raise RefusedCodeError(
            "products", f"{found.code} is for other products than those in the cart."
        )
    value = as_mapping(inside(found.given, "customerGets", "value"))
    return _taken(found.code, value, asked.lines, entitled, state.shop.currency)


def find(state: ShopState, code: str) -> Discount | None:
    """The code, whose letters may be small or capital."""
    wanted = code.strip().upper()
    return next((d for d in state.discounts.values() if d.code.upper() == wanted), None)


def buyers(given: Mapping[str, object]) -> set[int] | None:
    """The customers to whom a code is bound; None for all."""
    context = as_mapping(given.get("context")) or as_mapping(given.get("customerSelection"))
    added = inside(context, "customers", "add")
    if not isinstance(added, list):
        return None
    return {number_of(identity, "Customer") or 0 for identity in added}


def _check_time(found: Discount, at: datetime) -> None:
    starts, ends = (_moment(found.given.get(name)) for name in ("startsAt", "endsAt"))
    if found.status != "ACTIVE" or (ends and at >= ends):
        raise RefusedCodeError("expired", f"{found.code} has expired.")
    if starts and at < starts:
        raise RefusedCodeError("early", f"{found.code} cannot be used yet.")


def _check_use(found: Discount, customer: int | None) -> None:
    bound = buyers(found.given)
    if bound is not None and customer not in bound:
        raise RefusedCodeError("customer", f"{found.code} is not available to this customer.")
    limit = found.given.get("usageLimit")
    if isinstance(limit, int) and len(found.users) >= limit:
        raise RefusedCodeError("used", f"{found.code} has been used already.")
    if found.given.get("appliesOncePerCustomer") and customer in found.users:
        raise RefusedCodeError("used", f"{found.code} can be used once by each customer.")


def _entitled(given: Mapping[str, object], lines: Sequence[Line]) -> list[int]:
    """The places of the lines that the code is for; gift cards never are."""
    products = inside(given, "customerGets", "items", "products")
    numbers: set[int] | None = None
    if isinstance(products, Mapping):
        wanted = [
            *_as_list(products.get("productsToAdd")),
            *_as_list(products.get("productVariantsToAdd")),
        ]
        numbers = {
            number
            for identity in wanted
            for kind in ("Product", "ProductVariant")
            if (number := number_of(identity, kind)) is not None
        }
    return [
        place
        for place, line in enumerate(lines)
        if not line.gift_card and (numbers is None or {line.product, line.variant} & numbers)
    ]


def _check_minimum(given: Mapping[str, object], lines: Sequence[Line]) -> None:
    path = ("subtotal", "greaterThanOrEqualToSubtotal")
    least = inside(given, "minimumRequirement", *path)
    if least is not None and sum((line.net for line in lines), Decimal(0)) < Decimal(str(least)):
        raise RefusedCodeError("minimum", f"{given.get('code')} needs goods for at least {least}.")
    path = ("quantity", "greaterThanOrEqualToQuantity")
    pieces = inside(given, "minimumRequirement", *path)
    if pieces is not None and sum(line.quantity for line in lines) < int(str(pieces)):
        raise RefusedCodeError("minimum", f"{given.get('code')} needs at least {pieces} pieces.")


def _taken(
    code: str,
    value: Mapping[str, object],
    lines: tuple[Line, ...],
    entitled: Sequence[int],
    currency: str,
) -> tuple[Code, tuple[Line, ...]]:
    each = _parts(value, [lines[place] for place in entitled], currency)
    changed = list(lines)
    for place, amount in zip(entitled, each, strict=True):
        changed[place] = replace(changed[place], allocations=((0, amount),))
    percentage = value.get("percentage")
    kind = "percentage" if percentage is not None else "fixed_amount"
    share = percentage if percentage is not None else inside(value, "discountAmount", "amount")
    factor = 100 if percentage is not None else 1
    given = Decimal(str(share or 0)) * factor
    return Code(code, sum(each, Decimal(0)), kind, given), tuple(changed)


def _parts(value: Mapping[str, object], lines: Sequence[Line], currency: str) -> list[Decimal]:
    """What is taken off each line; an amount is spread by price, and never more than it costs."""
    percentage = value.get("percentage")
    if percentage is not None:
        return [rounded(line.net * Decimal(str(percentage)), currency) for line in lines]
    quantity = as_mapping(value.get("discountOnQuantity"))
    if quantity:
        return _of_some(quantity, lines, currency)
    amount = Decimal(str(inside(value, "discountAmount", "amount")))
    if inside(value, "discountAmount", "appliesOnEachItem"):
        return [min(amount * line.quantity, line.net) for line in lines]
    return spread(amount, [line.net for line in lines], currency)


def spread(amount: Decimal, weights: Sequence[Decimal], currency: str) -> list[Decimal]:
    """`amount`, or their sum when that is less, over the weights; it adds up to the unit."""
    whole = sum(weights, Decimal(0))
    left, weight_left, parts = min(amount, whole), whole, []
    for weight in weights:
        part = rounded(left * weight / weight_left, currency) if weight_left else Decimal(0)
        parts.append(part)
        left, weight_left = left - part, weight_left - weight
    return parts


def _of_some(given: Mapping[str, object], lines: Sequence[Line], currency: str) -> list[Decimal]:
    """So many pieces, the first ones, get a share off."""
    left = int(str(given.get("quantity") or 1))
    share = Decimal(str(inside(given, "effect", "percentage") or 0))
    parts = []
    for line in lines:
        pieces = min(left, line.quantity)
        parts.append(rounded(line.price * pieces * share, currency))
        left -= pieces
    return parts


def _moment(given: object) -> datetime | None:
    return datetime.fromisoformat(str(given)) if given else None


def _as_list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
