"""Discount codes that the app makes: an amount or a percentage off, and free shipping.

Source: shopify.dev, discountCodeBasicCreate and discountCodeFreeShippingCreate of 2026-10. How a
code counts at the till is in `codes`.
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from webapp.demo.standins.exchange import as_mapping, inside
from webapp.demo.standins.shopify.codes import buyers, find
from webapp.demo.standins.shopify.connection import Keys, connection, ordered
from webapp.demo.standins.shopify.facts import gid, moment, number_of, user_error
from webapp.demo.standins.shopify.state import Discount, ShopState

_ERROR = "DiscountUserError"
_VALUES = {"percentage", "discountAmount", "discountOnQuantity"}
_SORT: Keys[Discount] = {"CREATED_AT": lambda d: (d.created_at, d.number), "ID": lambda d: d.number}


def create(
    state: ShopState, arguments: Mapping[str, object], kind: str, argument: str
) -> dict[str, object]:
    """Make a code of `kind` from the input called `argument`."""
    given = as_mapping(arguments.get(argument))
    payload: dict[str, object] = {"__typename": f"{kind}CreatePayload", "codeDiscountNode": None}
    with state.lock:
        wrong = _complaint(state, given, argument, kind)
        if wrong:
            return {**payload, "userErrors": [wrong]}
        made = Discount(state.number(), kind, str(given["code"]), dict(given), state.now())
        state.discounts[made.number] = made
    return {**payload, "codeDiscountNode": show(made), "userErrors": []}


def deactivate(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`discountCodeDeactivate`."""
    payload: dict[str, object] = {"__typename": "DiscountCodeDeactivatePayload"}
    found = _find(state, arguments)
    if found is None:
        return {**payload, "codeDiscountNode": None, "userErrors": [_missing()]}
    found.status = "EXPIRED"
    return {**payload, "codeDiscountNode": show(found), "userErrors": []}


def delete(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`discountCodeDelete`."""
    payload: dict[str, object] = {"__typename": "DiscountCodeDeletePayload"}
    found = _find(state, arguments)
    if found is None:
        return {**payload, "deletedCodeDiscountId": None, "userErrors": [_missing()]}
    with state.lock:
        state.discounts.pop(found.number, None)
    identity = gid("DiscountCodeNode", found.number)
    return {**payload, "deletedCodeDiscountId": identity, "userErrors": []}


def by_code(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object] | None:
    """`codeDiscountNodeByCode`."""
    with state.lock:
        found = find(state, str(arguments.get("code")))
        return show(found) if found else None


def nodes(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """The connection `codeDiscountNodes`."""
    with state.lock:
        found = ordered(state.discounts.values(), arguments, _SORT)
        return connection(found, arguments, "DiscountCodeNode", show, lambda d: d.number)


def show(made: Discount) -> dict[str, object]:
    """The node."""
    code = {"__typename": "DiscountRedeemCode", "id": gid("DiscountRedeemCode", made.number)}
    used = len(made.users)
    codes = [{**code, "code": made.code, "asyncUsageCount": used}]
    bound = buyers(made.given)
    context: dict[str, object] = {"__typename": "DiscountBuyerSelectionAll", "all": "ALL"}
    if bound is not None:
        people = [{"__typename": "Customer", "id": gid("Customer", n)} for n in sorted(bound)]
        context = {"__typename": "DiscountCustomers", "customers": people}
    discount = {
        "__typename": made.kind,
        "title": made.given.get("title"),
        "status": made.status,
        "startsAt": made.given.get("startsAt"),
        "endsAt": made.given.get("endsAt"),
        "usageLimit": made.given.get("usageLimit"),
        "appliesOncePerCustomer": bool(made.given.get("appliesOncePerCustomer")),
        "asyncUsageCount": used,
        "context": context,
        "createdAt": moment(made.created_at),
        "summary": str(made.given.get("title")),
        "codes": lambda arguments: connection(
            codes, arguments, "DiscountRedeemCode", dict, lambda one: one["id"]
        ),
    }
    return {
        "__typename": "DiscountCodeNode",
        "id": gid("DiscountCodeNode", made.number),
        "codeDiscount": discount,
    }


def _find(state: ShopState, arguments: Mapping[str, object]) -> Discount | None:
    return state.discounts.get(number_of(arguments.get("id"), "DiscountCodeNode") or -1)


def _missing() -> dict[str, object]:
    return user_error(_ERROR, "Code discount does not exist.", "id", code="INVALID")


def _complaint(
    state: ShopState, given: Mapping[str, object], argument: str, kind: str
) -> dict[str, object] | None:
    for name in ("title", "code", "startsAt"):
        if not given.get(name):
            title = {"startsAt": "Starts at"}.get(name, name.capitalize())
            return user_error(_ERROR, f"{title} can't be blank", argument, name, code="BLANK")
    if not given.get("context") and not given.get("customerSelection"):
        return user_error(_ERROR, "Context can't be blank", argument, "context", code="BLANK")
    if find(state, str(given["code"])):
        message = "Code must be unique. Please try a different code."
        return user_error(_ERROR, message, argument, "code", code="TAKEN")
    value = as_mapping(inside(given, "customerGets", "value"))
    if kind == "DiscountCodeBasic" and not _VALUES & set(value):
        path = (argument, "customerGets", "value")
        return user_error(_ERROR, "Customer gets can't be blank", *path, code="BLANK")
    return _bad_value(value, argument)


def _bad_value(value: Mapping[str, object], argument: str) -> dict[str, object] | None:
    """A share is above 0 and at most 1, an amount above 0."""
    path = (argument, "customerGets", "value")
    share, amount = value.get("percentage"), inside(value, "discountAmount", "amount")
    try:
        if share is not None and not 0 < Decimal(str(share)) <= 1:
            message = "Value must be between 0.0 and 1.0"
            return user_error(_ERROR, message, *path, "percentage", code="VALUE_OUTSIDE_RANGE")
        if amount is not None and Decimal(str(amount)) <= 0:
            message = "Value must be greater than 0"
            return user_error(_ERROR, message, *path, "discountAmount", code="GREATER_THAN")
    except InvalidOperation:
        return user_error(_ERROR, "Value is not a number", *path, code="INVALID")
    return None
