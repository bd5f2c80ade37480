"""Codes, orders and the staff of the demo's shop, against the stand-in for Shopify over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Client

from tests.demo.admin_api import call
from tests.factories import FixedClock
from webapp.demo.settings import Neighbour, ShopConfig
from webapp.demo.shop import ByPort, create_shop
from webapp.demo.standins.catalogue import shopify
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import ShopifyAdmin
from webapp.demo.standins.shopify.state import ShopState

CREATE = """mutation($given: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $given) { userErrors { code } } }"""
OFFER = {
    "title": "Five",
    "code": "NEST-5",
    "startsAt": "2026-01-01T00:00:00Z",
    "usageLimit": 1,
    "context": {"customers": {"add": ["gid://shopify/Customer/7"]}},
    "customerGets": {"items": {"all": True}, "value": {"discountAmount": {"amount": "5.00"}}},
}
OTHER = Neighbour("Fjord & Fern", "http://127.0.0.1:9999", "other.myshopify.com", {"7": "77"})


@pytest.fixture
def standin(config: ShopConfig, clock: FixedClock) -> Iterator[ShopifyAdmin]:
    terms = replace(config, tax_rate=Decimal("0.08"), shipping=Decimal("6.00"))
    yield shopify([terms], config.data_dir, clock)


@pytest.fixture
def state(standin: ShopifyAdmin, config: ShopConfig) -> ShopState:
    return standin.states[config.shop_domain]


@pytest.fixture
def shopper(config: ShopConfig, standin: ShopifyAdmin) -> Iterator[FlaskClient]:
    """Customer 7 with an oak plant stand in the cart."""
    with StandinServer(standin) as server:
        there = replace(config, standins={"shopify": server.url}, others=(OTHER,))
        client = create_shop(there).test_client()
        client.get("/account/login?customer_id=7")
        client.post("/cart/add", data={"id": "4005", "quantity": "1"})
        yield client


def offer(standin: ShopifyAdmin, **changes: object) -> None:
    answer = call(standin, CREATE, given={**OFFER, **changes})["data"]["discountCodeBasicCreate"]
    assert answer["userErrors"] == []


def test_a_link_brings_a_code_into_the_cart(shopper: FlaskClient, standin: ShopifyAdmin) -> None:
    offer(standin)
    answer = shopper.get("/discount/nest-5?redirect=/cart")
    assert answer.headers["Location"] == "/cart"
    page = shopper.get("/cart").text
    for shown in ("NEST-5", "\u2212$5.00", "$6.00", "$5.36", "$78.36"):
        assert shown in page


def test_a_link_leads_nowhere_else(shopper: FlaskClient) -> None:
    answer = shopper.get("/discount/NEST-5?redirect=//evil.example")
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("code", ["a;b", "a b", "x" * 65, "é"])
def test_what_is_no_code_is_not_kept(shopper: FlaskClient, code: str) -> None:
    answer = shopper.post("/cart/discount", data={"discount": code})
    assert "discount_code=;" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"code": "OTHER"}, "is not known here"),
        ({"endsAt": "2026-01-02T00:00:00Z"}, "has expired"),
        ({"context": {"customers": {"add": ["gid://shopify/Customer/8"]}}}, "another customer"),
    ],
)
def test_a_code_that_does_not_count_says_why(
    shopper: FlaskClient,
    standin: ShopifyAdmin,
    state: ShopState,
    changes: dict[str, object],
    why: str,
) -> None:
    offer(standin, **changes)
    shopper.post("/cart/discount", data={"discount": "NEST-5"})
    assert why in shopper.get("/cart").text
    shopper.post("/cart/checkout")
    assert [order.codes for order in state.orders.values()] == [()]


def test_a_code_is_used_up_by_the_order(
    shopper: FlaskClient, standin: ShopifyAdmin, state: ShopState
) -> None:
    offer(standin)
    shopper.get("/discount/NEST-5")
    answer = shopper.post("/cart/checkout")
    assert "/checkout/thank-you" in answer.headers["Location"]
    (order,) = state.orders.values()
    assert (order.codes[0].code, order.total) == ("NEST-5", Decimal("78.36"))
    assert "NEST-5" not in shopper.get("/cart").text
    assert "NEST-5" in shopper.get("/account").text


def test_staff_refunds_a_part_then_the_rest(shopper: FlaskClient, state: ShopState) -> None:
    shopper.post("/cart/add", data={"id": "4005", "quantity": "1"})
    shopper.post("/cart/checkout")
    (order,) = state.orders.values()
    answer = shopper.post("/demo/staff/piece", data={"order": str(order.number)})
    assert answer.headers["Location"] == f"/account?done={order.number}#orders"
    assert (order.refunded, order.left(1)) == (Decimal("77.76"), 1)
    assert "$77.76 refunded" in shopper.get("/account").text
    shopper.post("/demo/staff/rest", data={"order": str(order.number)})
    assert order.refunded == order.total
    shopper.post("/demo/staff/rest", data={"order": str(order.number)})
    page = shopper.post("/demo/staff/cancel", data={"order": str(order.number)})
    assert "done" in page.headers["Location"]
    assert "Cancelled" in shopper.get("/account").text


def test_staff_touches_nobody_elses_order(shopper: FlaskClient, state: ShopState) -> None:
    shopper.post("/cart/checkout")
    (order,) = state.orders.values()
    shopper.get("/account/login?customer_id=8")
    assert shopper.post("/demo/staff/rest", data={"order": str(order.number)}).status_code == 404
    foreign = {"Sec-Fetch-Site": "cross-site"}
    answer = shopper.post("/demo/staff/rest", data={"order": str(order.number)}, headers=foreign)
    assert (answer.status_code, order.refunds) == (403, [])


def test_the_other_shop_is_entered_as_the_same_customer(shopper: FlaskClient) -> None:
    page = shopper.get("/de/account").text
    asked = "customer_id=77&amp;return_to=%2Fde%2Faccount"
    assert f"http://127.0.0.1:9999/de/account/login?{asked}" in page
    shopper.get("/account/login?customer_id=8")
    assert "customer_id=77" not in shopper.get("/account").text


def test_the_port_says_which_shop_is_asked(config: ShopConfig) -> None:
    second = replace(
        config,
        shop_name="Fjord & Fern",
        currency="EUR",
        cookie_tag="_second",
        tone="sea",
        start_url="http://127.0.0.1:1/demo",
    )
    shops = {1: create_shop(config), 2: create_shop(second)}
    both = Client(ByPort(shops))
    pages = [both.get("/", environ_overrides={"SERVER_PORT": port}).text for port in ("1", "2")]
    assert ["Fjord" in page for page in pages] == [False, True]
    assert ["€69.00" in page for page in pages] == [False, True]
    client = shops[2].test_client()
    client.get("/account/login?customer_id=7")
    assert client.get_cookie("nest_bloom_customer_second") is not None
    for path in ("", "/received"):
        assert client.get(f"/demo{path}").headers["Location"] == f"http://127.0.0.1:1/demo{path}"
