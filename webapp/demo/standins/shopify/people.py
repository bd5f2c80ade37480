"""Customers: as GraphQL shows them and as webhooks carry them."""

from collections.abc import Callable, Mapping
from decimal import Decimal

from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import gid, moment, money, number_of, user_error
from webapp.demo.standins.shopify.state import Customer, ShopState

MOST_TAG = 40
_SORT: Keys[Customer] = {
    "ID": lambda c: c.number,
    "UPDATED_AT": lambda c: (c.updated_at, c.number),
    "CREATED_AT": lambda c: (c.created_at, c.number),
}
_LOOK: Keys[Customer] = {
    "id": lambda c: c.number,
    "email": lambda c: c.email,
    "phone": lambda c: c.phone,
    "updated_at": lambda c: c.updated_at,
    "customer_date": lambda c: c.created_at,
    "tag": lambda c: c.tags,
    "state": lambda c: c.state,
}


def customers(
    state: ShopState,
    arguments: Mapping[str, object],
    show: Callable[[Customer], Mapping[str, object]] | None = None,
) -> dict[str, object]:
    """The connection `customers`; `show` gives a customer with all that it has."""
    with state.lock:
        there = [one for one in state.customers.values() if one.number not in state.gone]
        found = matching(there, arguments.get("query"), _LOOK)
        found = ordered(found, arguments, _SORT)
        return connection(
            found, arguments, "Customer", show or (lambda c: customer(state, c)), lambda c: c.number
        )


def customer(state: ShopState, one: Customer) -> dict[str, object]:
    """The object, without its metafields. Addresses are null for an app that may not see them."""
    seen = state.shop.protected
    placed = [o for o in state.orders.values() if o.customer == one.number]
    spent = sum((o.total - o.refunded for o in placed), Decimal(0))
    email, phone = (one.email, one.phone) if seen else (None, None)
    return {
        "__typename": "Customer",
        "id": gid("Customer", one.number),
        "legacyResourceId": str(one.number),
        "email": email,
        "phone": phone,
        "firstName": one.first_name or None if seen else None,
        "lastName": one.last_name or None if seen else None,
        "displayName": f"{one.first_name} {one.last_name}".strip() if seen else None,
        "locale": one.locale,
        "state": one.state,
        "verifiedEmail": one.verified_email,
        "tags": list(one.tags),
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.updated_at),
        "numberOfOrders": str(len(placed)),
        "amountSpent": money(spent, state.shop.currency),
        "defaultEmailAddress": _email(one) if email else None,
        "defaultPhoneNumber": _phone(one) if phone else None,
        "emailMarketingConsent": (
            _consent(one, one.email_state, one.email_level) if email else None
        ),
        "smsMarketingConsent": _consent(one, one.sms_state, one.sms_level) if phone else None,
    }


def payload(state: ShopState, one: Customer) -> dict[str, object]:
    """What customers/create and customers/update carry, and an order's `customer`."""
    seen = state.shop.protected
    return {
        "id": one.number,
        "admin_graphql_api_id": gid("Customer", one.number),
        "created_at": moment(one.created_at),
        "updated_at": moment(one.updated_at),
        "email": one.email if seen else None,
        "phone": one.phone if seen else None,
        "first_name": one.first_name if seen else None,
        "last_name": one.last_name if seen else None,
        "state": one.state.lower(),
        "tags": ", ".join(one.tags),
        "verified_email": one.verified_email,
        "currency": state.shop.currency,
        "email_marketing_consent": (
            _rest_consent(one, one.email_state, one.email_level) if one.email else None
        ),
        "sms_marketing_consent": (
            _rest_consent(one, one.sms_state, one.sms_level) if one.phone else None
        ),
    }


def save(state: ShopState, number: int, /, **values: object) -> Customer:
    """Create or change a customer, and tell who wants to know. ValueError: no such value."""
    with state.lock:
        known = number in state.customers
        one = state.customer(number)
        for name, value in values.items():
            if name in ("number", "created_at", "updated_at") or not hasattr(one, name):
                raise ValueError(f"a customer has no {name}")
            setattr(one, name, tuple(value) if isinstance(value, list) else value)
        one.updated_at = state.now()
        told = payload(state, one)
    state.happened("customers/update" if known else "customers/create", told)
    return one


def tag(state: ShopState, arguments: Mapping[str, object], *, add: bool) -> dict[str, object]:
    """`tagsAdd` and `tagsRemove` of a customer. As since 2025-01, customers/update tells nothing of
    them."""
    payload: dict[str, object] = {"__typename": "TagsAddPayload" if add else "TagsRemovePayload"}
    number = number_of(arguments.get("id"), "Customer")
    given = arguments.get("tags")
    words = [str(word) for word in given] if isinstance(given, list) else str(given).split(",")
    if number is None or number in state.gone:
        missing = user_error("UserError", "Resource does not exist", "id")
        return {**payload, "node": None, "userErrors": [missing]}
    named = [word.strip() for word in words if word.strip()]
    if any(len(word) > MOST_TAG for word in named):
        wrong = user_error("UserError", f"Tag is longer than {MOST_TAG} characters", "tags")
        return {**payload, "node": None, "userErrors": [wrong]}
    with state.lock:
        one = state.customer(number)
        small = {word.lower() for word in named}
        kept = [known for known in one.tags if known.lower() not in small]
        one.tags = tuple(sorted([*kept, *named])) if add else tuple(kept)
        node = {"__typename": "Customer", "id": gid("Customer", number), "tags": list(one.tags)}
    return {**payload, "node": node, "userErrors": []}


def merge(state: ShopState, kept: int, lost: int) -> None:
    """Two customers become one, and customers/merge is told. ValueError: it is one already."""
    if kept == lost:
        raise ValueError("a customer cannot be merged with itself")
    with state.lock:
        one, other = state.customer(kept), state.customer(lost)
        one.tags = tuple(sorted({*one.tags, *other.tags}))
        one.email, one.phone = one.email or other.email, one.phone or other.phone
        one.updated_at = state.now()
        for order in state.orders.values():
            order.customer = kept if order.customer == lost else order.customer
        del state.customers[lost]
    told: dict[str, object] = {
        "admin_graphql_api_customer_kept_id": gid("Customer", kept),
        "admin_graphql_api_customer_deleted_id": gid("Customer", lost),
        "admin_graphql_api_job_id": None,
        "status": "completed",
        "errors": [],
    }
    state.happened("customers/merge", told)


def delete(state: ShopState, number: int) -> None:
    """A customer without orders is deleted, and customers/delete is told. ValueError: with some."""
    with state.lock:
        if any(order.customer == number for order in state.orders.values()):
            raise ValueError("a customer with orders cannot be deleted")
        state.customers.pop(number, None)
    told: dict[str, object] = {
        "id": number,
        "phone": None,
        "addresses": [],
        "tax_exemptions": [],
        "admin_graphql_api_id": gid("Customer", number),
    }
    state.happened("customers/delete", told)


def _email(one: Customer) -> dict[str, object]:
    return {
        "__typename": "CustomerEmailAddress",
        "emailAddress": one.email,
        "marketingState": one.email_state,
        "marketingOptInLevel": one.email_level,
        "marketingUpdatedAt": moment(one.updated_at),
        "validFormat": True,
    }


def _phone(one: Customer) -> dict[str, object]:
    return {
        "__typename": "CustomerPhoneNumber",
        "phoneNumber": one.phone,
        "marketingState": one.sms_state,
        "marketingOptInLevel": one.sms_level,
        "marketingUpdatedAt": moment(one.updated_at),
    }


def _consent(one: Customer, state: str, level: str) -> dict[str, object]:
    return {
        "__typename": "CustomerMarketingConsent",
        "marketingState": state,
        "marketingOptInLevel": level,
        "consentUpdatedAt": moment(one.updated_at),
    }


def _rest_consent(one: Customer, state: str, level: str) -> dict[str, object]:
    return {
        "state": state.lower(),
        "opt_in_level": level.lower(),
        "consent_updated_at": moment(one.updated_at),
    }
