"""Past orders are read from the shop, page by page or from the file of a bulk operation, and tell
nobody of the points they bring."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import text

from jobs.drain import drain_for
from tests.entry.embedding import bearer
from tests.entry.shopify_admin import SCOPES, SHOP, ShopifyShop, shopify_shop
from tests.factories import FixedClock
from webapp.demo.standins.shopify import orders, privacy
from webapp.demo.standins.shopify.state import Line
from webapp.features.orders import service
from webapp.parts import Parts

BULK = "orders.send.orders.bulk_due"
IMPORT = "select state, read, taken, skipped from imports order by started_at"


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, tmp_path: Path) -> Iterator[ShopifyShop]:
    """A shop with 130 orders of the last month, and one of last year that is half given back."""
    with shopify_shop(committed, clock, tmp_path) as started:
        for number in range(130):
            at = clock.at - timedelta(days=30, minutes=number)
            orders.place(started.state, 7, [Line("Pot", 1, Decimal(10))], created_at=at)
        old = clock.at - timedelta(days=400)
        first = orders.place(started.state, None, [Line("Pot", 1, Decimal(20))], created_at=old)
        orders.refund(started.state, first.number, Decimal(5))
        started.install()
        yield started


def bring(shop: ShopifyShop) -> None:
    store = shop.address()
    with shop.parts.database.transaction(store.merchant_id) as ctx:
        service.ask_history(ctx, store.store_id)
    shop.clock.advance(seconds=1)
    for handler in ("orders.send.orders.history_asked", "points.award_orders"):
        while drain_for(shop.parts, handler, 1):
            continue


def test_sixty_days_come_in_pages_and_only_once(shop: ShopifyShop) -> None:
    bring(shop)
    assert shop.rows(IMPORT) == [("done", 130, 130, 0)]
    assert shop.rows("select count(*), sum(amount_minor) from orders") == [(130, 130_000)]
    assert shop.rows("select sum(points) from points_transactions") == [(1_300,)]
    assert shop.rows("select count(*) from outbox where topic = 'points.earned'") == [(0,)]
    bring(shop)
    assert shop.rows(IMPORT)[1] == ("done", 130, 0, 130)
    assert shop.rows("select count(*) from orders") == [(130,)]


def grant_all(shop: ShopifyShop) -> None:
    shop.state.change(scopes=SCOPES | {"read_all_orders"})
    shop.state.happened("app/scopes_update", {"current": [*sorted(SCOPES), "read_all_orders"]})
    shop.hear()


def step(shop: ShopifyShop) -> bool:
    """Take the next steps of a bulk import, without the wait before them; False when there are
    none."""
    with shop.parts.database.transaction(shop.address().merchant_id) as ctx:
        sql = "update deliveries set due_at = now() - interval '1 second' where handler = :h"
        waiting = ctx.db.execute(text(sql + " returning 1"), {"h": BULK}).all()
    drain_for(shop.parts, BULK, 1)
    return bool(waiting)


def finish(shop: ShopifyShop) -> None:
    while step(shop):
        continue
    while drain_for(shop.parts, "points.award_orders", 1):
        continue


def ask(shop: ShopifyShop) -> None:
    store = shop.address()
    with shop.parts.database.transaction(store.merchant_id) as ctx:
        service.ask_history(ctx, store.store_id)
    shop.clock.advance(seconds=1)


def test_shop_that_grants_all_orders_gives_all_by_a_file(shop: ShopifyShop) -> None:
    grant_all(shop)
    assert "All orders can be read" in shop.open("history").text
    ask(shop)
    finish(shop)
    # 131 orders and the refund of one, which has no customer.
    assert shop.rows(IMPORT) == [("done", 132, 132, 0)]
    assert shop.rows("select amount_minor, basis_minor, order_key is not null from refunds") == [
        (500, 500, True)
    ]
    assert shop.rows("select sum(points) from points_transactions") == [(1_300,)]
    ask(shop)
    finish(shop)
    assert shop.rows(IMPORT)[1] == ("done", 132, 0, 132)


def test_page_says_what_is_missing(shop: ShopifyShop) -> None:
    page = shop.open("history").text
    for shown in (SHOP, "The last 60 days can be read", "Why not everything?", "customer number"):
        assert shown in page


def test_privacy_requests_are_shown_and_answered_on_a_page(shop: ShopifyShop) -> None:
    page = shop.open("privacy").text
    assert "No requests yet" in page
    asked = {"topic": "customers/data_request", "customer": 7}
    privacy.ask(shop.state, shop.admin.deliveries, asked)
    assert shop.admin.deliveries.wait(10)
    drain_for(shop.parts, "orders.take_data_requests", 1)
    page = shop.open("privacy").text
    assert "Wants to know what is held" in page
    assert "1 to answer" in page
    (request_id,) = shop.rows("select request_id from privacy_requests")[0]
    headers = bearer(shop.token())
    sent = {"request": str(request_id)}
    record = shop.web.post("/app/privacy/record", headers=headers, data=sent)
    assert record.status_code == 200
    assert "data:application/json;base64," in record.text
    assert "Download the record" in record.text
    shop.web.post("/app/privacy/answered", headers=headers, data=sent)
    assert "Nothing to answer" in shop.open("privacy").text
