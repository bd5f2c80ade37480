"""Shopify's Partner API (GraphQL), as far as LoyalNest uses it.

Source: shopify.dev, Partner API 2026-10: `POST /{organization}/api/{version}/graphql.json` with
X-Shopify-Access-Token; `appCreditCreate` has no deduplication key, so a credit that is asked for
twice is given twice; four calls a second and client.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.faults import CallRate
from webapp.demo.standins.graphql import GraphQLError, parse, project
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

API_VERSION = "2026-10"
CALLS_A_SECOND = 4
_ADDRESS = re.compile(r"/\d{1,12}/api/([^/]+)/graphql\.json")
_APP = re.compile(r"gid://partners/App/\d+")
_SHOP = re.compile(r"gid://partners/Shop/\d+")


class Partner(Standin):
    """`prtapi_...` tokens are good."""

    name = "partner"
    prefixes = ("prtapi_",)

    def __init__(self) -> None:
        super().__init__()
        self._numbers = itertools.count(1)
        self._rate = CallRate(CALLS_A_SECOND)

    def read(self, call: Call) -> Sequence[Arrival]:
        variables = as_mapping(call.members().get("variables"))
        if "appCreditCreate" not in str(call.members().get("query")):
            return ()
        return (Arrival(_credit_key(variables), "appCreditCreate", dict(variables)),)

    def answer(self, call: Call) -> Answer:
        found = _ADDRESS.fullmatch(call.path)
        if call.method != "POST" or found is None or found[1] not in (API_VERSION, "unstable"):
            return as_json({"errors": "Not Found"}, HTTPStatus.NOT_FOUND)
        token = call.headers.get("x-shopify-access-token", "")
        if not self.keys.good(token):
            words = "[API] Invalid API key or access token"
            return as_json({"errors": words}, HTTPStatus.UNAUTHORIZED)
        if self._rate.exceeded(token):
            return self.over_limit()
        return as_json(self._data(call))

    def over_limit(self) -> Answer:
        return as_json({"errors": [{"message": "Too many requests"}]}, 429)

    def _data(self, call: Call) -> dict[str, object]:
        variables = as_mapping(call.members().get("variables"))
        try:
            operation = parse(str(call.members().get("query")), variables)
            root = self._mutations if operation.kind == "mutation" else self._queries
            return {"data": project(root(variables), operation.selections)}
        except GraphQLError as error:
            return {"errors": [{"message": str(error), "extensions": error.extensions}]}

    def _mutations(self, variables: Mapping[str, object]) -> dict[str, object]:
        def credit(arguments: Mapping[str, object]) -> object:
            return self._credit(arguments, _credit_key(variables))

        return {"__typename": "MutationRoot", "appCreditCreate": credit}

    def _queries(self, _: Mapping[str, object]) -> dict[str, object]:
        version = {"__typename": "ApiVersion", "handle": API_VERSION, "supported": True}
        return {
            "__typename": "QueryRoot",
            "publicApiVersions": [{**version, "displayName": API_VERSION}],
            "app": _app,
        }

    def _credit(self, arguments: Mapping[str, object], key: str) -> dict[str, object]:
        payload: dict[str, object] = {"__typename": "AppCreditCreatePayload", "appCredit": None}
        wrong = _complaint(arguments)
        if wrong:
            error = {"__typename": "UserError", "field": [wrong[0]], "message": wrong[1]}
            return {**payload, "userErrors": [error]}
        self.received.count(key)
        amount = as_mapping(arguments["amount"])
        credit = {
            "__typename": "AppCredit",
            "id": f"gid://partners/AppCredit/{next(self._numbers)}",
            "name": arguments["description"],
            "test": bool(arguments.get("test")),
            "amount": {"__typename": "Money", **amount},
        }
        return {**payload, "appCredit": credit, "userErrors": []}

    def reset(self) -> None:
        super().reset()
        self._rate.forget()


def _credit_key(variables: Mapping[str, object]) -> str:
    """Shopify has none: what the credit says of itself, or whom it is for."""
    return str(variables.get("description") or variables.get("shopId") or "credit")


def _complaint(arguments: Mapping[str, object]) -> tuple[str, str] | None:
    """The wrong argument and why; None when all are right."""
    if not _APP.fullmatch(str(arguments.get("appId"))):
        return "appId", "App does not exist"
    if not _SHOP.fullmatch(str(arguments.get("shopId"))):
        return "shopId", "Shop does not exist"
    try:
        amount = Decimal(str(as_mapping(arguments.get("amount")).get("amount")))
    except InvalidOperation:
        amount = Decimal(0)
    if amount <= 0:
        return "amount", "Amount must be greater than 0"
    return None if arguments.get("description") else ("description", "Description can't be blank")


def _app(arguments: Mapping[str, object]) -> object:
    if not _APP.fullmatch(str(arguments.get("id"))):
        return None
    page = {"__typename": "PageInfo", "hasNextPage": False, "hasPreviousPage": False}
    events = {"__typename": "AppEventConnection", "edges": [], "pageInfo": page}
    return {
        "__typename": "App",
        "id": arguments["id"],
        "name": "LoyalNest",
        "apiKey": "standin",
        "events": lambda _: events,
    }
