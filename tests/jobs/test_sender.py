"""The sender: lanes on threads of their own, bells, a Redis or a destination that is away."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from redis import Redis
from sqlalchemy import text

from jobs.sender import Sender
from tests.factories import make_tenant
from tests.jobs.bench import Bench
from tests.jobs.outside import SENDS, SERVICES, emit
from tests.jobs.processes import ROOT, eventually
from tests.standins import Standins
from webapp.gateways import open_gateways
from webapp.gateways.redis_cache import Doorbell, Guard, connect
from webapp.parts import Parts

HANG = [{"hang": True, "times": 1_000}]


@contextmanager
def sending(parts: Parts) -> Iterator[None]:
    """A sender in a thread beside the test."""
    stop = threading.Event()
    thread = threading.Thread(target=Sender(parts, SENDS).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


@pytest.fixture
def parts(bench: Bench, standins: Standins) -> Parts:
    settings = bench.parts.settings
    gateways = open_gateways(settings.shopify_admin_url, standins.urls(), settings.base_url)
    return replace(bench.parts, gateways=gateways)


@pytest.fixture
def merchant_id(bench: Bench) -> str:
    return bench.tenant.merchant_id


def arrived(standins: Standins, service: str) -> Callable[[], int]:
    return lambda: sum(standins.effects(service).values())


def test_what_is_due_is_sent_and_what_comes_later_too(
    parts: Parts, merchant_id: str, standins: Standins
) -> None:
    emit(parts, merchant_id, "klaviyo", "before")
    with sending(parts):
        eventually(lambda: standins.effects("klaviyo") == {"before": 1}, 5)
        emit(parts, merchant_id, "slack", "after")
        eventually(lambda: arrived(standins, "slack")() == 1, 5)


def test_it_sends_without_redis(parts: Parts, merchant_id: str, standins: Standins) -> None:
    nowhere = "unix:///nowhere/valkey.sock"
    deaf = replace(
        parts,
        settings=replace(parts.settings, redis_url=nowhere),
        bell=Doorbell(connect(nowhere), Guard()),
    )
    with sending(deaf):
        emit(parts, merchant_id, "klaviyo", "one")
        eventually(lambda: standins.effects("klaviyo") == {"one": 1}, 5)


@pytest.mark.alone
def test_a_hanging_destination_keeps_only_its_own_threads(
    parts: Parts, merchant_id: str, standins: Standins
) -> None:
    standins.faults("klaviyo", HANG)
    others = [make_tenant(parts.database).merchant_id for _ in range(6)]
    with sending(parts):
        for owner in (merchant_id, *others):
            emit(parts, owner, "klaviyo", "hangs")
        eventually(lambda: standins.calls("klaviyo") >= 4, 5)
        began = time.monotonic()
        for service in ("posthog", "postscript"):
            emit(parts, merchant_id, service, "passes")
            eventually(arrived(standins, service), 5)
        assert time.monotonic() - began < 1.0
        standins.faults("klaviyo", [])


def test_stopping_finishes_what_is_being_sent(
    parts: Parts, merchant_id: str, standins: Standins, bench: Bench
) -> None:
    standins.faults("klaviyo", [{"delay_ms": 500}])
    with sending(parts):
        emit(parts, merchant_id, "klaviyo", "one")
        eventually(lambda: standins.calls("klaviyo") == 1, 5)
    assert standins.effects("klaviyo") == {"one": 1}
    assert bench.deliveries("test.send.klaviyo") == []


# The must of the issue: with one destination dead, p99 of the others is within 1.2 times.

OTHERS = tuple(name for name in SERVICES if name != "klaviyo")
# Blocks of both kinds take turns, so that whatever else the machine does falls on both.
BLOCKS = 8
EVENTS_A_BLOCK = 40
PAUSE_SECONDS = 0.15
_TOOK = """
    select extract(epoch from l.sent_at - o.created_at) * 1000
    from delivery_log l join outbox o using (merchant_id, message_id)
    where o.key like :block and o.topic <> 'test.klaviyo'
"""


@pytest.mark.full
@pytest.mark.alone
@pytest.mark.parametrize("dead", [HANG, [{"refuse_ms": 60_000}]], ids=["hanging", "refusing"])
def test_a_dead_destination_slows_no_other(
    parts: Parts, standins: Standins, bench: Bench, dead: list[dict[str, object]]
) -> None:
    merchants = [make_tenant(parts.database).merchant_id for _ in range(8)]
    took: dict[str, list[float]] = {"well": [], "dead": []}
    with sender_process(parts, standins, bench):
        run_block(parts, merchants, "warm")
        for number in range(BLOCKS):
            for kind in ("well", "dead"):
                standins.faults("klaviyo", dead if kind == "dead" else [])
                close_breakers(parts)
                took[kind] += run_block(parts, merchants, f"{kind}-{number}")
    assert all(len(times) == BLOCKS * EVENTS_A_BLOCK * len(OTHERS) for times in took.values())
    well, ill = (p99(took[kind]) for kind in ("well", "dead"))
    print(f"p99 of the others: {well:.0f} ms, with one dead {ill:.0f} ms, ratio {ill / well:.2f}")
    # Below a few hundredths of a second the machine's own turns are most of it.
    assert ill <= max(1.2 * well, well + 10)


@contextmanager
def sender_process(parts: Parts, standins: Standins, bench: Bench) -> Iterator[None]:
    settings = parts.settings
    environment = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "LOYALNEST_SECRET_KEY": settings.secret_key,
        "LOYALNEST_ENCRYPTION_KEYS": "k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
        **standins.environment(),
    }
    argv = [sys.executable, "-m", "tests.jobs.outside"]
    log = (bench.folder / "sender.log").open("w")
    with log, subprocess.Popen(argv, env=environment, cwd=ROOT, stdout=log, stderr=log) as sender:
        yield
        sender.terminate()


def run_block(parts: Parts, merchants: list[str], block: str) -> list[float]:
    """Emit at a steady pace to every service; milliseconds from each event to its record as sent,
    for the services that are well."""
    for number in range(EVENTS_A_BLOCK):
        for service in SERVICES:
            emit(parts, merchants[number % len(merchants)], service, f"{block}-{number}")
        time.sleep(PAUSE_SECONDS)

    def times() -> list[float]:
        found: list[float] = []
        for merchant_id in merchants:
            with parts.database.transaction(merchant_id, readonly=True) as ctx:
                found += map(float, ctx.db.scalars(text(_TOOK), {"block": f"{block}-%"}))
        return found

    eventually(lambda: len(times()) == EVENTS_A_BLOCK * len(OTHERS), 30)
    return times()


def close_breakers(parts: Parts) -> None:
    """Every block begins with closed breakers, so that each dead one meets the first failures."""
    with Redis.from_url(parts.settings.redis_url) as valkey:
        valkey.delete(*(f"loyalnest:breaker:{name}" for name in SERVICES))


def p99(times: list[float]) -> float:
    return sorted(times)[int(0.99 * len(times))]
