"""Customers: as GraphQL shows them and as webhooks carry them."""

from collections.abc import Mapping
from decimal import Decimal

from webapp.demo.standins.shopify.connection import Keys, connection, matching, ordered
from webapp.demo.standins.shopify.facts import gid, moment, money
from webapp.demo.standins.shopify.state import Customer, ShopState

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
}


def customers(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """The connection `customers`."""
    with state.lock:
        found = matching(state.customers.values(), arguments.get("query"), _LOOK)
        found = ordered(found, arguments, _SORT)
        return connection(
            found, arguments, "Customer", lambda c: customer(state, c), lambda c: c.number
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
        "state": "ENABLED",
        "tags": [],
        "createdAt": moment(one.created_at),
        "updatedAt": moment(one.updated_at),
        "numberOfOrders": str(len(placed)),
        "amountSpent": money(spent, state.shop.currency),
        "defaultEmailAddress": _email(one) if email else None,
        "defaultPhoneNumber": _phone(one) if phone else None,
        "emailMarketingConsent": _consent(one, one.email_state) if email else None,
        "smsMarketingConsent": _consent(one, one.sms_state) if phone else None,
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
        "state": "enabled",
        "tags": "",
        "verified_email": True,
        "currency": state.shop.currency,
        "email_marketing_consent": _rest_consent(one, one.email_state) if one.email else None,
        "sms_marketing_consent": _rest_consent(one, one.sms_state) if one.phone else None,
    }


def save(state: ShopState, number: int, **values: object) -> Customer:
    """Create or change a customer, and tell who wants to know. ValueError: no such value."""
    with state.lock:
        known = number in state.customers
        one = state.customer(number)
        for name, value in values.items():
            if name in ("number", "created_at", "updated_at") or not hasattr(one, name):
                raise ValueError(f"a customer has no {name}")
            setattr(one, name, value)
        one.updated_at = state.now()
        told = payload(state, one)
    state.happened("customers/update" if known else "customers/create", told)
    return one


def _email(one: Customer) -> dict[str, object]:
    return {
        "__typename": "CustomerEmailAddress",
        "emailAddress": one.email,
        "marketingState": one.email_state,
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "marketingUpdatedAt": moment(one.updated_at),
        "validFormat": True,
    }


def _phone(one: Customer) -> dict[str, object]:
    return {
        "__typename": "CustomerPhoneNumber",
        "phoneNumber": one.phone,
        "marketingState": one.sms_state,
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "marketingUpdatedAt": moment(one.updated_at),
    }


def _consent(one: Customer, state: str) -> dict[str, object]:
    return {
        "__typename": "CustomerMarketingConsent",
        "marketingState": state,
        "marketingOptInLevel": "SINGLE_OPT_IN",
        "consentUpdatedAt": moment(one.updated_at),
    }


def _rest_consent(one: Customer, state: str) -> dict[str, object]:
    return {
        "state": state.lower(),
        "opt_in_level": "single_opt_in",
        "consent_updated_at": moment(one.updated_at),
    }
