"""Discount codes that the app makes: an amount or a percentage off, and free shipping.

Source: shopify.dev, discountCodeBasicCreate and discountCodeFreeShippingCreate of 2026-10.
"""

from collections.abc import Mapping

from webapp.demo.standins.exchange import as_mapping, inside
from webapp.demo.standins.shopify.connection import Keys, connection, ordered
from webapp.demo.standins.shopify.facts import gid, moment, number_of, user_error
from webapp.demo.standins.shopify.state import Discount, ShopState

_ERROR = "DiscountUserError"
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
    code = str(arguments.get("code")).upper()
    with state.lock:
        return next((show(d) for d in state.discounts.values() if d.code.upper() == code), None)


def nodes(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """The connection `codeDiscountNodes`."""
    with state.lock:
        found = ordered(state.discounts.values(), arguments, _SORT)
        return connection(found, arguments, "DiscountCodeNode", show, lambda d: d.number)


def show(made: Discount) -> dict[str, object]:
    """The node."""
    code = {"__typename": "DiscountRedeemCode", "id": gid("DiscountRedeemCode", made.number)}
    codes = [{**code, "code": made.code, "asyncUsageCount": 0}]
    discount = {
        "__typename": made.kind,
        "title": made.given.get("title"),
        "status": made.status,
        "startsAt": made.given.get("startsAt"),
        "endsAt": made.given.get("endsAt"),
        "usageLimit": made.given.get("usageLimit"),
        "appliesOncePerCustomer": bool(made.given.get("appliesOncePerCustomer")),
        "asyncUsageCount": 0,
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
    code = str(given["code"]).upper()
    if any(known.code.upper() == code for known in state.discounts.values()):
        message = "Code must be unique. Please try a different code."
        return user_error(_ERROR, message, argument, "code", code="TAKEN")
    value = as_mapping(inside(given, "customerGets", "value"))
    if kind == "DiscountCodeBasic" and not {"percentage", "discountAmount"} & set(value):
        path = (argument, "customerGets", "value")
        return user_error(_ERROR, "Customer gets can't be blank", *path, code="BLANK")
    return None
