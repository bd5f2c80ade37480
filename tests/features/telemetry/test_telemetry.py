"""Product events: counted in our own tables, exactly once."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs.drain import drain_for
from tests.factories import FixedClock, Tenant, make_tenant
from webapp.core.tenancy import SYSTEM, Actor
from webapp.parts import Parts

COUNT = "telemetry.count_events"
ADMIN = Actor("admin", "adm_1")


@pytest.fixture
def tenant(committed: Parts) -> Tenant:
    return make_tenant(committed.database)


def track(parts: Parts, tenant: Tenant, *events: str, actor: Actor = SYSTEM) -> None:
    with parts.database.transaction(tenant.merchant_id, actor) as ctx:
        for event in events:
            ctx.track(event, stores=2)


def counts(parts: Parts, tenant: Tenant) -> list[tuple[str, str, int]]:
    sql = text("select day::text, event, count from product_events order by day, event")
    with parts.database.transaction(tenant.merchant_id) as ctx:
        return [tuple(row) for row in ctx.db.execute(sql)]


def test_events_are_counted_by_the_day(committed: Parts, tenant: Tenant, clock: FixedClock) -> None:
    track(committed, tenant, "multi_store_sync", "multi_store_sync", "slack_joined")
    drain_for(committed, COUNT, 1)
    clock.advance(days=1)
    track(committed, tenant, "multi_store_sync")
    drain_for(committed, COUNT, 1)
    day, next_day = clock.at.date() - timedelta(days=1), clock.at.date()
    assert counts(committed, tenant) == [
        (f"{day}", "multi_store_sync", 2),
        (f"{day}", "slack_joined", 1),
        (f"{next_day}", "multi_store_sync", 1),
    ]
