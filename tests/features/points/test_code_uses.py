"""Codes that orders use, cancelled orders that give them back, and codes that run out."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from tests.features.points.rewarding import END, Rewarding
from tests.standins import Standins
from webapp.core.deliveries import RETRY_AFTER_SECONDS
from webapp.features.points.service import uses
from webapp.features.points.service.held import enter, hold
from webapp.parts import Parts

RETURNS = "points.record_uses"


def cancel(shop: Rewarding, order_id: int) -> None:
    """The shop cancels an order, and tells it twice."""
    sql = "update orders set cancelled_at = :at where order_id = :o returning 1"
    shop.rows(sql, at=shop.clock.at, o=order_id)
    for key in ("first", "again"):
        with shop.open() as ctx:
            payload = {"store_id": shop.store_id, "orders": [order_id]}
            ctx.emit("orders.cancelled", f"{key}:{order_id}", payload)
        shop.work(RETURNS)


def test_a_used_code_is_recognised_once_and_only_at_its_store(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward())
    shop.send()
    shop.uses(shop.code(had), shop.add_store())
    shop.uses("XYZ")
    assert shop.state(had)[0] == "ready"
    used = shop.uses(shop.code(had).lower())
    shop.tell_order(used)
    assert shop.state(had) == ("used", False, None)
    assert shop.entries(home) == [("bonus", 1_200), ("redeem", -500)]


@pytest.mark.parametrize(
    ("policy", "state", "left"),
    [("return", ("expired", True), 1_200), ("keep", ("expired", False), 700)],
)
def test_an_unused_code_runs_out_by_the_policy_of_its_reward(
    shop: Rewarding, home: str, policy: str, state: tuple, left: int
) -> None:
    had = shop.have(shop.reward(valid_days=10, return_on_expiry=policy))
    shop.send()
    shop.clock.advance(days=10, hours=23)
    shop.pass_hour()
    assert shop.state(had)[0] == "ready"
    assert "Expired" in shop.fragment()
    shop.clock.advance(hours=1)
    shop.pass_hour()
    shop.pass_hour()
    assert (shop.state(had)[:2], shop.spendable(home)) == (state, left)


def test_a_code_that_is_used_while_it_runs_out_brings_no_points_back(
    committed: Parts, standins: Standins
) -> None:
    shop = Rewarding(committed, standins)
    shop.credit(home := shop.member("7"), 1_200)
    had = shop.have(shop.reward(valid_days=10, stock=5))
    shop.send()
    shop.clock.advance(days=12)
    waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = :d"
    with ThreadPoolExecutor() as pool, shop.open() as ctx:
        (held,) = hold(ctx, [had])
        hour = pool.submit(shop.pass_hour)
        database = ctx.db.scalar(text("select current_database()"))
        while not (hour.done() or shop.rows(waits, d=database)):
            time.sleep(0.01)
        enter(ctx, held, "used", order_key="1")
        ctx.db.commit()
        hour.result()
    assert (shop.state(had), shop.spendable(home)) == (("used", False, None), 700)
    assert shop.rows("select stock from rewards") == [(4,)]


def test_an_order_after_the_points_returned_takes_them_again(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward(valid_days=10, stock=5))
    shop.send()
    shop.clock.advance(days=12)
    shop.pass_hour()
    assert shop.rows("select stock from rewards") == [(5,)]
    shop.uses(shop.code(had))
    assert shop.rows("select stock from rewards") == [(4,)]
    assert (shop.state(had), shop.spendable(home)) == (("used", False, None), 700)


def test_an_order_whose_points_are_gone_is_recorded_and_nobody_owes(
    shop: Rewarding, home: str
) -> None:
    had = shop.have(shop.reward(points=1_000, valid_days=10))
    shop.send()
    shop.clock.advance(days=12)
    shop.pass_hour()
    shop.redeem(home, 700)
    used = shop.uses(shop.code(had))
    shop.tell_order(used)
    assert (shop.state(had), shop.spendable(home)) == (("used", True, "unpaid"), 500)


def test_a_code_about_to_run_out_is_told_once(shop: Rewarding) -> None:
    shop.have(shop.reward(valid_days=10))
    shop.send()
    shop.clock.advance(days=6, hours=23)
    shop.pass_hour()
    assert shop.told("points.code_expiring") == []
    shop.clock.advance(hours=1)
    shop.pass_hour()
    shop.pass_hour()
    assert [said["reward"] for said in shop.told("points.code_expiring")] == ["Five off"]


def test_a_cancelled_order_gives_its_code_back_once(shop: Rewarding, home: str) -> None:
    had = shop.have(shop.reward(stock=5))
    shop.send()
    order = shop.uses(shop.code(had))
    cancel(shop, order)
    assert (shop.state(had), shop.spendable(home)) == (("returned", True, "cancelled"), 1_200)
    assert shop.rows("select stock from rewards") == [(5,)]
    shop.tell_order(order)
    assert shop.entries(home) == [("bonus", 1_200), ("redeem", -500), ("redeem_reversal", 500)]


def test_a_cancelled_order_gives_back_what_was_paid_the_second_time(
    shop: Rewarding, home: str
) -> None:
    had = shop.have(shop.reward(valid_days=10))
    shop.send()
    shop.clock.advance(days=12)
    shop.pass_hour()
    cancel(shop, shop.uses(shop.code(had)))
    assert (shop.state(had)[:2], shop.spendable(home)) == (("returned", True), 1_200)


def test_a_cancelled_order_gives_back_nothing_that_was_never_paid(
    shop: Rewarding, home: str
) -> None:
    had = shop.have(shop.reward(points=1_000, valid_days=10))
    shop.send()
    shop.clock.advance(days=12)
    shop.pass_hour()
    shop.redeem(home, 700)
    cancel(shop, shop.uses(shop.code(had)))
    assert (shop.state(had), shop.spendable(home)) == (("used", True, "unpaid"), 500)


def test_codes_run_out_some_at_a_time(
    shop: Rewarding, home: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "AT_ONCE", 1)
    reward = shop.reward(points=100, valid_days=10)
    for _ in range(3):
        shop.have(reward)
        shop.send()
    shop.clock.advance(days=12)
    shop.pass_hour()
    assert shop.spendable(home) == 1_000
    for _ in range(3):
        shop.work("points.expire_more")
    assert shop.spendable(home) == 1_200
    assert shop.rows("select 1 from deliveries where handler = 'points.expire_more'") == []


def test_a_code_that_was_asked_back_in_time_returns_its_points_under_any_policy(
    shop: Rewarding, home: str
) -> None:
    had = shop.have(shop.reward(valid_days=10, return_on_expiry="keep"))
    shop.send()
    shop.give_up(had)
    shop.standins.faults("shopify", [{"status": 500}] * (1 + len(RETRY_AFTER_SECONDS)))
    for _ in range(1 + len(RETRY_AFTER_SECONDS)):
        shop.send(END)
    assert shop.state(had)[0] == "ready"
    shop.clock.advance(days=12)
    shop.pass_hour()
    assert (shop.state(had)[:2], shop.spendable(home)) == (("expired", True), 1_200)
