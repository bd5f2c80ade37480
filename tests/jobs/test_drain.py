"""What a worker does with applies: exactly once, in lanes, and never stopped by poison."""

import time
from collections.abc import Sequence
from hashlib import sha256

import pytest

from jobs import drain
from jobs.drain import apply_batch, apply_or_isolate, drain_for, stay_awake, taking_turns
from tests.factories import make_tenant
from tests.jobs.bench import AWARD, NOTIFY, SCORE, Bench
from webapp.core import deliveries, discovery, routing
from webapp.core.context import Context
from webapp.core.deliveries import RETRY_AFTER_SECONDS, Message

HEARERS = discovery.handler_names()["orders.imported"]
POISON = {"store_id": "sto_nowhere", "first": 1, "last": 1}


class BrokenError(Exception):
    """The transaction of a test ends here."""


def emit(bench: Bench, key: str, payload: dict[str, object]) -> None:
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        ctx.emit("orders.imported", key, payload)


def test_an_emit_writes_one_delivery_a_handler(bench: Bench) -> None:
    emit(bench, "one", POISON)
    assert bench.count("outbox") == 1
    assert len(bench.deliveries(AWARD)) == len(bench.deliveries(SCORE)) == 1
    assert bench.count("deliveries") == len(HEARERS)


def test_a_failing_transaction_leaves_no_message_and_no_delivery(bench: Bench) -> None:
    with (
        pytest.raises(BrokenError),
        bench.parts.database.transaction(bench.tenant.merchant_id) as ctx,
    ):
        ctx.emit("orders.imported", "one", POISON)
        raise BrokenError
    assert (bench.count("outbox"), bench.count("deliveries")) == (0, 0)


def test_a_repeated_key_writes_nothing(bench: Bench) -> None:
    emit(bench, "one", POISON)
    emit(bench, "one", {**POISON, "first": 2})
    assert (bench.count("outbox"), bench.count("deliveries")) == (1, len(HEARERS))
    assert bench.ask("select payload from outbox")[0][0] == POISON


def test_draining_applies_and_leaves_no_delivery(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50", "8,2026-01-02,0.99", "7,2026-01-03,5.00")
    assert bench.balances() == {}
    bench.drain()
    assert bench.balances() == {"7": 35, "8": 0}
    assert (bench.count("deliveries"), bench.count("rfm_cutpoints")) == (0, 1)


def test_an_apply_and_the_end_of_its_deliveries_are_one_transaction(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    merchant_id, award = bench.tenant.merchant_id, discovery.handlers()[AWARD]
    with pytest.raises(BrokenError), bench.parts.database.transaction(merchant_id) as ctx:
        apply_or_isolate(ctx, AWARD, award, deliveries.claim(ctx.db, merchant_id, AWARD, 50))
        ctx.db.flush()
        raise BrokenError
    assert (bench.count("points_transactions"), len(bench.deliveries(AWARD))) == (0, 1)
    bench.drain(AWARD)
    assert (bench.count("points_transactions"), len(bench.deliveries(AWARD))) == (1, 0)


def test_a_message_that_is_heard_twice_counts_once(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    (payload,) = bench.ask("select payload from outbox where topic = 'orders.imported'")[0]
    emit(bench, "again", payload)
    bench.drain()
    assert bench.balances() == {"7": 30}


def test_poison_is_isolated_and_the_others_are_applied(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    emit(bench, "poison", POISON)
    bench.take("8,2026-01-02,12.00", "9,2026-01-02,3.00")
    bench.drain()
    assert bench.balances() == {"7": 30, "8": 12, "9": 3}
    for handler in (AWARD, SCORE):
        (left,) = bench.deliveries(handler)
        assert (left.attempts, left.dead) == (1, False)
        assert "NoResultFound" in left.reason
        assert 0.75 < left.wait / RETRY_AFTER_SECONDS[0] <= 1.2


def test_poison_is_dead_after_one_try_and_three_retries(bench: Bench) -> None:
    emit(bench, "poison", POISON)
    for _ in range(3):
        bench.drain(AWARD)
        bench.let_time_pass()
        assert not bench.deliveries(AWARD)[0].dead
    bench.drain(AWARD)
    (left,) = bench.deliveries(AWARD)
    assert (left.attempts, left.dead) == (4, True)
    assert "NoResultFound" in left.reason
    bench.let_time_pass()
    assert drain_for(bench.parts, AWARD, 1.0) is False
    assert bench.deliveries(AWARD)[0].attempts == 4


def test_a_value_too_long_for_its_index_is_poison_and_no_lost_connection(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    emit(bench, "poison", POISON)

    def award(ctx: Context, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.key == "poison":
                long = "".join(sha256(bytes([n])).hexdigest() for n in range(200))
                ctx.emit("nobody.hears", long, {})

    merchant_id = bench.tenant.merchant_id
    assert apply_batch(bench.parts, AWARD, award, merchant_id)[0] == 2
    (left,) = bench.deliveries(AWARD)
    assert (left.attempts, "ProgramLimitExceeded" in left.reason) == (1, True)


def test_a_retry_that_succeeds_leaves_nothing(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        (message,) = deliveries.claim(ctx.db, ctx.merchant_id, AWARD, 50)
        deliveries.fail(ctx.db, ctx.merchant_id, AWARD, message, "bad luck")
    bench.drain(AWARD)
    assert bench.balances() == {}
    bench.let_time_pass()
    bench.drain(AWARD)
    assert (bench.balances(), bench.deliveries(AWARD)) == ({"7": 30}, [])


def test_a_lane_that_another_holds_is_left_alone(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    merchant_id, award = bench.tenant.merchant_id, discovery.handlers()[AWARD]
    with bench.parts.database.transaction(merchant_id) as other:
        assert deliveries.lock_lane(other.db, merchant_id, AWARD)
        assert apply_batch(bench.parts, AWARD, award, merchant_id)[0] == 0
        assert drain_for(bench.parts, AWARD, 1.0) is False
        assert len(bench.deliveries(AWARD)) == 1
        bench.drain(SCORE)
    assert bench.deliveries(SCORE) == []
    assert apply_batch(bench.parts, AWARD, award, merchant_id)[0] == 1


def test_a_busy_tenant_does_not_hold_up_another(bench: Bench) -> None:
    database = bench.parts.database
    other = Bench(bench.parts, make_tenant(database), bench.folder)
    bench.take("7,2026-01-01,30.50")
    other.take("7,2026-01-01,12.00")
    with database.transaction(bench.tenant.merchant_id) as ctx:
        assert deliveries.lock_lane(ctx.db, ctx.merchant_id, AWARD)
        other.drain(AWARD)
    assert (bench.balances(), other.balances()) == ({}, {"7": 12})


def test_one_who_is_awake_works_what_follows_and_what_comes_next(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    bells = iter([True, False])

    def heard(_seconds: float) -> bool:
        rings = next(bells)
        if rings:
            bench.take("8,2026-01-02,12.00")
        return rings

    stay_awake(bench.parts, heard, 60.0)
    assert bench.balances() == {"7": 30, "8": 12}
    assert bench.count("deliveries") == 0
    assert next(bells, None) is None


def test_one_who_is_awake_rests_while_another_has_all_there_is_to_do(bench: Bench) -> None:
    bench.take("7,2026-01-01,30.50")
    merchant_id = bench.tenant.merchant_id
    with bench.parts.database.transaction(merchant_id) as other:
        for handler in (*HEARERS, NOTIFY):
            assert deliveries.lock_lane(other.db, merchant_id, handler)
        stay_awake(bench.parts, refuse_to_wait, 60.0)
    assert bench.balances() == {}


def refuse_to_wait(_seconds: float) -> bool:
    raise AssertionError("nobody waits for a bell while another works")


def test_a_lane_does_not_wait_for_a_handler_that_is_due_for_everybody() -> None:
    crowd = [("schedule", f"m{number}") for number in range(1000)]
    lanes = taking_turns([*crowd, ("orders", "m1"), ("orders", "m2")])
    assert {handler for handler, _ in lanes[:2]} == {"schedule", "orders"}
    assert [handler for handler, _ in lanes[:4]].count("orders") == 2
    assert sorted(lanes) == sorted([*crowd, ("orders", "m1"), ("orders", "m2")])


def test_what_comes_while_many_lanes_are_worked_is_looked_for(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = 0

    def lanes_due(_db: object, _names: Sequence[str]) -> list[tuple[str, str]]:
        nonlocal looked
        looked += 1
        return [(AWARD, f"mer_{number}") for number in range(3)]

    monkeypatch.setattr(drain, "LOOK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(routing, "lanes_due", lanes_due)
    assert drain.work_round(bench.parts, time.monotonic() + 60.0) == (3, 0)
    assert looked == 4
