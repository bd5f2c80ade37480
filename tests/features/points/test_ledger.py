"""From orders to points: once each, append-only, and the projections follow."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from jobs.drain import drain_for
from tests.factories import Tenant, import_orders, make_tenant, write_orders
from webapp.features.points import queries, service
from webapp.features.points.domain.earning import points_for
from webapp.features.points.messages import OrderRange
from webapp.parts import Parts

HANDLER = "points.award_orders"


@pytest.mark.parametrize(
    ("minor", "exponent", "points"),
    [(1299, 2, 12), (99, 2, 0), (100, 2, 1), (1999, 0, 1999), (19_999, 3, 19), (0, 2, 0)],
)
def test_one_point_for_each_whole_unit(minor: int, exponent: int, points: int) -> None:
    assert points_for(minor, exponent) == points


@given(st.integers(min_value=0, max_value=10**12), st.sampled_from([0, 2, 3]))
def test_points_never_exceed_the_amount(minor: int, exponent: int) -> None:
    points = points_for(minor, exponent)
    assert points * 10**exponent <= minor < (points + 1) * 10**exponent


def awarded(parts: Parts, path: Path, *rows: str, currency: str = "USD") -> Tenant:
    tenant = make_tenant(parts.database, currency=currency)
    import_orders(parts.database, tenant, write_orders(path / "orders.csv", *rows))
    while drain_for(parts, HANDLER, 1):
        continue
    return tenant


def test_orders_become_entries_balance_and_card(committed: Parts, tmp_path: Path) -> None:
    rows = ("7,2026-01-01,10.50,USD", "7,2026-01-02,0.99,USD", "8,2026-01-03,5.00,USD")
    tenant = awarded(committed, tmp_path, *rows)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        totals = queries.totals(ctx)
        assert (totals.members, totals.points, totals.entries) == (2, 15, 2)
        assert ctx.db.scalar(text("select sum(points_balance) from users")) == 15


def test_currency_without_decimals_counts_whole_units(committed: Parts, tmp_path: Path) -> None:
    tenant = awarded(committed, tmp_path, "7,2026-01-01,1999,JPY", currency="JPY")
    with committed.database.transaction(tenant.merchant_id) as ctx:
        assert queries.totals(ctx).points == 1999


def test_same_orders_awarded_again_change_nothing(committed: Parts, tmp_path: Path) -> None:
    tenant = awarded(committed, tmp_path, "7,2026-01-01,10.00,USD")
    with committed.database.transaction(tenant.merchant_id) as ctx:
        service.award_orders(ctx, OrderRange(tenant.store_id, 0, 10**12))
        totals = queries.totals(ctx)
        assert (totals.points, totals.entries) == (10, 1)


@pytest.mark.parametrize(
    "statement", ["update points_transactions set points = 1", "delete from points_transactions"]
)
def test_entries_can_neither_change_nor_go(
    committed: Parts, tmp_path: Path, statement: str
) -> None:
    tenant = awarded(committed, tmp_path, "7,2026-01-01,10.00,USD")
    with (
        pytest.raises(DBAPIError, match=r"permission denied|only grows"),
        committed.database.transaction(tenant.merchant_id) as ctx,
    ):
        ctx.db.execute(text(statement))


def test_member_sees_the_newest_entries_first(committed: Parts, tmp_path: Path) -> None:
    rows = [f"7,2026-01-0{day},{day}.00,USD" for day in range(1, 8)]
    tenant = awarded(committed, tmp_path, *rows)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        customer = ctx.db.scalar(text("select customer_id from users"))
        assert [line.points for line in queries.receipts(ctx, str(customer), 5)] == [7, 6, 5, 4, 3]
        assert queries.spendable(ctx, str(customer)) == 28


def test_guests_order_earns_nothing_but_counts_as_an_order(
    committed: Parts, tmp_path: Path
) -> None:
    tenant = awarded(committed, tmp_path, ",2026-01-01,10.00,USD")
    with committed.database.transaction(tenant.merchant_id) as ctx:
        assert queries.totals(ctx).entries == 0
        assert ctx.db.scalar(text("select count(*) from orders")) == 1
