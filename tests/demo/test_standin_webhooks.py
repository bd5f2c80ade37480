"""Webhooks of the stand-in: signed, repeated, given up."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from tests.demo.conftest import Backend
from tests.factories import FixedClock
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import Shop, ShopifyAdmin, orders, webhooks
from webapp.demo.standins.shopify.state import Line, ShopState

DOMAIN = "shop-name.myshopify.com"
FERN = [Line("Fern", 2, Decimal("19.00"))]


@pytest.fixture
def admin(tmp_path: Path, clock: FixedClock) -> Iterator[ShopifyAdmin]:
    shop = Shop(DOMAIN, "Nest & Bloom", "USD", "shpat_test", "key", "hush")
    made = ShopifyAdmin(MetafieldStore(tmp_path / "s.db", clock), {DOMAIN: shop}, clock=clock)
    made.deliveries.rules.pause = 0.01
    yield made
    made.close()


@pytest.fixture
def state(admin: ShopifyAdmin, backend: Backend) -> ShopState:
    """A shop that tells the backend of paid orders and of a removed app."""
    found = admin.states[DOMAIN]
    for topic in ("ORDERS_PAID", "APP_UNINSTALLED"):
        uri = {"uri": f"{backend.url}/webhooks/shopify"}
        webhooks.create(found, {"topic": topic, "webhookSubscription": uri})
    return found


def test_a_paid_order_is_told_with_a_signature(
    admin: ShopifyAdmin, state: ShopState, backend: Backend
) -> None:
    order = orders.place(state, 7, FERN)
    assert admin.deliveries.wait(5)
    ((method, path, headers, body),) = backend.asked
    mac = base64.b64encode(hmac.new(b"hush", body, hashlib.sha256).digest()).decode()
    assert (method, path) == ("POST", "/webhooks/shopify")
    assert headers["x-shopify-hmac-sha256"] == mac
    assert headers["x-shopify-topic"] == "orders/paid"
    assert headers["x-shopify-shop-domain"] == DOMAIN
    told = json.loads(body)
    assert (told["id"], told["total_price"], told["customer"]["id"]) == (order.number, "38.00", 7)


def test_a_failure_is_tried_again_under_the_same_id(
    admin: ShopifyAdmin, state: ShopState, backend: Backend
) -> None:
    backend.reply = (500, {}, b"")
    admin.deliveries.rules.pause = 0.3
    orders.place(state, 7, FERN)
    while len(backend.asked) < 3:
        assert not admin.deliveries.wait(0.005)
    backend.reply = (200, {}, b"")
    assert admin.deliveries.wait(5)
    ids = {headers["x-shopify-webhook-id"] for _, _, headers, _ in backend.asked}
    assert len(ids) == 1
    assert [hook.failures for hook in state.hooks.values()] == [0, 0]


def test_eight_failures_in_a_row_end_a_subscription(
    admin: ShopifyAdmin, state: ShopState, backend: Backend
) -> None:
    backend.reply = (503, {}, b"")
    orders.place(state, 7, FERN)
    assert admin.deliveries.wait(5)
    assert [hook.topic for hook in state.hooks.values()] == ["APP_UNINSTALLED"]
    assert [one.status for one in admin.deliveries.tries] == [503] * 8


def test_a_shop_can_be_told_what_happens(
    admin: ShopifyAdmin, state: ShopState, backend: Backend
) -> None:
    with StandinServer(admin) as server, httpx.Client(trust_env=False) as client:

        def tell(what: str, **said: object) -> httpx.Response:
            return client.post(f"{server.url}/_shops/{DOMAIN}/{what}", json=said)

        lines = [{"title": "Fern", "quantity": 2, "price": "19.00"}]
        placed = tell("orders", customer=7, lines=lines, paid=False).json()
        assert backend.asked == []
        assert tell("payments", order=placed["order"]).status_code == 200
        assert tell("refunds", order=placed["order"], amount="38.00").status_code == 200
        assert state.orders[placed["order"]].state == "REFUNDED"
        assert tell("customers", customer=7, email="ada@example.com").status_code == 200
        assert tell("customers", customer=7, shoe_size=43).status_code == 422
        assert tell("facts", scopes=["read_orders"], protected=False).status_code == 200
        assert tell("orders", customer="x").status_code == 422
        assert tell("explode").status_code == 404
        assert tell("webhooks", retries=1, pause=0).json() == {"retries": 1, "pause": 0.0}
        assert tell("uninstall").status_code == 200
        assert admin.deliveries.wait(5)
    topics = [headers["x-shopify-topic"] for _, _, headers, _ in backend.asked]
    assert topics == ["orders/paid", "app/uninstalled"]
    assert (state.tokens, state.hooks) == (set(), {})


def test_topics_are_spelt_in_two_ways() -> None:
    names = ("ORDERS_PAID", "APP_SUBSCRIPTIONS_UPDATE", "CUSTOMERS_EMAIL_MARKETING_CONSENT_UPDATE")
    assert [webhooks.header_of(name) for name in names] == [
        "orders/paid",
        "app_subscriptions/update",
        "customers_email_marketing_consent/update",
    ]
