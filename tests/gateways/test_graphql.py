"""GraphQL of Shopify: cost, user errors, bulk operations and what is wrong with an answer."""

import json

import pytest
from flask import Flask, Response, request

from tests.gateways.conftest import Raw, drip
from webapp.gateways import shopify_bulk
from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.shopify_admin import HttpShopifyAdmin, Metafield

SHOP, TOKEN = "one.myshopify.com", "shpat_0123456789abcdef"


class Api:
    """Answers every call with the next prepared content, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: list[object] = []
        self.asked: list[dict] = []

    def app(self) -> Flask:
        app = Flask(__name__)

        @app.post("/<path:path>")
        def answer(path: str) -> Response:
            assert request.headers["X-Shopify-Access-Token"] == TOKEN
            self.asked.append(request.get_json())
            return Response(json.dumps(self.answers.pop(0)), content_type="application/json")

        return app


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def shopify(api: Api, serve) -> HttpShopifyAdmin:
    return HttpShopifyAdmin(f"{serve(api.app())}/{{shop}}")


def cost(asked: float, available: float, most: float = 100, restore: float = 50) -> dict:
    status = {"maximumAvailable": most, "currentlyAvailable": available, "restoreRate": restore}
    return {"cost": {"requestedQueryCost": asked, "throttleStatus": status}}


def ask(shopify: HttpShopifyAdmin, document: str = "query { shop { name } }") -> dict:
    return shopify.ask(SHOP, TOKEN, document, {})


def test_a_call_that_cannot_be_paid_for_is_not_made(shopify: HttpShopifyAdmin, api: Api) -> None:
    api.answers = [{"data": {}, "extensions": cost(60, 10)}]
    ask(shopify)
    with pytest.raises(GatewayError) as error:
        ask(shopify)
    assert len(api.asked) == 1
    assert 0.8 < error.value.after <= 1.0


def test_another_shop_and_another_document_are_not_held_back(
    shopify: HttpShopifyAdmin, api: Api
) -> None:
    api.answers = [{"data": {}, "extensions": cost(60, 10)}] * 3
    ask(shopify)
    ask(shopify, "query { other }")
    shopify.ask("two.myshopify.com", TOKEN, "query { shop { name } }", {})
    assert len(api.asked) == 3


def test_a_bucket_fills_again(shopify: HttpShopifyAdmin, api: Api) -> None:
    api.answers = [{"data": {}, "extensions": cost(60, 10, restore=1e9)}] * 2
    ask(shopify)
    ask(shopify)


def test_a_document_that_costs_more_than_the_bucket_holds_is_asked_when_it_is_full(
    shopify: HttpShopifyAdmin, api: Api
) -> None:
    api.answers = [{"data": {}, "extensions": cost(600, 100)}] * 2
    ask(shopify)
    ask(shopify)


@pytest.mark.parametrize(
    ("answer", "reason", "final", "after"),
    [
        ({"errors": "Not Found"}, "GraphQL: Not Found", True, None),
        ({"errors": [{"message": "no field a@b.de"}]}, "GraphQL: no field …", True, None),
        (
            {"errors": [{"message": "oh", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}]},
            "GraphQL: oh",
            False,
            None,
        ),
        (
            {
                "errors": [{"message": "wait", "extensions": {"code": "THROTTLED"}}],
                "extensions": cost(60, 10),
            },
            "throttled",
            False,
            1.0,
        ),
        ({"errors": [{"extensions": {"code": "THROTTLED"}}]}, "throttled", False, 0.1),
        ({"data": None}, "the answer has no data", False, None),
        ({}, "the answer has no data", False, None),
    ],
)
def test_what_is_wrong_with_an_answer(
    shopify: HttpShopifyAdmin,
    api: Api,
    answer: dict,
    reason: str,
    final: bool,
    after: float | None,
) -> None:
    api.answers = [answer]
    with pytest.raises(GatewayError) as error:
        ask(shopify)
    found = (str(error.value), error.value.final, error.value.after)
    assert found == (reason, final, after)


def test_user_errors_that_name_no_metafield_are_final(shopify: HttpShopifyAdmin, api: Api) -> None:
    said = [{"field": None, "message": "Access denied", "code": "DENIED"}]
    api.answers = [{"data": {"metafieldsSet": {"metafields": [], "userErrors": said}}}]
    with pytest.raises(GatewayError, match="metafieldsSet: Access denied") as error:
        shopify.set_metafields(SHOP, TOKEN, [Metafield("gid", "ns", "k", "t", "v")])
    assert error.value.final


OPERATION = {
    "id": "gid://shopify/BulkOperation/1",
    "status": "RUNNING",
    "errorCode": None,
    "objectCount": "2",
    "url": None,
}


def test_a_bulk_operation_is_begun_followed_and_found_again(
    shopify: HttpShopifyAdmin, api: Api
) -> None:
    done = {**OPERATION, "status": "COMPLETED", "url": "https://files.example/1"}
    api.answers = [
        {"data": {"bulkOperationRunQuery": {"bulkOperation": OPERATION, "userErrors": []}}},
        {"data": {"node": OPERATION}},
        {"data": {"currentBulkOperation": done}},
        {"data": {"node": None}},
    ]
    begun = shopify_bulk.run_bulk_query(shopify, SHOP, TOKEN, "{ orders { edges } }")
    followed = shopify_bulk.bulk_operation(shopify, SHOP, TOKEN, begun.id)
    assert begun == followed
    assert not begun.over
    found = shopify_bulk.current_bulk_query(shopify, SHOP, TOKEN)
    assert (found.over, found.object_count, found.url) == (True, 2, "https://files.example/1")
    assert shopify_bulk.bulk_operation(shopify, SHOP, TOKEN, begun.id) is None
    assert api.asked[0]["variables"] == {"query": "{ orders { edges } }"}


def test_a_bulk_operation_that_may_not_begin_says_why(shopify: HttpShopifyAdmin, api: Api) -> None:
    said = [{"field": None, "message": "already in progress", "code": "OPERATION_IN_PROGRESS"}]
    api.answers = [{"data": {"bulkOperationRunQuery": {"bulkOperation": None, "userErrors": said}}}]
    with pytest.raises(GatewayError, match="already in progress"):
        shopify_bulk.run_bulk_query(shopify, SHOP, TOKEN, "{ orders }")


def read(url: str, most_bytes: int = 1_000_000, seconds: float = 5.0) -> list:
    operation = shopify_bulk.BulkOperation("gid", "COMPLETED", "", 2, url)
    lines = shopify_bulk.bulk_lines(Caller(), operation, most_bytes=most_bytes, seconds=seconds)
    with lines as objects:
        return list(objects)


def http(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
        len(body),
        body,
    )


def test_lines_come_as_objects(raw: Raw) -> None:
    body = b'{"id": "1"}\n\n{"id": "2", "__parentId": "1"}\n{"id": "\xd7\x90"}'
    assert read(raw(http(body))) == [{"id": "1"}, {"id": "2", "__parentId": "1"}, {"id": "א"}]


def test_an_operation_without_a_file_found_nothing() -> None:
    assert read("") == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (http(b'{"id": "1"}\n{"id": '), "is not JSON"),
        (http(b"[1]\n"), "is not an object"),
        (http(b"x" * 2_000_000), "too long"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\nConnection: close\r\n\r\n{}", "no answer"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "HTTP 403"),
        (drip(http(b'{"id": "1"}\n' * 99), 0.01), "no answer"),
    ],
    ids=["cut line", "list", "too long", "cut file", "expired", "too slow"],
)
def test_a_file_that_is_not_right_is_refused(raw: Raw, answer: bytes, reason: str) -> None:
    with pytest.raises(GatewayError, match=reason):
        read(raw(answer), seconds=0.5)
