"""Every gateway x every fault: the worker's own code, the real clients, stand-ins over real HTTP.

What holds: a message is counted at its receiver or visible as dead with its reason, and is never
lost. It is counted exactly once where the receiver has a deduplication key (Klaviyo, PostHog), or
where doing it twice is doing it once (a metafield, a stored file). Slack, Postscript, xAI and the
Partner API have none: there a message is counted at least once, and twice only when the work was
done and its answer was lost.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace

import pytest
import redis
from sqlalchemy import Row, text

from jobs import sending
from tests.factories import FixedClock, Tenant, make_tenant
from tests.jobs.ways import BROKEN_KEYS, SHOP, TOKEN, WAYS, Way
from tests.standins import Standins
from webapp.core import outbox
from webapp.core.connections import Credentials
from webapp.core.contract import Outcome, Send
from webapp.core.words import new_id
from webapp.demo.standins.host import StandinHost
from webapp.demo.standins.shopify import Shop
from webapp.gateways import Gateways
from webapp.parts import Parts

FAULTS: Mapping[str, Mapping[str, object]] = {
    "refused": {"refuse_ms": 600_000},
    "hanging": {"hang": True},
    "429": {"status": 429, "retry_after": 7},
    "500": {"status": 500},
    "dropped": {"drop": True},
    "half": {"half": True},
    "garbled": {"garbled": True},
    "tls": {"tls": True},
    "dropped, done": {"drop": True, "applied": True},
    "half, done": {"half": True, "applied": True},
    "500, done": {"status": 500, "applied": True},
}


@dataclass(frozen=True)
class Request:
    """What `prepare` gives to `send`."""

    key: str
    credentials: Credentials
    breaker: str


@dataclass
class Lane:
    """The messages of one merchant to one service."""

    parts: Parts
    clock: FixedClock
    standins: Standins
    service: str
    tenant: Tenant
    key: str = ""

    def __post_init__(self) -> None:
        # As a file name and as a metafield's key it must be short and plain.
        self.key = new_id("").replace("-", "").replace("_", "").lower()[:20]

    @property
    def way(self) -> Way:
        return WAYS[self.service]

    @property
    def seen_as(self) -> str:
        return self.way.seen_as.format(key=self.key, number=int(self.key, 36) % 10**12)

    def credentials(self, key: str = "k1", **changes: str) -> Credentials:
        ref = f"{self.service}:matrix:{key}"
        return Credentials(self.service, {**self.way.values, **changes}, ref)

    def emit(self) -> None:
        handlers = (f"matrix.send.{self.service}",)
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            outbox.emit(ctx.db, ctx.merchant_id, "matrix", [(self.key, {})], handlers)

    def work(self, credentials: Credentials) -> Send:

        def send(gateways: Gateways, request: Request) -> Outcome:
            self.way.send(gateways, request.credentials, request.key)
            return Outcome(True)

        return Send(
            lambda ctx, message: Request(message.key, credentials, credentials.ref),
            send,
            lambda ctx, request, outcome: None,
            self.service,
        )

    def drain(self, credentials: Credentials | None = None) -> None:
        """What a worker does when the bell rings."""
        handler, work = f"matrix.send.{self.service}", self.work(credentials or self.credentials())
        sending.send_batch(self.parts, handler, work, self.tenant.merchant_id)

    def wait(self, seconds: float = 1_000) -> None:
        """Whatever waits for a retry or a lease is due now; breakers wait by the clock."""
        self.clock.advance(seconds=seconds)
        self.ask("update deliveries set due_at = clock_timestamp() where dead_at is null")

    def ask(self, sql: str) -> list[Row]:
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            found = ctx.db.execute(text(sql))
            return list(found) if found.returns_rows else []

    def left(self) -> list[Row]:
        """What is not done: tries, reason, and whether it was given up."""
        sql = "select attempts, reason, dead_at is not null as dead from deliveries"
        return self.ask(f"{sql} where handler = 'matrix.send.{self.service}'")

    def counted(self) -> int:
        """How often the receiver counts the message."""
        return self.standins.effects(self.service).get(self.seen_as, 0)


Open = Callable[[str], Lane]


@pytest.fixture(scope="module")
def clients(standin_host: StandinHost) -> Iterator[Gateways]:
    """The real clients; making one for a storage takes long, so that there is one of each."""
    gateways = Standins(standin_host).gateways()
    yield gateways
    gateways.close()


@pytest.fixture
def lane(held: Parts, clock: FixedClock, standins: Standins, clients: Gateways) -> Open:
    standins.shopify.open(Shop(SHOP, "Matrix", "USD", TOKEN))
    with redis.Redis.from_url(held.settings.redis_url) as valkey:
        for key in valkey.scan_iter("loyalnest:breaker:*"):
            valkey.delete(key)

    def start(service: str) -> Lane:
        parts = replace(held, gateways=clients)
        return Lane(parts, clock, standins, service, make_tenant(held.database))

    return start


CASES = [
    pytest.param(service, name, marks=pytest.mark.full if slow else ())
    for service in WAYS
    for name in FAULTS
    # A call that hangs takes its whole time-out: one and a half seconds, ten for xAI.
    for slow in [name == "hanging" and service not in ("klaviyo", "shopify")]
]


@pytest.mark.parametrize(("service", "name"), CASES)
def test_a_fault_loses_nothing(
    lane: Open, service: str, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    fault, way = FAULTS[name], lane(service)
    way.emit()
    way.standins.faults(service, [fault])
    way.drain()
    (left,) = way.left()
    assert (left.dead, bool(left.reason)) == (False, True)
    assert left.attempts == (0 if "retry_after" in fault else 1)
    way.standins.faults(service, [])
    way.wait()
    way.drain()
    twice = bool(fault.get("applied")) and not way.way.once
    assert (way.left(), way.counted()) == ([], 2 if twice else 1)
    assert caplog.text == ""


@pytest.mark.parametrize("service", WAYS)
@pytest.mark.parametrize("name", ["refused", "500", "garbled", "tls"])
def test_a_fault_that_stays_ends_as_dead_with_its_reason(
    lane: Open, service: str, name: str
) -> None:
    way = lane(service)
    way.emit()
    way.standins.faults(service, [{**FAULTS[name], "times": 20}])
    for _ in range(4):
        way.drain()
        way.wait()
    (left,) = way.left()
    assert (left.attempts, left.dead, way.counted()) == (4, True, 0)
    assert left.reason


@pytest.mark.parametrize("service", WAYS)
def test_a_certificate_that_nobody_trusts_loses_nothing(lane: Open, service: str) -> None:
    way = lane(service)
    way.emit()
    with closing(way.standins.gateways(service)) as by_tls:
        usual, way.parts = way.parts, replace(way.parts, gateways=by_tls)
        way.drain()
    (left,) = way.left()
    assert (left.attempts, left.dead, way.counted()) == (1, False, 0)
    way.parts = usual
    way.wait()
    way.drain()
    assert (way.left(), way.counted()) == ([], 1)


@pytest.mark.parametrize("service", BROKEN_KEYS)
def test_a_bad_key_stops_only_its_merchant(lane: Open, service: str) -> None:
    bad, good = lane(service), lane(service)
    broken = bad.credentials("broken", **BROKEN_KEYS[service])
    bad.emit()
    good.emit()
    for _ in range(3):
        bad.drain(broken)
        bad.wait(seconds=0)
    good.drain()
    assert (good.left(), good.counted()) == ([], 1)
    (left,) = bad.left()
    # After the first refusal the breaker of that key holds the rest back, which uses up no try.
    assert (left.attempts, left.dead, bool(left.reason)) == (1, False, True)
    assert bad.parts.breaker.wait(service) == 0
    bad.drain(bad.credentials("mended"))
    assert (bad.left(), bad.counted()) == ([], 1)
