"""How many points an order brings, under which rules, and from when until when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import FixedClock
from tests.features.points.ledgers import Shop
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points import queries, service
from webapp.features.points.domain.earning import FIRST_RULE, points_for

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def shop(database: Database, clock: FixedClock) -> Shop:
    return Shop(database, clock)


@pytest.mark.parametrize(
    ("currency", "minor", "rate", "points"),
    [("JPY", 1999, "0.0061", 12), ("KWD", 19_999, "3.02", 60), ("EUR", 1999, "1", 19)],
)
def test_money_of_every_currency(
    database: Database, clock: FixedClock, currency: str, minor: int, rate: str, points: int
) -> None:
    exponent = {"JPY": 0, "KWD": 3, "EUR": 2}[currency]
    assert points_for(minor, exponent, Decimal(rate)) == points
    shop = Shop(database, clock, currency=currency)
    shop.rule({shop.store_id: rate})
    home = shop.member()
    shop.order(home, minor)
    assert shop.entries(home) == [("earn", points)]


@given(
    minor=st.integers(0, 10**13),
    exponent=st.sampled_from([0, 2, 3]),
    rate=st.decimals("0", "9999", places=6),
)
def test_points_are_rounded_down_once(minor: int, exponent: int, rate: Decimal) -> None:
    points = points_for(minor, exponent, rate)
    micro = int(rate.scaleb(6))
    assert points * 10 ** (exponent + 6) <= minor * micro < (points + 1) * 10 ** (exponent + 6)


def test_goods_count_and_gift_cards_do_not(shop: Shop) -> None:
    home = shop.member()
    shop.order(home, 5000, basis=0)
    shop.order(home, 12_000, basis=8000)
    assert shop.entries(home) == [("earn", 80)]


def test_live_orders_earn_by_the_rules_when_they_were_placed(shop: Shop) -> None:
    home, before = shop.member(), shop.clock.at
    shop.clock.advance(days=2)
    shop.rule({shop.store_id: "2"})
    shop.clock.advance(days=2)
    shop.rule({shop.store_id: "3"})
    for at in (before, before + timedelta(days=2), before + timedelta(days=3), shop.clock.at):
        shop.order(home, 1000, at=at)
    sql = "select rule_version, points from points_transactions order by transaction_id"
    assert shop.rows(sql) == [(1, 10), (2, 20), (2, 20), (3, 30)]


def test_history_earns_by_the_rules_of_today(shop: Shop) -> None:
    home, before = shop.member(), shop.clock.at - timedelta(days=300)
    shop.rule({shop.store_id: "2"}, expiry_days=100)
    shop.order(home, 1000, at=before, live=False)
    [(version, points, expires)] = shop.rows(
        "select rule_version, points, expires_at from points_transactions"
    )
    assert (version, points, expires) == (2, 20, datetime(2026, 6, 23, tzinfo=UTC))
    assert shop.rows("select 1 from outbox where topic = 'points.earned'") == []


def test_history_expires_from_the_order_where_the_merchant_wants_it(shop: Shop) -> None:
    home = shop.member()
    shop.rule(expiry_days=100, imports_expire_from="order")
    shop.order(home, 1000, at=shop.clock.at - timedelta(days=300), live=False)
    shop.order(home, 3000, at=shop.clock.at - timedelta(days=30), live=False)
    assert shop.entries(home) == [("earn", 10), ("expire", -10), ("earn", 30)]
    assert (shop.spendable(home), shop.card(home)) == (30, (30, 0))


def test_points_wait_for_the_return_window(shop: Shop) -> None:
    shop.rule(hold_days=14)
    home = shop.member()
    shop.order(home, 1000)
    assert (shop.spendable(home), shop.card(home)) == (0, (0, 10))
    shop.clock.advance(days=14, seconds=-1)
    assert shop.spendable(home) == 0
    shop.clock.advance(seconds=1)
    # Nothing has run: the card is as it was, and the points can be spent.
    assert (shop.spendable(home), shop.card(home)) == (10, (0, 10))
    with shop.open() as ctx:
        service.lock_member(ctx, home)
    assert shop.card(home) == (10, 0)


def test_points_last_to_the_end_of_the_day_where_the_store_is(
    database: Database, clock: FixedClock
) -> None:
    clock.at = datetime(2026, 1, 31, 23, 30, tzinfo=NEW_YORK).astimezone(UTC)
    shop = Shop(database, clock, timezone="America/New_York")
    shop.rule(expiry_days=365)
    home = shop.member()
    shop.order(home, 10_000)
    clock.at = datetime(2027, 2, 1, 4, 59, 59, tzinfo=UTC)
    shop.redeem(home, 30)
    clock.at = datetime(2027, 2, 1, 5, 0, tzinfo=UTC)
    # Nothing has run since, and the card says what it said.
    assert (shop.card(home), shop.spendable(home)) == ((70, 0), 0)
    with pytest.raises(AppError, match="insufficient_points"):
        shop.redeem(home, 1)
    with shop.open() as ctx:
        service.ask_to_settle(ctx)
        service.settle_members(ctx, [home])
    assert (shop.entries(home)[-1], shop.card(home)) == (("expire", -70), (0, 0))
    [(at,)] = shop.rows("select occurred_at from points_transactions where type = 'expire'")
    assert at == datetime(2027, 2, 1, 5, 0, tzinfo=UTC)


def test_those_whose_time_has_come_are_settled(shop: Shop) -> None:
    shop.rule(expiry_days=1)
    one, two = shop.member(), shop.member()
    shop.order(one, 1000)
    shop.clock.advance(days=1)
    shop.order(two, 1000)
    shop.clock.advance(days=1)
    with shop.open() as ctx:
        service.ask_to_settle(ctx)
    [(told,)] = shop.rows("select payload from outbox where topic = 'points.due'")
    assert told == {"customers": [one]}
    with shop.open() as ctx:
        service.settle_members(ctx, told["customers"])
        service.settle_members(ctx, [two])
    assert shop.rows("select points, version from customer_cards order by points") == [
        (0, 2),
        (10, 1),
    ]


@pytest.mark.parametrize("hold_days", [0, 1, 30])
def test_rules_say_the_same_in_python_and_in_sql(
    database: Database, clock: FixedClock, hold_days: int
) -> None:
    """Over a change of the clocks, which the domain and the statement must count alike."""
    shop = Shop(database, clock, timezone="America/New_York")
    clock.at = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
    shop.rule(hold_days=hold_days, expiry_days=hold_days + 1, valid_from=clock.at)
    home = shop.member()
    shop.order(home, 1000)
    with shop.open() as ctx:
        rule = queries.rule_at(ctx, ctx.now)
        expected = (
            rule.available_at(ctx.now, NEW_YORK),
            rule.expires_at(ctx.now, NEW_YORK),
        )
        assert queries.bonus_expires_at(ctx, shop.store_id, ctx.now) == expected[1]
    assert shop.rows("select available_at, expires_at from points_lots") == [expected]


def test_merchant_who_changed_nothing_has_the_first_rule(shop: Shop) -> None:
    with shop.open() as ctx:
        assert queries.rule_at(ctx, ctx.now) is FIRST_RULE


def test_score_counts_this_months_orders_only(shop: Shop) -> None:
    home = shop.member()
    shop.order(home, 9000, at=shop.clock.at - timedelta(days=30))
    order = shop.order(home, 5000)
    shop.credit(home, 700)
    shop.refund(order, 2000)
    score = "select score, score_net, score_cycle from customer_cards"
    assert shop.rows(score) == [(30, 30, "2026-03")]
    # A refund of what last month counted goes below zero, which the board does not show.
    old = shop.order(home, 9000, at=shop.clock.at - timedelta(days=40))
    shop.refund(old, 9000)
    assert shop.rows(score) == [(0, -60, "2026-03")]
    shop.order(home, 7000)
    assert shop.rows(score) == [(10, 10, "2026-03")]
    shop.clock.advance(days=30)
    shop.order(home, 100)
    assert shop.rows(score) == [(1, 1, "2026-04")]


def test_score_of_merged_members_is_counted_together(shop: Shop) -> None:
    one, two = shop.member(), shop.member()
    shop.order(one, 1000)
    shop.order(two, 2000)
    shop.merge(two, one)
    score = "select score from customer_cards where customer_id = :h"
    assert (shop.rows(score, h=one), shop.rows(score, h=two)) == ([(30,)], [(0,)])
    shop.part(two, one)
    assert (shop.rows(score, h=one), shop.rows(score, h=two)) == ([(10,)], [(20,)])


def test_every_store_that_knows_the_member_is_asked_to_show_it(
    database: Database, clock: FixedClock
) -> None:
    shop = Shop(database, clock, access_token="shpat_1")
    other = shop.add_store(access_token="shpat_2")
    one, two, silent = shop.member(), shop.member(store_id=other), shop.add_store()
    three = shop.member(store_id=silent)
    shop.merge(two, one)
    shop.merge(three, one)
    pushes = "select payload from outbox where topic = 'points.changed' and message_id > :after"
    [(after,)] = shop.rows("select max(message_id) from outbox")
    shop.order(one, 1000)
    told = [payload for (payload,) in shop.rows(pushes, after=after)]
    assert sorted(told, key=lambda payload: payload["store_id"]) == sorted(
        (
            {"store_id": shop.store_id, "customers": [one]},
            {"store_id": other, "customers": [two]},
        ),
        key=lambda payload: str(payload["store_id"]),
    )
