"""Buying in the demo shop, and the page that shows what services received."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from tests.demo.conftest import Backend
from tests.demo.test_standin_faults import HEADERS, event
from tests.demo.test_standin_services import post
from tests.standins import Standins
from webapp.demo.settings import ShopConfig
from webapp.demo.shop import create_shop
from webapp.demo.standins.host import CONTROL
from webapp.demo.standins.shopify import Shop, webhooks
from webapp.demo.standins.shopify.state import ShopState


@pytest.fixture
def state(standins: Standins, config: ShopConfig, backend: Backend) -> ShopState:
    """The shop at the stand-in; it tells the backend of paid orders."""
    shop = Shop(config.shop_domain, "Nest & Bloom", "USD", "shpat_test", "key", "hush")
    found = standins.shopify.open(shop)
    uri = {"uri": f"{backend.url}/webhooks/shopify"}
    webhooks.create(found, {"topic": "ORDERS_PAID", "webhookSubscription": uri})
    return found


@pytest.fixture
def visitor(standins: Standins, config: ShopConfig, state: ShopState) -> FlaskClient:
    urls = {**standins.urls(), CONTROL: standins.host.desk.url}
    return create_shop(replace(config, standins=urls)).test_client()


def test_what_a_member_buys_is_told_by_webhook(
    visitor: FlaskClient, standins: Standins, state: ShopState, backend: Backend
) -> None:
    visitor.get("/account/login?customer_id=7")
    visitor.post("/cart/add", data={"id": "4005", "quantity": "2"})
    went = visitor.post("/de/cart/checkout")
    (order,) = state.orders.values()
    assert went.headers["Location"] == f"/de/checkout/thank-you?order={order.number}"
    assert (order.customer, order.total, order.locale) == (7, Decimal("144.00"), "de")
    assert standins.shopify.deliveries.wait(5)
    told = [json.loads(body) for _, path, _, body in backend.asked if "webhooks" in path]
    assert [one["customer"]["email"] for one in told] == ["customer-7@example.com"]
    assert str(order.number) in visitor.get(went.headers["Location"]).text
    assert state.orders.keys() == {order.number}
    assert visitor.post("/cart/checkout").headers["Location"] == "/cart"


def test_a_guest_may_buy_and_is_told_to_sign_in(visitor: FlaskClient, state: ShopState) -> None:
    visitor.post("/cart/add", data={"id": "4005"})
    went = visitor.post("/cart/checkout")
    assert [order.customer for order in state.orders.values()] == [None]
    assert "/account/login" in visitor.get(went.headers["Location"]).text


def test_a_shop_that_does_not_answer_keeps_the_cart(client: FlaskClient) -> None:
    client.post("/cart/add", data={"id": "4005"})
    answer = client.post("/cart/checkout")
    assert (answer.status_code, 'role="alert"' in answer.text) == (502, True)
    assert "$72.00" in answer.text


def test_the_page_shows_what_came(visitor: FlaskClient, standins: Standins) -> None:
    url = f"{standins.url('klaviyo')}/api/events/"
    for _ in range(2):
        post(url, event("ntf-<1>"), HEADERS)
    page = visitor.get("/demo/received").text
    assert page.count('<section class="service"') == 10
    assert "ntf-&lt;1&gt;" in page
    assert '<td data-name="Arrived">2</td>' in page
    assert "<code>orders/paid</code>" in page
    assert "http-equiv" not in page
    assert "http-equiv" in visitor.get("/demo/received?live=1").text


def test_a_visitor_lets_a_service_fail_and_work_again(
    visitor: FlaskClient, standins: Standins
) -> None:
    form = {"service": "klaviyo", "fault": "500", "times": "5"}
    went = visitor.post("/demo/received/faults", data=form)
    assert went.headers["Location"] == "/demo/received?done=klaviyo#klaviyo"
    assert "5 to come" in visitor.get("/demo/received").text
    url = f"{standins.url('klaviyo')}/api/events/"
    assert post(url, event("one"), HEADERS).status_code == 500
    visitor.post("/demo/received/faults", data={**form, "fault": "works"})
    assert post(url, event("one"), HEADERS).status_code == 202


@pytest.mark.parametrize(
    ("form", "headers", "status"),
    [
        ({"service": "nobody", "fault": "500"}, {}, 400),
        ({"service": "klaviyo", "fault": "500", "times": "many"}, {}, 400),
        ({"service": "klaviyo", "fault": "500"}, {"Sec-Fetch-Site": "cross-site"}, 403),
    ],
)
def test_wrong_wishes_are_refused(
    visitor: FlaskClient, form: dict[str, str], headers: dict[str, str], status: int
) -> None:
    answer = visitor.post("/demo/received/faults", data=form, headers=headers)
    assert answer.status_code == status


def test_a_page_without_stand_ins_says_so(client: FlaskClient) -> None:
    assert "No stand-ins are running." in client.get("/demo/received").text
