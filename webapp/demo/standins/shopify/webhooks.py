"""Webhook subscriptions: listed, created, changed, deleted by the app or by too many failures.

Source: shopify.dev, WebhookSubscription of 2026-10 (`uri`) and "Troubleshooting webhooks": one that
fails eight times in a row is deleted. `callbackUrl` is understood as well.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from webapp.demo.standins.exchange import as_mapping
from webapp.demo.standins.shopify.connection import Keys, connection, ordered
from webapp.demo.standins.shopify.facts import API_VERSION, gid, moment, number_of, user_error
from webapp.demo.standins.shopify.state import Hook, ShopState

TOPICS = frozenset(
    {
        *("APP_UNINSTALLED", "APP_SUBSCRIPTIONS_UPDATE", "APP_SCOPES_UPDATE", "SHOP_UPDATE"),
        *("CUSTOMERS_CREATE", "CUSTOMERS_UPDATE", "CUSTOMERS_DELETE", "CUSTOMERS_MERGE"),
        *("CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE", "CUSTOMERS_MARKETING_CONSENT_UPDATE"),
        *("ORDERS_CREATE", "ORDERS_PAID", "ORDERS_UPDATED", "ORDERS_CANCELLED", "ORDERS_EDITED"),
        *("ORDERS_DELETE", "REFUNDS_CREATE", "DISCOUNTS_CREATE", "DISCOUNTS_UPDATE"),
        *("DISCOUNTS_DELETE", "BULK_OPERATIONS_FINISH", "PRODUCTS_UPDATE", "THEMES_PUBLISH"),
    }
)
_ERROR = "UserError"
_SORT: Keys[Hook] = {"CREATED_AT": lambda h: (h.created_at, h.number), "ID": lambda h: h.number}


def header_of(topic: str) -> str:
    """APP_SUBSCRIPTIONS_UPDATE -> app_subscriptions/update, ORDERS_PAID -> orders/paid."""
    name = topic.lower()
    if name == "app_scopes_update":
        return "app/scopes_update"
    for rest in ("_email_marketing_consent_update", "_marketing_consent_update"):
        if name.endswith(rest):
            return f"{name.removesuffix(rest)}{rest.removesuffix('_update')}/update"
    subject, _, verb = name.rpartition("_")
    return f"{subject}/{verb}"


def subscriptions(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """The connection `webhookSubscriptions`, of all topics or of `topics`."""
    wanted = arguments.get("topics")
    with state.lock:
        found = [h for h in state.hooks.values() if not wanted or h.topic in as_list(wanted)]
        found = ordered(found, arguments, _SORT)
        return connection(found, arguments, "WebhookSubscription", show, lambda h: h.number)


def create(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`webhookSubscriptionCreate`."""
    topic, uri = str(arguments.get("topic")), _uri(arguments)
    payload: dict[str, object] = {"__typename": "WebhookSubscriptionCreatePayload"}
    with state.lock:
        wrong = _complaint(state, topic, uri)
        if wrong:
            return {**payload, "webhookSubscription": None, "userErrors": [wrong]}
        now = state.now()
        hook = Hook(state.number(), topic, uri, now, now)
        state.hooks[hook.number] = hook
        return {**payload, "webhookSubscription": show(hook), "userErrors": []}


def update(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`webhookSubscriptionUpdate`."""
    payload: dict[str, object] = {"__typename": "WebhookSubscriptionUpdatePayload"}
    with state.lock:
        hook = _find(state, arguments)
        if hook is None:
            return {**payload, "webhookSubscription": None, "userErrors": [_missing()]}
        uri = _uri(arguments)
        wrong = _complaint(state, hook.topic, uri, but=hook) if uri else None
        if wrong:
            return {**payload, "webhookSubscription": None, "userErrors": [wrong]}
        hook.uri, hook.updated_at, hook.failures = uri or hook.uri, state.now(), 0
        return {**payload, "webhookSubscription": show(hook), "userErrors": []}


def delete(state: ShopState, arguments: Mapping[str, object]) -> dict[str, object]:
    """`webhookSubscriptionDelete`."""
    payload: dict[str, object] = {"__typename": "WebhookSubscriptionDeletePayload"}
    with state.lock:
        hook = _find(state, arguments)
        if hook is None:
            gone = {"deletedWebhookSubscriptionId": None, "userErrors": [_missing()]}
            return {**payload, **gone}
        del state.hooks[hook.number]
        identity = gid("WebhookSubscription", hook.number)
        return {**payload, "deletedWebhookSubscriptionId": identity, "userErrors": []}


def show(hook: Hook) -> dict[str, object]:
    """The object."""
    return {
        "__typename": "WebhookSubscription",
        "id": gid("WebhookSubscription", hook.number),
        "legacyResourceId": str(hook.number),
        "topic": hook.topic,
        "uri": hook.uri,
        "callbackUrl": hook.uri,
        "format": "JSON",
        "filter": None,
        "includeFields": [],
        "metafieldNamespaces": [],
        "apiVersion": {"__typename": "ApiVersion", "handle": API_VERSION, "supported": True},
        "endpoint": {"__typename": "WebhookHttpEndpoint", "callbackUrl": hook.uri},
        "createdAt": moment(hook.created_at),
        "updatedAt": moment(hook.updated_at),
    }


def as_list(value: object) -> list[object]:
    """A GraphQL list; one value stands for a list of it."""
    return value if isinstance(value, list) else [value]


def _uri(arguments: Mapping[str, object]) -> str:
    given = as_mapping(arguments.get("webhookSubscription"))
    return str(given.get("uri") or given.get("callbackUrl") or "")


def _find(state: ShopState, arguments: Mapping[str, object]) -> Hook | None:
    return state.hooks.get(number_of(arguments.get("id"), "WebhookSubscription") or -1)


def _missing() -> dict[str, object]:
    return user_error(_ERROR, "Webhook subscription could not be found", "id")


def _complaint(
    state: ShopState, topic: str, uri: str, but: Hook | None = None
) -> dict[str, object] | None:
    """Why a subscription cannot be; Shopify wants HTTPS, here this machine is enough."""
    address = urlsplit(uri)
    local = address.hostname in ("127.0.0.1", "localhost")
    if topic not in TOPICS:
        return user_error(_ERROR, f"Topic {topic} is not one this stand-in knows", "topic")
    if address.scheme != "https" and not local:
        message = "Address protocol must be https"
        return user_error(_ERROR, message, "webhookSubscription", "uri")
    for hook in state.hooks.values():
        if hook is not but and (hook.topic, hook.uri) == (topic, uri):
            message = "Address for this topic has already been taken"
            return user_error(_ERROR, message, "webhookSubscription", "uri")
    return None
