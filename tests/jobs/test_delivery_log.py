"""What was sent is remembered for thirty days, and what was given up is told once."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs import sending
from tests.jobs.bench import AWARD, PUSH, Bench, ConnectedShop
from webapp.core import delivery_log
from webapp.core.deliveries import WAITING, Message
from webapp.features.points.jobs import SENDS

POISON = {"store_id": "sto_nowhere", "first": 1, "last": 1}
LOG = "select handler, destination, topic, attempts, reason, took_ms from delivery_log"
DEAD = "select payload from outbox where topic = 'delivery.dead'"


def test_what_was_sent_is_logged_once(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.drain(PUSH)
    (row,) = shop.ask(LOG)
    assert tuple(row)[:5] == (PUSH, "shopify", "points.changed", 1, None)
    assert 0 < row.took_ms < 5_000
    assert shop.ask(DEAD) == []


def test_a_retry_is_logged_with_the_reason_before(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=500)
    shop.drain(PUSH)
    assert shop.ask(LOG) == []
    shop.let_time_pass()
    shop.drain(PUSH)
    (row,) = shop.ask(LOG)
    assert (row.attempts, row.reason) == (2, "HTTP 500")


def test_what_needs_no_sending_is_not_logged(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.ask("update stores set access_token = null")
    shop.drain(PUSH)
    assert (shop.deliveries(PUSH), shop.ask(LOG)) == ([], [])


def test_a_holder_without_the_lease_logs_nothing(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    merchant_id = shop.tenant.merchant_id
    work = SENDS["points.changed"]
    token, _, prepared = sending.take_lease(shop.parts, PUSH, work, merchant_id)
    shop.let_time_pass()
    sending.take_lease(shop.parts, PUSH, work, merchant_id)
    ((message, _),) = prepared
    with shop.parts.database.transaction(merchant_id) as ctx:
        args = (ctx.db, merchant_id, PUSH, message, token, "shopify", 0.1)
        assert delivery_log.finish_sent(*args) is False
    assert shop.ask(LOG) == []


def test_a_receiver_that_asks_for_time_is_no_holder(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    shop.fail_next(status=429)
    shop.drain(PUSH)
    (left,) = shop.deliveries(PUSH)
    assert (left.lease_token, left.attempts, left.reason) == (WAITING, 0, "HTTP 429")


def test_the_log_forgets_after_thirty_days(bench: Bench) -> None:
    bench.ask(
        "insert into delivery_log (merchant_id, handler, message_id, destination, topic, attempts,"
        " took_ms, sent_at) select :m, 'h', n, 'klaviyo', 't', 1, 5, now() - n * interval '1 day'"
        " from generate_series(1, 40) n",
        m=bench.tenant.merchant_id,
    )
    merchant_id = bench.tenant.merchant_id
    with bench.parts.database.transaction(merchant_id) as ctx:
        (now,) = bench.ask("select now()")[0]
        assert delivery_log.prune(ctx.db, merchant_id, now + timedelta(minutes=1)) == 11
        assert delivery_log.prune(ctx.db, merchant_id, datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert bench.count("delivery_log") == 29


def test_a_refused_delivery_is_told_once(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    for _ in range(2):
        shop.fail_next(status=422)
        shop.drain(PUSH)
        shop.ask("update deliveries set dead_at = null, attempts = 0")
        shop.let_time_pass()
    ((told,),) = shop.ask(DEAD)
    message_id = shop.deliveries(PUSH)[0].message_id
    assert told == {
        "handler": PUSH,
        "destination": "shopify",
        "service": "Shopify",
        "topic": "points.changed",
        "message_id": message_id,
        "reason": "HTTP 422",
    }


def test_poison_is_told_when_its_tries_are_used_up(bench: Bench) -> None:
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        ctx.emit("orders.imported", "poison", POISON)
    for tries in range(4):
        assert bench.ask(DEAD) == [], tries
        bench.drain(AWARD)
        bench.let_time_pass()
    ((told,),) = bench.ask(DEAD)
    assert (told["handler"], told["destination"]) == (AWARD, "")
    assert "NoResultFound" in told["reason"]


def test_what_kills_every_holder_is_told_too(shop: ConnectedShop) -> None:
    shop.earn("7,2026-01-01,30.50")
    work = SENDS["points.changed"]
    for _ in range(5):
        sending.take_lease(shop.parts, PUSH, work, shop.tenant.merchant_id)
        shop.let_time_pass()
    ((told,),) = shop.ask(DEAD)
    assert told["reason"] == "no outcome was recorded within the lease"


@pytest.mark.parametrize(("listener", "told"), [(PUSH, 0), ("points.tell", 1)])
def test_who_hears_of_the_dead_does_not_hear_of_its_own(
    bench: Bench, listener: str, told: int
) -> None:
    message = Message(7, "points.changed", "k", {}, 4)
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        ctx.handlers = {"delivery.dead": (listener,)}
        sending.tell_of_the_dead(ctx, PUSH, message, "HTTP 500")
    assert len(bench.ask(DEAD)) == told


def test_a_reason_quotes_no_row_and_no_address() -> None:
    error = ValueError("nobody at ada@example.com\nDETAIL: Failing row contains (7, Ada).")
    assert sending.failure(error) == "ValueError: nobody at [struck out]"
