"""Scores and segments: the rule in Python, the same rule in SQL, and facts from orders."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from jobs.drain import drain_for
from tests.factories import Tenant, import_orders, make_tenant, write_orders
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.features.rfm import queries, service
from webapp.features.rfm.domain.scoring import SEGMENTS, score, segment
from webapp.parts import Parts

HANDLER = "rfm.absorb_and_score"
FACTS = st.lists(
    st.tuples(
        st.dates(date(2025, 1, 1), date(2025, 1, 20)),
        st.integers(min_value=1, max_value=6),
        st.integers(min_value=-5, max_value=30),
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("scores", "name"),
    [
        ((4, 4, 4), "Champions"),
        ((5, 3, 4), "Loyal"),
        ((3, 3, 3), "Loyal"),
        ((4, 1, 4), "New"),
        ((2, 4, 4), "At-Risk"),
        ((3, 1, 4), "At-Risk"),
        ((3, 1, 3), "Inactive"),
    ],
)
def test_first_fitting_segment_counts(scores: tuple[int, int, int], name: str) -> None:
    assert segment(*scores) == name


def test_equal_values_get_equal_scores_and_one_time_buyers_one() -> None:
    assert [score(value, [1, 1, 2, 3]) for value in (1, 2, 3, 4)] == [1, 3, 4, 5]


@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 5))
def test_everybody_has_exactly_one_segment(r: int, f: int, m: int) -> None:
    assert segment(r, f, m) in SEGMENTS


def enter_facts(ctx: Context, tenant: Tenant, facts: list[tuple[date, int, int]]) -> None:
    ctx.db.execute(text("delete from customer_stats"))
    for number, (day, days, net) in enumerate(facts):
        values = {"m": tenant.merchant_id, "s": tenant.store_id, "c": f"c{number}"}
        ctx.db.execute(
            text(
                "insert into users (merchant_id, customer_id, shared_customer_id)"
                " values (:m, :c, :c) on conflict do nothing"
            ),
            values,
        )
        ctx.db.execute(
            text("insert into customer_stats values (:m, :s, :c, :day, :day, :days, 1, :net)"),
            {**values, "day": day, "days": days, "net": net},
        )


def quintile(values: list[object], share: float) -> object:
    """The smallest value with at least this share of the values at or below it."""
    ordered = sorted(values)  # type: ignore[type-var]  # one type at a time
    return next(v for i, v in enumerate(ordered, 1) if i >= share * len(ordered) - 1e-9)


@given(FACTS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_sql_scores_like_the_rule(database: Database, facts: list[tuple[date, int, int]]) -> None:
    tenant = make_tenant(database)
    with database.transaction(tenant.merchant_id) as ctx:
        enter_facts(ctx, tenant, facts)
        service.score_customers(ctx, tenant.store_id)
        shop = queries.shops(ctx)[0]
        cuts = {"recency": shop.recency, "frequency": shop.frequency, "monetary": shop.monetary}
        scored = queries.scores_of(ctx, tenant.store_id, {k: list(v) for k, v in cuts.items()})
    columns = list(zip(*facts, strict=True))
    for column, found in zip(columns, cuts.values(), strict=True):
        assert list(found) == [quintile(list(column), q) for q in (0.2, 0.4, 0.6, 0.8)]
    for number, values in enumerate(facts):
        r, f, m = (score(v, c) for v, c in zip(values, cuts.values(), strict=True))
        assert scored[f"c{number}"] == (r, f, m, segment(r, f, m))


def absorbed(parts: Parts, tenant: Tenant) -> tuple[object, ...]:
    while drain_for(parts, HANDLER, 1):
        continue
    with parts.database.transaction(tenant.merchant_id) as ctx:
        sql = "select first_day, last_day, days, orders, net_minor from customer_stats"
        return tuple(ctx.db.execute(text(sql)).one())


def test_days_are_the_shops_calendar_days(committed: Parts, tmp_path: Path) -> None:
    tenant = make_tenant(committed.database, timezone="America/New_York")
    rows = ("7,2026-02-05T20:00:00Z,1.00,USD", "7,2026-02-07T03:26:00Z,2.00,USD")
    import_orders(committed.database, tenant, write_orders(tmp_path / "o.csv", *rows))
    facts = (date(2026, 2, 5), date(2026, 2, 6), 2, 2, 300)
    assert absorbed(committed, tenant) == facts


def test_refunds_lower_the_net_amount_and_nothing_else(committed: Parts, tmp_path: Path) -> None:
    tenant = make_tenant(committed.database)
    orders = write_orders(tmp_path / "o.csv", "7,2026-01-01,10.00,USD", "7,2026-01-01,5.00,USD")
    refunds = write_orders(
        tmp_path / "r.csv",
        "7,2026-03-01,-4.00,USD",
        header="customer_id,refunded_at,amount,currency",
    )
    import_orders(committed.database, tenant, orders, refunds=(refunds,))
    day = date(2026, 1, 1)
    assert absorbed(committed, tenant) == (day, day, 1, 2, 1100)


def test_late_order_is_absorbed_into_the_same_facts(committed: Parts, tmp_path: Path) -> None:
    tenant = make_tenant(committed.database)
    for name, row in (("a", "7,2026-01-09,1.00,USD"), ("b", "7,2026-01-02,1.00,USD")):
        file = write_orders(tmp_path / name, row)
        import_orders(committed.database, tenant, file)
        facts = absorbed(committed, tenant)
    assert facts == (date(2026, 1, 2), date(2026, 1, 9), 2, 2, 200)
