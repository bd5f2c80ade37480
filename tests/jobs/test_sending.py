"""Cards on their way to a shop over real HTTP: leases, fencing, retries, and what is never sent."""

import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from jobs import sending
from tests.factories import make_tenant
from tests.jobs.bench import PUSH, TOKEN, Bench, ConnectedShop
from webapp.core import discovery, routing
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import RETRY_AFTER_SECONDS, Message
from webapp.features.points import service as points
from webapp.features.points.messages import Card, CardPush, CardsPushed

WORK = discovery.handlers()[PUSH]
assert isinstance(WORK, Send)


def send(shop: ConnectedShop) -> int:
    return sending.send_batch(shop.parts, PUSH, WORK, shop.tenant.merchant_id)


def take_lease(shop: ConnectedShop) -> tuple:
    """A holder that takes its lease and then stands still: (token, [(message, request)])."""
    merchant_id = shop.tenant.merchant_id
    token, _, prepared = sending.take_lease(shop.parts, PUSH, WORK, merchant_id)
    return token, prepared


def record(shop: ConnectedShop, token: object, prepared: list, outcome: Outcome) -> None:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        for message, request in prepared:
            sending.record(ctx, PUSH, WORK, token, (message, request, outcome))


def test_cards_reach_the_shop(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50", "8,2026-01-01,0.50")
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.shown("8")) == ("30", "0")
    assert (shop.deliveries(PUSH), shop.admin.calls) == ([], 1)


def test_a_lease_keeps_others_away_until_it_runs_out(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    take_lease(shop)
    assert (send(shop), shop.admin.calls) == (0, 0)
    shop.let_time_pass()
    assert (send(shop), shop.admin.calls) == (1, 1)
    assert (shop.shown("7"), shop.deliveries(PUSH)) == ("30", [])


def test_new_work_waits_behind_a_lease(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    take_lease(shop)
    shop.earn("8,2026-01-02,12.00")
    assert (send(shop), shop.shown("8")) == (0, None)


@pytest.mark.parametrize(
    "outcome", [Outcome(True, report={"refused": []}), Outcome(False, "too late", final=True)]
)
def test_a_holder_that_lost_its_lease_records_nothing(
    shop: ConnectedShop, outcome: Outcome
) -> None:
    shop.earn("7,2026-01-01,30.50")
    slow, prepared = take_lease(shop)
    shop.let_time_pass()
    quick, _ = take_lease(shop)
    record(shop, slow, prepared, outcome)
    (left,) = shop.deliveries(PUSH)
    assert (left.lease_token, left.attempts, left.dead) == (quick, 2, False)
    assert shop.count("metafield_projections") == 0


def test_an_error_of_the_shop_counts_a_try(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    for number, pause in enumerate(RETRY_AFTER_SECONDS, 1):
        shop.fail_next(status=500)
        shop.drain(PUSH)
        (left,) = shop.deliveries(PUSH)
        assert (left.attempts, left.reason, left.dead) == (number, "HTTP 500", False)
        assert 0.75 * pause < left.wait <= 1.2 * pause
        shop.let_time_pass()
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.deliveries(PUSH)) == ("30", [])


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True}])
def test_a_push_is_dead_after_one_try_and_three_retries(
    shop: ConnectedShop, fault: dict[str, object]
) -> None:
    shop.earn("7,2026-01-01,30.50")
    for _ in range(4):
        shop.let_time_pass()
        shop.fail_next(**fault)
        shop.drain(PUSH)
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead) == (4, True)
    assert left.reason


@pytest.mark.parametrize(("fault", "at_most"), [({"status": 429}, 2.0), ({"throttle": True}, 0.11)])
def test_a_shop_that_names_a_pause_gets_it(
    shop: ConnectedShop, fault: dict[str, object], at_most: float
) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(**fault)
    assert send(shop) == 1
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead) == (0, False)
    assert at_most - 2.0 < left.wait <= at_most


def test_a_shop_that_always_asks_to_wait_never_makes_a_push_dead(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    for _ in range(6):
        shop.fail_next(throttle=True)
        shop.drain(PUSH)
        shop.let_time_pass()
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.deliveries(PUSH)) == ("30", [])


def test_the_whole_lane_waits_with_the_one_that_was_told_to(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=429)
    send(shop)
    shop.earn("8,2026-01-02,12.00")
    assert (send(shop), shop.shown("8")) == (0, None)


def test_a_lane_that_waits_is_not_looked_at_meanwhile(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=429)
    send(shop)
    shop.earn("8,2026-01-02,12.00")
    send(shop)
    with shop.parts.database.before_tenant() as db:
        assert routing.due_handlers(db, [PUSH]) == []
    assert [left.wait > 0 for left in shop.deliveries(PUSH)] == [True, True]


def test_what_a_dead_holder_left_waits_for_an_open_breaker_too(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    take_lease(shop)
    shop.let_time_pass()
    assert sending.put_off_lane(shop.parts, PUSH, shop.tenant.merchant_id, 60.0) == 1
    with shop.parts.database.before_tenant() as db:
        assert routing.due_handlers(db, [PUSH]) == []


def test_a_message_that_kills_every_holder_ends_as_dead(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    for _ in range(5):
        take_lease(shop)
        shop.let_time_pass()
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead) == (4, True)
    assert left.reason == "no outcome was recorded within the lease"


@pytest.mark.parametrize("status", [404, 422])
def test_a_refusal_is_dead_at_once(shop: ConnectedShop, status: int) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=status)
    shop.drain(PUSH)
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead, left.reason) == (1, True, f"HTTP {status}")
    assert shop.admin.calls == 1


def test_a_lost_answer_is_sent_again(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(drop=True, applied=True)
    shop.drain(PUSH)
    assert (shop.shown("7"), shop.count("metafield_projections")) == ("30", 0)
    shop.let_time_pass()
    shop.drain(PUSH)
    # The second try meets its own first one: it is told so, looks, and writes over it.
    assert (shop.admin.calls, shop.count("metafield_projections")) == (4, 1)


def test_refused_customers_are_left_out_and_named(shop: ConnectedShop) -> None:
    rich = [f"9,2026-01-{day:02d},999999999999999" for day in range(1, 11)]
    shop.earn("7,2026-01-01,30.50", *rich, "8,2026-01-01,12.00")
    shop.drain(PUSH)
    assert [shop.shown(customer) for customer in "789"] == ["30", "12", None]
    assert shop.deliveries(PUSH) == []
    assert shop.count("metafield_projections where not refused") == 2
    sql = "select metadata -> 'customers' from audit_logs where action = 'metafields_refused'"
    assert shop.ask(sql) == [(["9"],)]


def test_a_retry_sends_the_newest_card(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=500)
    shop.drain(PUSH)
    shop.earn("7,2026-01-02,12.00")
    shop.drain(PUSH)
    assert shop.shown("7") == "42"
    shop.let_time_pass()
    shop.drain(PUSH)
    assert (shop.admin.calls, shop.deliveries(PUSH)) == (2, [])


def test_an_older_card_never_replaces_a_newer_one(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.earn("7,2026-01-02,12.00")
    shop.drain(PUSH)
    ((member,),) = shop.ask("select customer_id from users")
    old = CardPush(shop.tenant.store_id, shop.tenant.shop, TOKEN, (Card("7", member, 1, 30),))
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        points.record_push(ctx, old, CardsPushed({"7": "digest"}))
    assert shop.ask("select pushed_version from metafield_projections") == [(2,)]


def test_a_store_without_a_token_is_told_nothing(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    bench.drain()
    assert (bench.balances(), bench.deliveries(PUSH)) == ({"7": 30}, [])


def test_a_store_that_lost_its_token_is_told_nothing(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.ask("update stores set access_token = null")
    shop.drain(PUSH)
    assert (shop.admin.calls, shop.deliveries(PUSH)) == (0, [])


def test_a_message_that_cannot_be_prepared_stops_no_other(shop: ConnectedShop) -> None:
    with shop.parts.database.transaction(shop.tenant.merchant_id) as ctx:
        ctx.emit("points.changed", "poison", {"store_id": "sto_nowhere", "customers": ["cus_1"]})
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    assert shop.shown("7") == "30"
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.dead, left.lease_token) == (1, False, None)
    assert "NoResultFound" in left.reason


def test_a_push_that_cannot_be_settled_counts_a_try(shop: ConnectedShop) -> None:
    def settle(ctx: Context, push: CardPush, outcome: Outcome) -> None:
        points.record_push(ctx, push, CardsPushed({"7": "digest"}))
        raise RuntimeError("not today")

    shop.earn("7,2026-01-01,30.50")
    broken = replace(WORK, settle=settle)
    assert sending.send_batch(shop.parts, PUSH, broken, shop.tenant.merchant_id) == 1
    (left,) = shop.deliveries(PUSH)
    assert (left.attempts, left.reason) == (1, "RuntimeError: not today")
    assert shop.count("metafield_projections") == 0


def test_a_dead_shop_does_not_hold_up_another(shop: ConnectedShop) -> None:
    other = Bench(shop.parts, make_tenant(shop.parts.database, access_token=TOKEN), shop.folder)
    other.take("7,2026-01-01,12.00")
    other.drain("points.award_orders")
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    (left,) = other.deliveries(PUSH)
    assert (shop.shown("7"), left.reason) == ("30", "HTTP 404")


def test_every_card_reaches_a_shop_whose_bucket_is_small(shop: ConnectedShop) -> None:
    shop.shrink_bucket(most=30, restore=200)
    shop.earn(*(f"{customer},2026-01-01,10.00" for customer in range(1, 251)))
    deadline = time.monotonic() + 20
    while shop.deliveries(PUSH) and time.monotonic() < deadline:
        shop.drain(PUSH)
    assert shop.deliveries(PUSH) == []
    assert shop.count("metafield_projections where not refused") == 250


def test_what_is_given_up_is_buried_once_with_its_reason(shop: ConnectedShop) -> None:
    buried: list[tuple[str, str]] = []
    work = replace(WORK, bury=lambda ctx, message, reason: buried.append((message.topic, reason)))
    shop.earn("7,2026-01-01,30.50")
    for _ in range(len(RETRY_AFTER_SECONDS) + 2):
        shop.let_time_pass()
        shop.fail_next(status=500)
        sending.send_batch(shop.parts, PUSH, work, shop.tenant.merchant_id)
    assert buried == [("points.changed", "HTTP 500")]


def test_a_burial_that_fails_leaves_the_delivery_dead_and_the_lane_open(
    shop: ConnectedShop,
) -> None:
    def fail(ctx: Context, message: Message, reason: str) -> None:
        ctx.db.execute(text("select 1 / 0"))

    work = replace(
        WORK, send=lambda gateways, push: Outcome(False, "refused", final=True), bury=fail
    )
    shop.earn("7,2026-01-01,30.50")
    sending.send_batch(shop.parts, PUSH, work, shop.tenant.merchant_id)
    (left,) = shop.deliveries(PUSH)
    assert (left.dead, left.reason) == (True, "refused")
    shop.earn("8,2026-01-02,12.00")
    assert (send(shop), shop.shown("8")) == (1, "12")
