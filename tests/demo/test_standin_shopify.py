import httpx
import pytest

from tests.demo.admin_api import SET, TOKEN, URL, balance, call, points, set_points
from webapp.demo.standins.exchange import Call
from webapp.demo.standins.faults import CostBucket
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import ShopifyAdmin


def test_what_is_written_can_be_read(admin: ShopifyAdmin) -> None:
    written = set_points(admin, points(7, "120"), points(8, "5"))
    assert written["userErrors"] == []
    assert [m["namespace"] for m in written["metafields"]] == ["app--1--loyalnest"] * 2
    assert (balance(admin, 7), balance(admin, 8), balance(admin, 9)) == ("120", "5", None)
    set_points(admin, points(7, "-3"))
    assert balance(admin, 7) == "-3"


def test_25_are_taken_and_26_are_not(admin: ShopifyAdmin) -> None:
    assert len(set_points(admin, *(points(n, "1") for n in range(25)))["metafields"]) == 25
    refused = set_points(admin, *(points(n, "2") for n in range(26)))
    assert [e["code"] for e in refused["userErrors"]] == ["LESS_THAN_OR_EQUAL_TO"]
    assert balance(admin, 0) == "1"


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"value": "1.5"}, "value", "INVALID_VALUE"),
        ({"value": "9007199254740992"}, "value", "INVALID_VALUE"),
        ({"value": ""}, "value", "BLANK"),
        ({"type": "integer"}, "type", "INCLUSION"),
        ({"type": "boolean"}, "value", "INVALID_VALUE"),
        ({"type": None}, "type", "BLANK"),
        ({"key": "x"}, "key", "INVALID"),
        ({"namespace": "a!"}, "namespace", "INVALID"),
        ({"ownerId": "gid://shopify/Banana/1"}, "ownerId", "INVALID_VALUE"),
    ],
)
def test_one_bad_entry_stops_them_all(
    admin: ShopifyAdmin, change: dict[str, object], field: str, code: str
) -> None:
    answer = set_points(admin, points(7, "1"), points(8, "1") | change)
    assert answer["metafields"] == []
    assert [(e["field"], e["code"], e["elementIndex"]) for e in answer["userErrors"]] == [
        (["metafields", "1", field], code, 1)
    ]
    assert balance(admin, 7) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ownerId": "7"}, "0.ownerId (Invalid global id '7')"),
        ({"value": 5}, "0.value (Could not coerce value 5 to String)"),
        ({"value": None}, "0.value (Expected value to not be null)"),
        ({"points": "1"}, "0.points (Field is not defined on MetafieldsSetInput)"),
    ],
)
def test_a_wrong_shape_is_an_error_of_the_call(
    admin: ShopifyAdmin, change: dict[str, object], reason: str
) -> None:
    answer = call(admin, SET, metafields=[points(7, "1") | change])
    assert "data" not in answer
    assert answer["errors"][0]["message"].endswith(f"invalid value for {reason}")
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_VARIABLE"


def test_a_digest_guards_against_lost_updates(admin: ShopifyAdmin) -> None:
    first = set_points(admin, points(7, "1", compareDigest=None))["metafields"][0]
    set_points(admin, points(7, "2", compareDigest=first["compareDigest"]))
    stale = set_points(admin, points(8, "9"), points(7, "3", compareDigest=first["compareDigest"]))
    assert [e["code"] for e in stale["userErrors"]] == ["STALE_OBJECT"]
    assert (balance(admin, 7), balance(admin, 8)) == ("2", None)


def test_a_wrong_token_is_refused_in_shopifys_words(admin: ShopifyAdmin) -> None:
    call_ = Call("POST", URL, {"x-shopify-access-token": "no"}, b'{"query": "{ shop { id } }"}')
    answer = admin.answer(call_)
    assert answer.status == 401
    assert b"[API] Invalid API key or access token" in answer.body


@pytest.mark.parametrize(("part", "other"), [("shop-name", "other"), ("2026-10", "2026-07")])
def test_unknown_shops_and_versions_are_not_found(
    admin: ShopifyAdmin, part: str, other: str
) -> None:
    assert admin.answer(Call("POST", URL.replace(part, other), TOKEN)).status == 404


def test_it_says_what_it_does_not_understand(admin: ShopifyAdmin) -> None:
    def message(query: str) -> str:
        return str(call(admin, query)["errors"][0]["message"])

    assert message("{ locations { id } }").startswith(
        "Field 'locations' doesn't exist on type 'QueryRoot'"
    )
    assert message("{ shop { ...S } }") == "Fragment S was used, but not defined"
    loop = "{ shop { ...S } } fragment S on Shop { ...S }"
    assert message(loop).startswith("Query has too many levels")
    assert "one operation" in message("{ shop { id } } { shop { name } }")
    assert "directives" in message("{ shop @skip(if: true) { id } }")
    assert message("{ shop { id }").startswith("syntax error")
    assert message("{ customer(id: 7) { id } }") == "Invalid global id '7'"
    assert message("{" + "a{" * 30).startswith("Query has too many levels")


def test_owners_are_read_as_the_schema_says(admin: ShopifyAdmin) -> None:
    set_points(admin, points(7, "1"), points(7, "2", key="points_pending"))
    query = """{ node(id: "gid://shopify/Customer/7") { __typename ... on Customer {
      metafields(first: 1) { nodes { key } edges { node { type } } pageInfo { hasNextPage } } } }
      shop { name currencyCode } currentAppInstallation { id } }"""
    data = call(admin, query)["data"]
    assert data["node"]["metafields"] == {
        "nodes": [{"key": "points_balance"}],
        "edges": [{"node": {"type": "number_integer"}}],
        "pageInfo": {"hasNextPage": True},
    }
    assert data["shop"] == {"name": "Nest & Bloom", "currencyCode": "USD"}


def test_faults_come_in_order_and_end(admin: ShopifyAdmin) -> None:
    script = [{"status": 500}, {"throttle": True}, {"status": 429}, {"drop": True, "applied": True}]
    body = {"query": SET, "variables": {"metafields": [points(7, "1")]}}
    headers = {"X-Shopify-Access-Token": "shpat_test"}
    with StandinServer(admin) as server, httpx.Client(trust_env=False, headers=headers) as client:
        client.post(f"{server.url}/_faults", json={"next": script})
        answers = [client.post(server.url + URL, json=body) for _ in range(3)]
        with pytest.raises(httpx.RemoteProtocolError):
            client.post(server.url + URL, json=body)
    assert [a.status_code for a in answers] == [500, 200, 429]
    assert answers[1].json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert answers[2].headers["Retry-After"] == "2.0"
    assert balance(admin, 7) == "1"
    assert admin.received.summary()["effects"] == 1


def test_cost_is_reported_as_shopify_does(admin: ShopifyAdmin) -> None:
    cost = call(admin, SET, metafields=[points(7, "1")])["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (10, 10)
    status = cost["throttleStatus"]
    assert (status["maximumAvailable"], status["restoreRate"]) == (20_000.0, 1_000.0)
    assert status["currentlyAvailable"] == 19_990.0


def test_an_empty_bucket_refuses() -> None:
    bucket = CostBucket(maximum=15, restore=0)
    assert [bucket.take(10)[0], bucket.take(10)[0], bucket.take(5)[0]] == [True, False, True]


def test_a_query_that_asks_for_too_much_is_refused(admin: ShopifyAdmin) -> None:
    lines = "lineItems(first: 10) { nodes { id } }"
    answer = call(admin, "{ orders(first: 250) { nodes { id " + lines + " } } }")
    assert answer["errors"][0]["extensions"]["code"] == "MAX_COST_EXCEEDED"
