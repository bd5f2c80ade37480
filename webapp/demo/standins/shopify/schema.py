"""The queries and mutations of one shop: a name -> what answers it."""

from collections.abc import Callable, Mapping

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.metafield_input import InputRefusedError, check_entries
from webapp.demo.standins.metafields import (
    Metafield,
    MetafieldStore,
    StaleMetafieldError,
    resolved_namespace,
)
from webapp.demo.standins.shopify import (
    billing,
    bulk,
    discounts,
    orders,
    people,
    products,
    themes,
    webhooks,
)
from webapp.demo.standins.shopify.connection import connection
from webapp.demo.standins.shopify.facts import gid
from webapp.demo.standins.shopify.state import ShopState

MOST_NODES = 250
_STALE = (
    "The resource has been updated since it was loaded. "
    "Try again with an updated `compareDigest` value."
)
Arguments = Mapping[str, object]
Members = dict[str, object]


class Schema:
    """What one call may ask of one shop. `base` is where the stand-in serves this shop; `count`
    hears of every metafield that changed."""

    def __init__(
        self, state: ShopState, store: MetafieldStore, base: str, count: Callable[[str], None]
    ) -> None:
        self._state, self._store, self._base, self._count = state, store, base, count

    def mutations(self) -> Members:
        """The root of mutations."""
        state = self._state
        named: dict[str, Callable[[Arguments], object]] = {
            "metafieldsSet": self._metafields_set,
            "webhookSubscriptionCreate": lambda given: webhooks.create(state, given),
            "webhookSubscriptionUpdate": lambda given: webhooks.update(state, given),
            "webhookSubscriptionDelete": lambda given: webhooks.delete(state, given),
            "appSubscriptionCreate": lambda given: billing.create(state, given, self._base),
            "appSubscriptionCancel": lambda given: billing.cancel(state, given),
            "bulkOperationRunQuery": lambda given: bulk.run(state, given, self.queries()),
            "bulkOperationCancel": lambda given: bulk.cancel(state, given),
            "discountCodeBasicCreate": lambda given: discounts.create(
                state, given, "DiscountCodeBasic", "basicCodeDiscount"
            ),
            "discountCodeFreeShippingCreate": lambda given: discounts.create(
                state, given, "DiscountCodeFreeShipping", "freeShippingCodeDiscount"
            ),
            "tagsAdd": lambda given: people.tag(state, given, add=True),
            "tagsRemove": lambda given: people.tag(state, given, add=False),
            "discountCodeDeactivate": lambda given: discounts.deactivate(state, given),
            "discountCodeDelete": lambda given: discounts.delete(state, given),
        }
        return {"__typename": "Mutation", **named}

    def queries(self) -> Members:
        """The root of queries."""
        state, base = self._state, self._base
        named: dict[str, Callable[[Arguments], object]] = {
            "shop": lambda _: self._shop(),
            "currentAppInstallation": lambda _: self._installation(),
            "appInstallation": lambda _: self._installation(),
            "customer": lambda given: self._node(given, "Customer"),
            "order": lambda given: self._node(given, "Order"),
            "node": lambda given: self._node(given, ""),
            "nodes": self._nodes,
            "orders": lambda given: orders.orders(state, given),
            "ordersCount": lambda _: _count(len(state.orders)),
            "customers": lambda given: people.customers(
                state, given, lambda one: self._customer(one.number) or {}
            ),
            "customersCount": lambda _: _count(len(state.customers)),
            "themes": lambda given: themes.themes(state, given),
            "products": lambda given: products.products(state, given),
            "webhookSubscriptions": lambda given: webhooks.subscriptions(state, given),
            "webhookSubscription": lambda given: self._node(given, "WebhookSubscription"),
            "codeDiscountNodes": lambda given: discounts.nodes(state, given),
            "codeDiscountNodeByCode": lambda given: discounts.by_code(state, given),
            "currentBulkOperation": lambda _: bulk.current(state, base),
            "bulkOperation": lambda given: bulk.one(state, given.get("id"), base),
        }
        return {"__typename": "QueryRoot", **named}

    def _metafields_set(self, given: Arguments) -> Members:
        shop = self._state.shop.domain
        payload: Members = {"__typename": "MetafieldsSetPayload", "metafields": []}
        try:
            entries = check_entries(
                given.get("metafields"),
                lambda owner, namespace, key: self._store.one(shop, owner, namespace, key),
                {gid("Customer", number) for number in self._state.gone},
            )
            before = [self._store.one(shop, e.owner, e.namespace, e.key) for e in entries]
            stored = self._store.write(shop, entries)
        except InputRefusedError as refused:
            return {**payload, "userErrors": self._told(refused)}
        except StaleMetafieldError as stale:
            error = InputRefusedError.one(stale.index, None, _STALE, "STALE_OBJECT")
            return {**payload, "userErrors": error.user_errors}
        for old, new in zip(before, stored, strict=True):
            # What is set to the value it had is as if it had been set once.
            if old is None or old.digest != new.digest:
                self._count(f"{new.owner} {new.key}")
        return {**payload, "metafields": [_metafield(m) for m in stored], "userErrors": []}

    def _told(self, refused: InputRefusedError) -> list[dict[str, object]]:
        """User errors; without names when the shop is set not to say whom they are about."""
        if self._state.names_refused:
            return refused.user_errors
        return [{**e, "field": None, "elementIndex": None} for e in refused.user_errors]

    def _shop(self) -> Members:
        shop = self._state.shop
        plan = {
            "__typename": "ShopPlan",
            "displayName": shop.plan,
            "publicDisplayName": shop.plan,
            "shopifyPlus": shop.plan == "Shopify Plus",
            "partnerDevelopment": shop.development,
        }
        domain = {"__typename": "Domain", "host": shop.domain, "url": f"https://{shop.domain}"}
        return {
            **self._owned("Shop", "1"),
            "name": shop.name,
            "email": shop.email,
            "contactEmail": shop.email,
            "currencyCode": shop.currency,
            "myshopifyDomain": shop.domain,
            "primaryDomain": domain,
            "url": domain["url"],
            "ianaTimezone": shop.timezone,
            "plan": plan,
            "taxesIncluded": False,
            "shopLocales": [{"__typename": "ShopLocale", "locale": "en", "primary": True}],
        }

    def _installation(self) -> Members:
        scopes = [
            {"__typename": "AccessScope", "handle": scope}
            for scope in sorted(self._state.shop.scopes)
        ]
        app = {
            "__typename": "App",
            "id": gid("App", 1),
            "title": "LoyalNest",
            "handle": "loyalnest",
        }
        return {
            **self._owned("AppInstallation", "1"),
            "accessScopes": scopes,
            "activeSubscriptions": lambda _: billing.active(self._state),
            "launchUrl": f"https://{self._state.shop.domain}/admin/apps/loyalnest",
            "app": {**app, "apiKey": self._state.shop.api_key},
        }

    def _nodes(self, given: Arguments) -> object:
        identities = given.get("ids")
        if not isinstance(identities, list):
            raise GraphQLError("Field 'nodes' is missing required arguments: ids")
        if len(identities) > MOST_NODES:
            message = f"The input array size of {len(identities)} is greater than the maximum"
            raise GraphQLError(
                f"{message} allowed of {MOST_NODES}.", code="MAX_INPUT_SIZE_EXCEEDED"
            )
        return [self._node({"id": identity}, "") for identity in identities]

    def _node(self, given: Arguments, wanted: str) -> Members | None:
        identity = str(given.get("id", ""))
        kind, _, number = identity.removeprefix("gid://shopify/").partition("/")
        if not identity.startswith("gid://shopify/") or not number.isdigit():
            raise GraphQLError(
                f"Invalid global id '{identity}'", code="argumentLiteralsIncompatible"
            )
        show = self._kinds().get(kind) if wanted in ("", kind) else None
        return show(int(number)) if show else None

    def _kinds(self) -> Mapping[str, Callable[[int], Members | None]]:
        state, base = self._state, self._base

        def order(number: int) -> Members | None:
            found = state.orders.get(number)
            return orders.show(state, found) if found else None

        def subscription(number: int) -> Members | None:
            found = state.hooks.get(number)
            return webhooks.show(found) if found else None

        def charge(number: int) -> Members | None:
            found = state.plans.get(number)
            return billing.show(found) if found else None

        def discount(number: int) -> Members | None:
            found = state.discounts.get(number)
            return discounts.show(found) if found else None

        return {
            "Customer": self._customer,
            "Shop": lambda _: self._shop(),
            "AppInstallation": lambda _: self._installation(),
            "Order": order,
            "WebhookSubscription": subscription,
            "AppSubscription": charge,
            "DiscountCodeNode": discount,
            "Product": lambda n: products.one(state, n),
            "ProductVariant": lambda n: products.variant(state, n),
            "BulkOperation": lambda n: bulk.one(state, gid("BulkOperation", n), base),
        }

    def _customer(self, number: int) -> Members | None:
        """Every number is a customer, for orders come from a file that the shop never saw."""
        state = self._state
        if number in state.gone:
            return None
        return {
            **people.customer(state, state.customer(number)),
            **self._owned("Customer", str(number)),
            "orders": lambda given: orders.orders(state, given, number),
        }

    def _owned(self, kind: str, number: str) -> Members:
        """What everything has that holds metafields."""
        owner, shop = gid(kind, number), self._state.shop.domain

        def metafield(given: Arguments) -> object:
            namespace = str(given.get("namespace") or "$app")
            found = self._store.one(shop, owner, namespace, str(given.get("key")))
            return _metafield(found) if found else None

        def metafields(given: Arguments) -> object:
            space, keys = given.get("namespace"), given.get("keys")
            wanted = resolved_namespace(str(space)) if space else None
            found = [
                field
                for field in self._store.of_owner(shop, owner)
                if wanted in (None, field.namespace) and _named(field, keys)
            ]
            return connection(found, given, "Metafield", _metafield, lambda field: field.id)

        return {
            "__typename": kind,
            "id": owner,
            "legacyResourceId": number,
            "metafield": metafield,
            "metafields": metafields,
        }


def _named(field: Metafield, keys: object) -> bool:
    """Whether `keys`, each `namespace.key` or a key alone, name a metafield; None names all."""
    if not isinstance(keys, list):
        return True
    pairs = [str(key).rpartition(".") for key in keys]
    return any(
        key == field.key and (not space or resolved_namespace(space) == field.namespace)
        for space, _, key in pairs
    )


def _count(number: int) -> Members:
    return {"__typename": "Count", "count": number, "precision": "EXACT"}


def _metafield(found: Metafield) -> Members:
    kind = found.owner.split("/")[-2]
    return {
        "__typename": "Metafield",
        "id": gid("Metafield", found.id),
        "namespace": found.namespace,
        "key": found.key,
        "type": found.type,
        "value": found.value,
        "compareDigest": found.digest,
        "createdAt": found.created_at,
        "updatedAt": found.updated_at,
        "ownerType": "API_PERMISSION" if kind == "AppInstallation" else kind.upper(),
        "owner": {"__typename": kind, "id": found.owner},
    }
