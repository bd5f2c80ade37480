"""The stand-in itself: which address of a shop answers what, and what a call costs.

Not as Shopify: every numeric customer id exists unless it is said to be gone; metafield definitions
and access rules are not checked; a query that the stand-in does not know is GraphQL's own "doesn't
exist" error.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from webapp.core.clock import Clock, SystemClock
from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.faults import CostBucket
from webapp.demo.standins.graphql import GraphQLError, Operation, cost_of, parse, project
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin
from webapp.demo.standins.shopify import billing, bulk, oauth
from webapp.demo.standins.shopify.commands import command
from webapp.demo.standins.shopify.delivery import Deliveries
from webapp.demo.standins.shopify.facts import API_VERSION, Shop
from webapp.demo.standins.shopify.pages import go
from webapp.demo.standins.shopify.schema import Schema
from webapp.demo.standins.shopify.state import ShopState
from webapp.demo.standins.shopify.webhooks import header_of

MUTATION_COST, QUERY_COST, MOST_COST = 10, 3, 1_000
_BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"  # noqa: S105 - a message.
_CHARGE = re.compile(r"/admin/charges/(\d+)/confirm")
_FILE = re.compile(r"/bulk/(\d+)\.jsonl")
_COMMAND = re.compile(r"/_shops/([^/]+)/[a-z]+")
_SHOWN = 30
Bucket = tuple[float, float]


def throttled(status: Mapping[str, object]) -> dict[str, object]:
    """What Shopify says with status 200 when the bucket is empty."""
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return {"errors": [error], "extensions": status}


class ShopifyAdmin(Standin):
    """The Admin API and the few pages of some shops, at `/<shop domain>/admin/...`."""

    name = "shopify"

    def __init__(
        self,
        store: MetafieldStore,
        shops: Mapping[str, Shop],
        bucket_size: Bucket = (20_000.0, 1_000.0),
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.store = store
        self.clock = clock or SystemClock()
        self.deliveries = Deliveries(self.clock)
        self.shops: dict[str, Shop] = {}
        self.states: dict[str, ShopState] = {}
        for shop in shops.values():
            self.open(shop, bucket_size)

    @property
    def calls(self) -> int:
        """How many calls came in, answered or not."""
        return self.received.calls

    def open(self, shop: Shop, bucket_size: Bucket = (20_000.0, 1_000.0)) -> ShopState:
        """Serve a shop, which is empty at first."""
        self.shops[shop.domain] = shop
        bucket = CostBucket(*bucket_size)
        self.states[shop.domain] = ShopState(shop, self.clock, bucket, self.deliveries.tell)
        return self.states[shop.domain]

    def limit(self, shop_domain: str, most: float, restore: float) -> None:
        """Give one shop another cost bucket."""
        self.states[shop_domain].bucket = CostBucket(most, restore)

    def read(self, call: Call) -> Sequence[Arrival]:
        """Metafields by owner and key; a mutation by its name."""
        variables = as_mapping(call.members().get("variables"))
        given = variables.get("metafields")
        if not isinstance(given, list):
            return ()
        fields = [as_mapping(entry) for entry in given]
        return [
            Arrival(f"{f.get('ownerId')} {f.get('key')}", "metafieldsSet", dict(f)) for f in fields
        ]

    def answer(self, call: Call) -> Answer:
        domain, _, rest = call.path.lstrip("/").partition("/")
        state = self.states.get(domain)
        if state is None:
            return as_json({"errors": "Not Found"}, HTTPStatus.NOT_FOUND)
        base = f"http://{call.headers.get('host', '')}/{domain}"
        if call.method == "POST" and rest == f"admin/api/{API_VERSION}/graphql.json":
            return self._graphql(state, call, base)
        return self._other(state, call, f"/{rest}")

    def command(self, call: Call) -> Answer | None:
        found = _COMMAND.fullmatch(call.path)
        if found is None or found[1] not in self.states:
            return None
        return command(self.states[found[1]], self.deliveries, call)

    def more(self) -> dict[str, object]:
        """The newest webhooks that were sent, how many are on their way, and which are wanted."""
        sent = [
            {
                "shop": one.webhook.shop,
                "topic": one.webhook.topic,
                "uri": one.webhook.uri,
                "status": one.status,
            }
            for one in list(self.deliveries.tries)[:-_SHOWN:-1]
        ]
        wanted = [
            {
                "shop": state.shop.domain,
                "topic": header_of(hook.topic),
                "uri": hook.uri,
                "failures": hook.failures,
            }
            for state in self.states.values()
            for hook in list(state.hooks.values())
        ]
        return {"sent": sent, "open": self.deliveries.open, "wanted": wanted}

    def refusal(self, status: int) -> Answer:
        answer = as_json({"errors": HTTPStatus(status).phrase}, status)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return Answer(answer.status, answer.body, {**answer.headers, "Retry-After": "2.0"})
        return answer

    def over_limit(self) -> Answer:
        """THROTTLED, as it is said with status 200."""
        _, status = CostBucket(1_000, 100).take(0)
        cost = {"requestedQueryCost": MUTATION_COST, "actualQueryCost": None}
        return as_json(throttled({"cost": {**cost, "throttleStatus": status}}))

    def reset(self) -> None:
        super().reset()
        for domain, state in list(self.states.items()):
            bucket = (state.bucket.maximum, state.bucket.restore)
            self.open(self.shops[domain], bucket)
        self.deliveries.tries.clear()

    def close(self) -> None:
        self.deliveries.close()

    def _other(self, state: ShopState, call: Call, path: str) -> Answer:
        charge, file = _CHARGE.fullmatch(path), _FILE.fullmatch(path)
        if charge:
            decision = call.form.get("decision") if call.method == "POST" else None
            return billing.confirmation(state, int(charge[1]), decision)
        if file and call.method == "GET":
            return bulk.file(state, int(file[1]), call.headers.get("range", ""))
        if path == "/admin/themes/current/editor":
            query = urlsplit(call.target).query
            return go(f"{state.shop.storefront}{path}?{query}")
        if path == "/admin/oauth/authorize":
            return oauth.authorize(state, call, self.clock)
        if path == "/admin/oauth/access_token" and call.method == "POST":
            return oauth.access_token(state, call, self.clock)
        return as_json({"errors": "Not Found"}, HTTPStatus.NOT_FOUND)

    def _graphql(self, state: ShopState, call: Call, base: str) -> Answer:
        if call.headers.get("x-shopify-access-token") not in state.tokens:
            return as_json({"errors": _BAD_TOKEN}, HTTPStatus.UNAUTHORIZED)
        said: dict[str, object] = {}
        try:
            operation = _operation(call.members())
            granted, said = _charge(state, _cost(operation))
            if not granted:
                return as_json(throttled(said))
            schema = Schema(state, self.store, base, self.received.count)
            root = schema.mutations() if operation.kind == "mutation" else schema.queries()
            content: dict[str, object] = {"data": project(root, operation.selections)}
        except GraphQLError as error:
            said = said or _charge(state, 1)[1]
            entry: dict[str, object] = {"message": str(error)}
            if error.extensions:
                entry["extensions"] = error.extensions
            content = {"errors": [entry]}
        return as_json({**content, "extensions": said})


def _cost(operation: Operation) -> float:
    """Mutations cost ten points; of a query the lists do, by what they ask for."""
    if operation.kind == "mutation":
        return MUTATION_COST
    cost = max(QUERY_COST, cost_of(operation.selections))
    if cost > MOST_COST:
        words = (
            f"Query cost is {cost}, which exceeds the single query max cost limit ({MOST_COST})."
        )
        raise GraphQLError(words, code="MAX_COST_EXCEEDED", cost=cost, maxCost=MOST_COST)
    return cost


def _charge(state: ShopState, cost: float) -> tuple[bool, dict[str, object]]:
    """Whether the shop's bucket held the cost, and what Shopify says of it."""
    granted, status = state.bucket.take(cost)
    said = {
        "requestedQueryCost": cost,
        "actualQueryCost": cost if granted else None,
        "throttleStatus": status,
    }
    return granted, {"cost": said}


def _operation(body: Mapping[str, object]) -> Operation:
    query = body.get("query")
    if not isinstance(query, str):
        raise GraphQLError("Required parameter missing or invalid: query")
    return parse(query, as_mapping(body.get("variables")))
