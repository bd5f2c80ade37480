"""What the dashboard says of imports."""

import pytest
from sqlalchemy import text

from tests.factories import FixedClock, make_tenant
from webapp.core.db import Database
from webapp.features.orders import queries, service
from webapp.features.orders.messages import BeginImport


def test_import_that_fell_silent_counts_as_failed(database: Database, clock: FixedClock) -> None:
    tenant = make_tenant(database)
    for minutes, state in ((0, "reading"), (14, "reading"), (2, "failed")):
        clock.advance(minutes=minutes)
        with database.transaction(tenant.merchant_id) as ctx:
            if not minutes:
                service.begin_import(ctx, BeginImport(tenant.store_id, ("orders.csv",)))
            assert [i.state for i in queries.latest_imports(ctx)] == [state]


@pytest.mark.parametrize(
    ("topic", "own"),
    [
        ("orders.imported", True),
        ("in.shopify.orders/paid", True),
        ("subscriptions.lost", True),
        ("points.changed", False),
        ("in.shopify.app/uninstalled", False),
    ],
)
def test_only_work_on_orders_counts_as_theirs(database: Database, topic: str, own: bool) -> None:
    tenant = make_tenant(database)
    with database.transaction(tenant.merchant_id) as ctx:
        ctx.emit(topic, "k", {})
        handlers = len(ctx.handlers[topic])
        assert queries.totals(ctx).pending == handlers * own
        ctx.db.execute(text("update deliveries set dead_at = clock_timestamp()"))
        assert queries.totals(ctx).dead == handlers * own
