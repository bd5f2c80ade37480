"""points/sync: a store shows the right balance again, whatever somebody did to it by hand."""

import pytest

from tests.jobs.bench import PUSH, ConnectedShop
from webapp.demo.standins.metafields import Entry
from webapp.features.points import service
from webapp.features.points.messages import SyncPoints


def sync(shop: ConnectedShop, customer: str = "7") -> int:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        message = SyncPoints(customer, (shop.tenant.shop, shop.tenant.store_id))
        return service.sync_points(ctx, message).points_balance


def change_by_hand(shop: ConnectedShop, value: str) -> None:
    owner = "gid://shopify/Customer/7"
    shop.admin.store.write(
        shop.tenant.shop,
        [Entry(owner, "$app:loyalnest", "points_balance", "number_integer", value)],
    )


def test_changed_metafield_is_repaired(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    change_by_hand(shop, "999999")
    assert sync(shop) == 30
    shop.drain(PUSH)
    assert shop.shown("7") == "30"


def test_store_named_twice_is_asked_once(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    sync(shop)
    assert len(shop.deliveries(PUSH)) == 1


def test_sync_changes_neither_ledger_nor_card(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50", "8,2026-01-01,5.00")
    sql = "select (select json_agg(t) from {} t)::text"
    tables = ("points_transactions", "customer_cards", "users")
    before = [shop.ask(sql.format(table)) for table in tables]
    for _ in range(3):
        sync(shop)
    shop.drain(PUSH)
    assert [shop.ask(sql.format(table)) for table in tables] == before


@pytest.mark.parametrize("known", [True, False])
def test_only_stores_that_know_the_member_are_asked(shop: ConnectedShop, known: bool) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    if not known:
        shop.ask("update stores set access_token = null")
    sync(shop)
    assert bool(shop.deliveries(PUSH)) == known
