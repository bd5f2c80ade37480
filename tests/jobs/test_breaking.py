"""Open breakers: what they hold back, what they do not, and that they use up no try."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from jobs import sending
from tests.factories import FixedClock, make_tenant
from tests.jobs.bench import Bench
from tests.jobs.outside import SENDS, emit
from tests.standins import Standins
from webapp.gateways import open_gateways
from webapp.gateways.breaker import OF_DESTINATIONS, OF_KEYS

KLAVIYO = "test.send.klaviyo"


@dataclass(frozen=True)
class Outside(Bench):
    """A tenant whose services are the stand-ins."""

    standins: Standins

    def emit(self, *keys: str, service: str = "klaviyo", **payload: object) -> None:
        for key in keys:
            emit(self.parts, self.tenant.merchant_id, service, key, **payload)

    def send(self, service: str = "klaviyo") -> int:
        """Work the lane until there is nothing due."""
        name, total = f"test.send.{service}", 0
        while claimed := sending.send_batch(self.parts, name, SENDS[name], self.tenant.merchant_id):
            total += claimed
        return total

    def counted(self, service: str = "klaviyo") -> dict[str, int]:
        """By key: how often the service counts what has reached it."""
        return {key: times for key, times in self.standins.effects(service).items() if times}


@pytest.fixture
def outside(bench: Bench, standins: Standins) -> Outside:
    settings = bench.parts.settings
    gateways = open_gateways(settings.shopify_admin_url, standins.urls(), settings.base_url)
    parts = replace(bench.parts, gateways=gateways)
    return Outside(parts, bench.tenant, bench.folder, standins)


@pytest.fixture
def other(outside: Outside) -> Outside:
    """Another merchant on the same services."""
    return replace(outside, tenant=make_tenant(outside.parts.database))


@pytest.fixture
def later(outside: Outside, clock: FixedClock) -> Callable[[float], None]:
    """Let so many seconds pass, for breakers and for what waits."""

    def pass_by(seconds: float) -> None:
        clock.advance(seconds=seconds)
        outside.let_time_pass()

    return pass_by


def keys(number: int) -> list[str]:
    return [f"event-{n}" for n in range(number)]


def test_an_open_breaker_uses_up_no_try(outside: Outside, later: Callable[[float], None]) -> None:
    outside.emit(*keys(30))
    outside.standins.faults("klaviyo", [{"status": 500, "times": 100}])
    outside.send()
    assert outside.standins.calls("klaviyo") == OF_DESTINATIONS.failures
    left = outside.deliveries(KLAVIYO)
    assert [d.attempts for d in left] == [1] * 5 + [0] * 25
    assert all(abs(d.wait - OF_DESTINATIONS.seconds) < 1 for d in left[5:])
    assert all(d.lease_token is None for d in left)
    outside.standins.faults("klaviyo", [])
    later(OF_DESTINATIONS.seconds)
    outside.send()
    assert outside.deliveries(KLAVIYO) == []
    assert outside.counted() == dict.fromkeys(keys(30), 1)


def test_a_probe_that_fails_costs_one_try_of_one_message(
    outside: Outside, later: Callable[[float], None]
) -> None:
    outside.emit(*keys(12))
    outside.standins.faults("klaviyo", [{"status": 500, "times": 100}])
    for _ in range(3):
        outside.send()
        later(OF_DESTINATIONS.most)
    assert outside.standins.calls("klaviyo") == OF_DESTINATIONS.failures + 2
    assert sum(d.attempts for d in outside.deliveries(KLAVIYO)) == OF_DESTINATIONS.failures + 2


def test_a_dead_destination_holds_up_no_other(outside: Outside) -> None:
    outside.standins.faults("klaviyo", [{"drop": True, "times": 100}])
    for service in ("klaviyo", "posthog", "postscript"):
        outside.emit(*keys(6), service=service)
        outside.send(service)
    assert outside.counted("posthog") == outside.counted("postscript") == dict.fromkeys(keys(6), 1)
    assert len(outside.deliveries(KLAVIYO)) == 6


def test_a_bad_key_stops_only_its_merchant(outside: Outside, other: Outside) -> None:
    outside.emit(*keys(8), good=False)
    other.emit("a", "b", "c")
    outside.send()
    other.send()
    assert other.counted() == {"a": 1, "b": 1, "c": 1}
    assert outside.standins.calls("klaviyo") == 4
    left = outside.deliveries(KLAVIYO)
    assert [d.attempts for d in left] == [1] + [0] * 7
    assert left[0].reason.startswith("HTTP 401")
    assert all(abs(d.wait - OF_KEYS.seconds) < 1 for d in left[1:])


def test_a_bad_key_stops_nothing_that_uses_another(outside: Outside) -> None:
    outside.emit("bad", good=False)
    outside.emit("good")
    outside.emit("bad too", good=False)
    outside.send()
    assert outside.counted() == {"good": 1}
    assert [d.attempts for d in outside.deliveries(KLAVIYO)] == [1, 0]


def test_what_waits_for_a_key_goes_out_when_it_is_mended(
    outside: Outside, later: Callable[[float], None]
) -> None:
    outside.standins.revoke("klaviyo", "pk_test")
    outside.emit(*keys(3))
    outside.send()
    outside.standins.revoke("klaviyo")
    later(OF_KEYS.seconds)
    outside.send()
    assert outside.counted() == dict.fromkeys(keys(3), 1)


def test_a_refused_key_is_dead_after_one_try_and_three_retries(
    outside: Outside, later: Callable[[float], None]
) -> None:
    outside.emit("one", good=False)
    for _ in range(4):
        outside.send()
        later(OF_KEYS.most)
    (left,) = outside.deliveries(KLAVIYO)
    assert (left.attempts, left.dead, left.reason[:8]) == (4, True, "HTTP 401")


def test_refused_contents_and_pauses_open_nothing(outside: Outside) -> None:
    steps = [{"status": 404, "times": 6}, {"status": 429, "retry_after": 0}]
    outside.standins.faults("klaviyo", steps)
    outside.emit(*keys(8))
    outside.send()
    assert sum(d.dead for d in outside.deliveries(KLAVIYO)) == 6
    assert outside.parts.breaker.states(["klaviyo"])["klaviyo"].failures == 0


def test_the_whole_lane_waits_as_long_as_the_receiver_asks(outside: Outside) -> None:
    outside.standins.faults("klaviyo", [{"status": 429, "retry_after": 7}])
    outside.emit(*keys(30))
    outside.send()
    left = outside.deliveries(KLAVIYO)
    assert {d.attempts for d in left} == {0}
    assert all(6 < d.wait <= 7 for d in left)
