"""Bells: rung for what is due, once, and again when they were answered."""

import time
from dataclasses import replace

import pytest
from rq import Queue

from jobs.relay import ring_due
from tests.jobs.bench import AWARD, HEARD, PUSH, SCORE, Bench
from tests.jobs.processes import eventually
from webapp.core import deliveries, discovery
from webapp.gateways.redis_cache import SENDERS, TOGETHER_SECONDS, Doorbell, Guard, connect

NAMES = tuple(discovery.handlers())


@pytest.fixture
def due(bench: Bench, queue: Queue) -> Bench:
    """Orders that were taken in and not worked; the bells rung by the import are lost."""
    bench.take("7,2026-01-01,30.50")
    eventually(lambda: sorted(rung(queue)) == HEARD)
    queue.connection.flushdb()
    return bench


def rung(queue: Queue) -> list[str]:
    return [job.args[0] for job in queue.jobs]


def test_nothing_due_rings_nothing(bench: Bench, queue: Queue) -> None:
    ring_due(bench.parts, NAMES)
    assert rung(queue) == []


def test_what_is_due_is_rung(due: Bench, queue: Queue) -> None:
    ring_due(due.parts, NAMES)
    assert sorted(rung(queue)) == HEARD
    assert PUSH in NAMES


def test_a_bell_that_rings_is_not_rung_again(due: Bench, queue: Queue) -> None:
    for _ in range(3):
        ring_due(due.parts, NAMES)
    assert len(queue) == len(HEARD)
    assert 0 < queue.connection.pttl(f"loyalnest:bell:{AWARD}") <= 2000


def test_an_answered_bell_may_ring_again(due: Bench, queue: Queue) -> None:
    ring_due(due.parts, NAMES)
    due.parts.bell.answered(AWARD)
    ring_due(due.parts, NAMES)
    assert sorted(rung(queue)) == sorted([*HEARD, AWARD])


def test_what_waits_for_a_retry_is_not_rung(due: Bench, queue: Queue) -> None:
    due.ask("update deliveries set due_at = clock_timestamp() + interval '1 minute'")
    ring_due(due.parts, NAMES)
    assert rung(queue) == []


def test_what_was_emitted_for_later_is_neither_rung_nor_worked_before(
    bench: Bench, queue: Queue
) -> None:
    payload = {"store_id": bench.tenant.store_id, "first": 1, "last": 1}
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        ctx.emit("refunds.imported", "later", payload, due_in=90.0)
    ring_due(bench.parts, NAMES)
    bench.drain()
    assert rung(queue) == []
    assert [round(d.wait) for d in bench.deliveries(SCORE)] == [90]
    with bench.parts.database.transaction(bench.tenant.merchant_id) as ctx:
        assert deliveries.pending(ctx.db, ctx.merchant_id) == 0
    bench.ask("update deliveries set due_at = clock_timestamp()")
    ring_due(bench.parts, NAMES)
    assert sorted(rung(queue)) == sorted(discovery.handler_names()["refunds.imported"])


def test_a_redis_that_is_away_stops_nothing_and_is_logged_once(
    due: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = connect(f"unix://{due.folder}/nowhere.sock")
    parts = replace(due.parts, bell=Doorbell(nowhere, Guard()))
    for _ in range(3):
        ring_due(parts, NAMES)
    assert caplog.messages == ["Redis did not answer: ConnectionError"]


def test_a_send_rings_for_senders_and_not_for_workers(bench: Bench, queue: Queue) -> None:
    with queue.connection.pubsub(ignore_subscribe_messages=True) as channel:
        channel.subscribe(SENDERS)
        channel.get_message(timeout=1)
        bench.parts.bell([PUSH])
        assert channel.get_message(timeout=1)["data"] == b"1"
    assert rung(queue) == []


def test_who_is_awake_is_told_and_nobody_else_is_woken(bench: Bench, queue: Queue) -> None:
    with bench.parts.bell.heard() as heard:
        bench.parts.bell([AWARD, SCORE])
        bench.parts.bell([AWARD])
        assert rung(queue) == []
        assert heard(1.0) is True
        assert heard(0.01) is False
        bench.parts.bell.wake([AWARD])
    assert rung(queue) == [AWARD]


def test_one_who_is_woken_in_vain_is_not_woken_at_once_again(bench: Bench, queue: Queue) -> None:
    with bench.parts.bell.heard():
        for _ in range(3):
            bench.parts.bell.wake([AWARD])
            bench.parts.bell.answered(AWARD)
        assert rung(queue) == [AWARD]
        queue.connection.delete("loyalnest:woken")
        bench.parts.bell.wake([AWARD])
    assert rung(queue) == [AWARD, AWARD]


def test_what_has_just_become_due_is_left_to_who_was_rung(due: Bench, queue: Queue) -> None:
    ring_due(due.parts, NAMES, late=60.0)
    assert rung(queue) == []
    due.ask("update deliveries set due_at = clock_timestamp() - interval '61 s'")
    ring_due(due.parts, NAMES, late=60.0)
    assert sorted(rung(queue)) == HEARD


def test_bells_that_follow_at_once_ring_together(bench: Bench, queue: Queue) -> None:
    began = time.monotonic()
    with bench.parts.bell.heard() as heard:
        for handler in [AWARD, SCORE] * 100:
            bench.parts.bell.soon([handler])
        at_most = 2 + (time.monotonic() - began) / TOGETHER_SECONDS
        times = 0
        while heard(0.3):
            times += 1
    assert 1 <= times <= at_most
    assert rung(queue) == []


def test_no_bell_is_lost_among_those_that_ring_together(bench: Bench, queue: Queue) -> None:
    for handler in [AWARD, SCORE]:
        bench.parts.bell.soon([handler])
    eventually(lambda: sorted(rung(queue)) == sorted([AWARD, SCORE]))
