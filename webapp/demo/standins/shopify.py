"""A stand-in for Shopify's Admin API, as far as LoyalNest uses it (GraphQL 2026-10).

Understood: `metafieldsSet` (at most 25, all or nothing, `compareDigest`), and for reading
`customer(id:)`, `node(id:)`, `shop`, `currentAppInstallation` with `metafield(namespace:, key:)`
and `metafields(first:, namespace:)` as `nodes` or `edges`. Everything else is answered with
GraphQL's own "doesn't exist" error.
A shop whose cost bucket is empty is told THROTTLED. Not as Shopify: every numeric customer id
exists; metafield definitions and access rules are not checked.
"""

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue

from webapp.demo.standins.faults import CostBucket, Fault, FaultScript
from webapp.demo.standins.graphql import GraphQLError, Operation, parse, project
from webapp.demo.standins.metafield_input import InputRefusedError, check_entries
from webapp.demo.standins.metafields import Metafield, MetafieldStore, StaleMetafieldError
from webapp.demo.standins.shopify_installs import Installs

API_VERSION = "2026-10"
MUTATION_COST, QUERY_COST = 10, 3
_BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105 - a message.
_STALE = (
    "The resource has been updated since it was loaded. "
    "Try again with an updated `compareDigest` value."
)


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop the stand-in serves; `access_token` is what the app must send."""

    domain: str
    name: str
    currency: str
    access_token: str


def throttled(status: dict[str, object]) -> dict[str, object]:
    """What Shopify says with status 200 when the bucket is empty."""
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return {"errors": [error], "extensions": status}


class ShopifyAdmin:
    """The API of some shops over one store of metafields."""

    def __init__(
        self,
        store: MetafieldStore,
        shops: Mapping[str, Shop],
        bucket_size: tuple[float, float] = (20_000.0, 1_000.0),
        installs: Installs | None = None,
    ) -> None:
        self.store = store
        self.shops = shops
        self.installs = installs
        self.faults = FaultScript()
        self.calls = 0
        self._buckets = {domain: CostBucket(*bucket_size) for domain in shops}

    def accepts(self, shop: Shop, token: str | None) -> bool:
        """Whether this shop has granted the token, once for all or by the token endpoint."""
        granted = self.installs is not None and self.installs.holds(shop.domain, token or "")
        return granted or (bool(shop.access_token) and token == shop.access_token)

    def limit(self, shop_domain: str, most: float, restore: float) -> None:
        """Give one shop another cost bucket."""
        self._buckets[shop_domain] = CostBucket(most, restore)

    def answer(self, shop: Shop, body: object) -> dict[str, object]:
        """The JSON answer to one GraphQL call; errors are inside it, as Shopify does."""
        status: dict[str, object] = {}
        try:
            operation = _operation(body)
            cost = MUTATION_COST if operation.kind == "mutation" else QUERY_COST
            granted, status = self._charge(shop, cost)
            if not granted:
                return throttled(status)
            answer: dict[str, object] = {"data": self._data(shop, operation)}
        except GraphQLError as error:
            status = status or self._charge(shop, 1)[1]
            entry: dict[str, object] = {"message": str(error)}
            if error.extensions:
                entry["extensions"] = error.extensions
            answer = {"errors": [entry]}
        return {**answer, "extensions": status}

    def throttled_by_script(self, shop: Shop) -> dict[str, object]:
        """What an empty bucket would say."""
        return throttled(self._charge(shop, 0)[1])

    def _charge(self, shop: Shop, cost: int) -> tuple[bool, dict[str, object]]:
        """Whether the shop's bucket held the cost, and what Shopify says of it."""
        granted, status = self._buckets[shop.domain].take(cost)
        said = {
            "requestedQueryCost": cost,
            "actualQueryCost": cost if granted else None,
            "throttleStatus": status,
        }
        return granted, {"cost": said}

    def _data(self, shop: Shop, operation: Operation) -> object:
        root = self._mutations(shop) if operation.kind == "mutation" else self._queries(shop)
        return project(root, operation.selections)

    def _mutations(self, shop: Shop) -> dict[str, object]:
        found: dict[str, object] = {
            "__typename": "Mutation",
            "metafieldsSet": lambda arguments: self._metafields_set(shop, arguments),
        }
        if self.installs is not None:
            installs = self.installs
            found["appSubscriptionCreate"] = lambda given: installs.create(shop.domain, given)
            found["appSubscriptionCancel"] = lambda given: installs.cancel(shop.domain, given)
        return found

    def _queries(self, shop: Shop) -> dict[str, object]:
        return {
            "__typename": "QueryRoot",
            "shop": lambda _: self._shop(shop),
            "currentAppInstallation": lambda _: self._owner(shop, "AppInstallation", "1"),
            "customer": lambda arguments: self._node(shop, arguments, "Customer"),
            "node": lambda arguments: self._node(shop, arguments, ""),
        }

    def _metafields_set(self, shop: Shop, arguments: Mapping[str, object]) -> dict[str, object]:
        payload: dict[str, object] = {"__typename": "MetafieldsSetPayload", "metafields": []}
        try:
            entries = check_entries(
                arguments.get("metafields"),
                lambda owner, namespace, key: self.store.one(shop.domain, owner, namespace, key),
            )
            stored = self.store.write(shop.domain, entries)
        except InputRefusedError as refused:
            return {**payload, "userErrors": refused.user_errors}
        except StaleMetafieldError as stale:
            error = InputRefusedError.one(stale.index, None, _STALE, "STALE_OBJECT")
            return {**payload, "userErrors": error.user_errors}
        return {**payload, "metafields": [_metafield(m) for m in stored], "userErrors": []}

    def _shop(self, shop: Shop) -> dict[str, object]:
        return {
            **self._owner(shop, "Shop", "1"),
            "name": shop.name,
            "currencyCode": shop.currency,
            "myshopifyDomain": shop.domain,
            "ianaTimezone": "Etc/UTC",
            "plan": {
                "__typename": "ShopPlan",
                "publicDisplayName": "Development",
                "partnerDevelopment": True,
            },
        }

    def _node(
        self, shop: Shop, arguments: Mapping[str, object], kind: str
    ) -> dict[str, object] | None:
        given = str(arguments.get("id", ""))
        found, _, number = given.removeprefix("gid://shopify/").partition("/")
        if not given.startswith("gid://shopify/") or not number.isdigit():
            raise GraphQLError(f"Invalid global id '{given}'", code="argumentLiteralsIncompatible")
        if found == "AppSubscription" and self.installs is not None:
            return self.installs.node(shop.domain, given)
        known = found in ("Customer", "Shop", "AppInstallation") and kind in ("", found)
        return self._owner(shop, found, number) if known else None

    def _owner(self, shop: Shop, kind: str, number: str) -> dict[str, object]:
        owner = f"gid://shopify/{kind}/{number}"

        def metafield(arguments: Mapping[str, object]) -> object:
            namespace = str(arguments.get("namespace") or "$app")
            found = self.store.one(shop.domain, owner, namespace, str(arguments.get("key")))
            return _metafield(found) if found else None

        def metafields(arguments: Mapping[str, object]) -> object:
            return _connection(self.store.of_owner(shop.domain, owner), arguments)

        return {
            "__typename": kind,
            "id": owner,
            "legacyResourceId": number,
            "metafield": metafield,
            "metafields": metafields,
        }


def create_blueprint(admin: ShopifyAdmin) -> Blueprint:
    """Everything under /standin: the API of each shop, the fault script, the counters."""
    blueprint = Blueprint("shopify_standin", __name__, url_prefix="/standin")

    @blueprint.post("/<shop>/admin/api/<version>/graphql.json")
    def graphql(shop: str, version: str) -> ResponseReturnValue:
        known = admin.shops.get(shop)
        if known is None or version != API_VERSION:
            return jsonify(errors="Not Found"), HTTPStatus.NOT_FOUND
        if not admin.accepts(known, request.headers.get("X-Shopify-Access-Token")):
            return jsonify(errors=_BAD_TOKEN), HTTPStatus.UNAUTHORIZED
        admin.calls += 1
        return _answer_or_fail(admin, known, admin.faults.take())

    @blueprint.post("/faults")
    def faults() -> ResponseReturnValue:
        try:
            return jsonify(faults=admin.faults.replace(request.get_json(silent=True)))
        except ValueError as error:
            return jsonify(error=str(error)), HTTPStatus.UNPROCESSABLE_ENTITY

    @blueprint.get("/status")
    def status() -> ResponseReturnValue:
        return jsonify(calls=admin.calls, metafields=admin.store.count(), faults=len(admin.faults))

    return blueprint


def _answer_or_fail(admin: ShopifyAdmin, shop: Shop, fault: Fault) -> ResponseReturnValue:
    time.sleep(fault.delay_ms / 1000)
    body = request.get_json(silent=True)
    if fault.applied or not fault.spoils:
        answer = admin.answer(shop, body)
        if not fault.spoils:
            return jsonify(answer)
    if fault.drop:
        _hang_up()
    if fault.throttle:
        return jsonify(admin.throttled_by_script(shop))
    status = fault.status or HTTPStatus.BAD_GATEWAY
    headers = {"Retry-After": "2.0"} if status == HTTPStatus.TOO_MANY_REQUESTS else {}
    text = json.dumps({"errors": "Internal Server Error"})
    return Response(text, status, headers, content_type="application/json")


def _hang_up() -> None:
    """Close the caller's connection without an answer; impossible below a test client."""
    connection = request.environ.get("gunicorn.socket") or request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            current_app.logger.info("the caller was gone already: %s", error)


def _operation(body: object) -> Operation:
    query = body.get("query") if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(query, str):
        raise GraphQLError("Required parameter missing or invalid: query")
    variables = body.get("variables")
    return parse(query, variables if isinstance(variables, Mapping) else {})


def _metafield(found: Metafield) -> dict[str, object]:
    kind = found.owner.split("/")[-2]
    return {
        "__typename": "Metafield",
        "id": f"gid://shopify/Metafield/{found.id}",
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


def _connection(found: list[Metafield], arguments: Mapping[str, object]) -> dict[str, object]:
    first = arguments.get("first")
    if not isinstance(first, int) or first < 1:
        raise GraphQLError("you must provide `first` (this stand-in has no `last`)")
    chosen = [_metafield(field) for field in found[:first]]
    return {
        "__typename": "MetafieldConnection",
        "nodes": chosen,
        "edges": [{"__typename": "MetafieldEdge", "node": node} for node in chosen],
        "pageInfo": {"__typename": "PageInfo", "hasNextPage": len(found) > first},
    }
