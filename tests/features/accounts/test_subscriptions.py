"""Webhook subscriptions against a shop's stand-in: made, moved, made again after Shopify deleted
them, and what was missed meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text
from werkzeug.serving import make_server

from jobs import schedule as scheduling
from jobs.drain import drain_for
from tests.factories import SECRET, FixedClock, Tenant, make_tenant
from webapp.app import create_app
from webapp.core import discovery, inbox
from webapp.demo.standins import shopify
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import orders
from webapp.demo.standins.shopify.state import Line, ShopState
from webapp.features.accounts.domain.subscriptions import wanted
from webapp.features.accounts.queries import received
from webapp.features.orders import service as orders_service
from webapp.features.orders.messages import MissedPage
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.gateways.shopify_webhooks import ORDERS_A_PAGE
from webapp.parts import Parts

TOKEN = "shpat_subscriptions"
CHECK, CATCH_UP = "accounts.send.subscriptions.due", "orders.send.subscriptions.lost"
APPLY = ("orders.take_paid_orders", "orders.take_customers", "points.award_orders")


@dataclass
class Shop:
    """A connected shop, and our application where it reaches us."""

    parts: Parts
    tenant: Tenant
    admin: shopify.ShopifyAdmin

    @property
    def state(self) -> ShopState:
        return self.admin.states[self.tenant.shop]

    def topics(self) -> tuple[str, ...]:
        return wanted(inbox.received_topics(discovery.handler_names(), "shopify"))

    def hour(self) -> None:
        """The next hour begins, and the subscriptions are checked."""
        self.clock.advance(hours=1)
        scheduling.look(self.parts, {})
        self.drain("accounts.check_subscriptions", CHECK)

    @property
    def clock(self) -> FixedClock:
        assert isinstance(self.parts.clock, FixedClock)
        return self.parts.clock

    def drain(self, *handlers: str) -> None:
        for handler in handlers:
            drain_for(self.parts, handler, 10.0)

    def buy(self, customer: int, amount: str) -> None:
        orders.place(self.state, customer, [Line("Fern", 1, Decimal(amount), 0, 0)])

    def arrive(self) -> None:
        """Everything that is on its way has arrived, or was given up, and is applied."""
        assert self.admin.deliveries.wait(20)
        self.drain(*APPLY)

    def points(self) -> dict[str, int]:
        sql = """
            select external_id, points from customer_identities
            join customer_cards using (merchant_id, customer_id)
        """
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            return dict(map(tuple, ctx.db.execute(text(sql))))

    def told_of(self) -> dict[str, str]:
        """Topic, in Shopify's spelling, -> the address that is told."""
        return {hook.topic: hook.uri for hook in self.state.hooks.values()}

    def seen(self) -> received.ShopSubscriptions:
        """What the page shows of the shop."""
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            (found,) = received.subscriptions(ctx, len(self.topics()))
            return found

    def losses(self) -> list[str]:
        sql = "select payload ->> 'topic' from outbox where topic = 'subscriptions.lost'"
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            return list(ctx.db.scalars(text(f"{sql} order by 1")))


@contextmanager
def listening(parts: Parts) -> Iterator[str]:
    """Our application at an address of this machine."""
    server = make_server("127.0.0.1", 0, create_app(parts), threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, tmp_path: Path) -> Iterator[Shop]:
    tenant = make_tenant(committed.database, access_token=TOKEN)
    served = shopify.Shop(tenant.shop, "Nest", "USD", TOKEN, app_secret=SECRET)
    store = MetafieldStore(tmp_path / "shopify.db", clock)
    admin = shopify.ShopifyAdmin(store, {tenant.shop: served}, clock=clock)
    admin.deliveries.rules.pause = 0.01
    with StandinServer(admin) as server, listening(committed) as address:
        way_out = HttpShopifyAdmin(f"{server.url}/{{shop}}", committed.gateways.caller)
        gateways = replace(committed.gateways, shopify=way_out, base_url=address)
        yield Shop(replace(committed, gateways=gateways), tenant, admin)


def test_a_connected_shop_is_asked_for_everything_once(shop: Shop) -> None:
    for _ in range(2):
        shop.hour()
    address = f"{shop.parts.gateways.base_url}/webhooks/shopify"
    names = {topic.upper().replace("/", "_") for topic in shop.topics()}
    assert shop.told_of() == dict.fromkeys(names, address)
    seen = shop.seen()
    assert (seen.told, seen.topics, seen.refused, seen.lost_at) == (
        len(names),
        len(names),
        {},
        None,
    )
    assert seen.checked_at == shop.clock.at


def test_what_the_shop_tells_becomes_points(shop: Shop) -> None:
    shop.hour()
    shop.buy(7, "30.50")
    shop.buy(8, "12.00")
    shop.arrive()
    assert shop.points() == {"7": 30, "8": 12}
    assert {attempt.status for attempt in shop.admin.deliveries.tries} == {200}


def test_a_subscription_at_an_old_address_is_moved(shop: Shop) -> None:
    shop.hour()
    for hook in shop.state.hooks.values():
        hook.uri = "http://127.0.0.1:9/old"
    numbers = set(shop.state.hooks)
    shop.hour()
    assert set(shop.told_of().values()) == {f"{shop.parts.gateways.base_url}/webhooks/shopify"}
    assert set(shop.state.hooks) == numbers


def test_what_was_missed_while_a_subscription_was_deleted_is_fetched(shop: Shop) -> None:
    shop.hour()
    shop.buy(7, "30.50")
    shop.arrive()
    away = "http://127.0.0.1:9/webhooks/shopify"
    for hook in shop.state.hooks.values():
        hook.uri = away
    shop.buy(7, "5.00")
    shop.buy(8, "12.00")
    shop.arrive()
    assert "ORDERS_PAID" not in shop.told_of()
    assert shop.points() == {"7": 30}
    shop.hour()
    assert "ORDERS_PAID" in shop.told_of()
    assert "orders/paid" in shop.losses()
    shop.drain(CATCH_UP, *APPLY)
    assert shop.points() == {"7": 35, "8": 12}
    assert shop.seen().lost_at == shop.clock.at
    shop.hour()
    shop.drain(CATCH_UP, *APPLY)
    assert shop.points() == {"7": 35, "8": 12}


def test_many_missed_orders_come_in_pages(shop: Shop) -> None:
    shop.hour()
    shop.state.hooks.clear()
    for number in range(ORDERS_A_PAGE + 20):
        shop.buy(1 + number % 9, "1.00")
    shop.hour()
    shop.drain(CATCH_UP, *APPLY)
    assert sum(shop.points().values()) == ORDERS_A_PAGE + 20
    pages = [topic for topic in shop.losses() if topic == "orders/paid"]
    assert len(pages) == 2


def test_orders_from_before_the_loss_are_left_to_imports(shop: Shop) -> None:
    at = shop.clock.at - timedelta(days=2)
    orders.place(shop.state, 7, [Line("Fern", 1, Decimal("9.00"), 0, 0)], created_at=at)
    shop.hour()
    shop.state.hooks.clear()
    shop.hour()
    shop.drain(CATCH_UP, *APPLY)
    assert shop.points() == {}


@pytest.mark.parametrize("days", [8, 90])
def test_a_shop_that_comes_back_after_long_is_not_caught_up_with(shop: Shop, days: int) -> None:
    shop.hour()
    shop.state.hooks.clear()
    shop.clock.advance(days=days)
    shop.hour()
    assert (shop.losses(), shop.seen().told) == ([], len(shop.topics()))


def test_what_the_shop_refuses_is_shown_and_stops_nothing(shop: Shop) -> None:
    gateways = replace(shop.parts.gateways, base_url="http://shop.example")
    shop.parts = replace(shop.parts, gateways=gateways)
    shop.hour()
    seen = shop.seen()
    assert (seen.told, set(seen.refused)) == (0, set(shop.topics()))
    assert "https" in seen.refused["orders/paid"]
    shop.parts = replace(shop.parts, gateways=replace(gateways, base_url="https://shop.example"))
    shop.hour()
    assert (shop.seen().told, shop.seen().refused, shop.losses()) == (len(shop.topics()), {}, [])


def test_a_shop_that_does_not_answer_is_asked_again(shop: Shop) -> None:
    shop.admin.faults.replace({"next": [{"status": 500}]})
    shop.hour()
    assert shop.told_of() == {}
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        ctx.db.execute(text("update deliveries set due_at = clock_timestamp()"))
    shop.drain(CHECK)
    assert len(shop.told_of()) == len(shop.topics())


def test_a_shop_that_is_not_connected_is_left_alone(shop: Shop) -> None:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        ctx.db.execute(text("update stores set access_token = null"))
    shop.hour()
    assert (shop.admin.calls, shop.seen().connected) == (0, False)


@pytest.mark.parametrize("handler", [CHECK, CATCH_UP])
def test_a_token_that_is_refused_stops_only_its_shop(shop: Shop, handler: str) -> None:
    shop.hour()
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        lost = {"topic": "orders/paid", "since": "2026-03-14T00:00:00Z"}
        ctx.emit("subscriptions.lost", "k", {**lost, "store_id": shop.tenant.store_id})
        ctx.emit("subscriptions.due", "k", {"store_id": shop.tenant.store_id})
    shop.admin.faults.replace({"next": [{"status": 401}]})
    shop.drain(handler)
    key = f"shopify:{shop.tenant.store_id}"
    states = shop.parts.breaker.states(("shopify", key))
    assert (states["shopify"].failures, states[key].state) == (0, "open")


def test_a_missed_order_that_cannot_be_read_stops_no_other(shop: Shop) -> None:
    store, since = (shop.tenant.store_id, shop.tenant.shop, TOKEN), "2026-03-14T00:00:00Z"
    page = MissedPage(*store, "orders/paid", since, None)
    money = {"shopMoney": {"amount": "30.50", "currencyCode": "USD"}}
    good = {"createdAt": "2026-03-14T11:00:00Z", "totalPriceSet": money, "customer": {"id": "7"}}
    good["displayFinancialStatus"] = "PAID"
    nodes = [{**good, "id": "1"}, {**good, "id": "2", "totalPriceSet": None}, {**good, "id": "3"}]
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        orders_service.take_missed(ctx, page, nodes, "next page")
        named = ctx.db.scalar(
            text("select metadata from audit_logs where action = 'missed_orders_refused'")
        )
    shop.drain(*APPLY)
    assert (shop.points(), named["orders"]) == ({"7": 60}, ["2"])
    assert shop.losses() == ["orders/paid"]
