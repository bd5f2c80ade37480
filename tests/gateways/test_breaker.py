"""Breakers: the rules, many processes, and a Redis that is not there."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.conftest import Servers
from tests.factories import FixedClock
from webapp.gateways.breaker import OF_DESTINATIONS, OF_KEYS, Breaker, Verdict
from webapp.gateways.redis_cache import Guard, connect

Another = Callable[[], Breaker]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 14, 12, 0, tzinfo=UTC))


@pytest.fixture(params=["shared", "alone"])
def another(request: pytest.FixtureRequest, servers: Servers, clock: FixedClock) -> Another:
    """The breaker of one more process; `alone` all are one process without Redis."""
    if request.param == "alone":
        one = Breaker(connect("unix:///nowhere/valkey.sock"), Guard(), clock)
        return lambda: one
    return lambda: Breaker(connect(servers.redis_url), Guard(), clock)


@pytest.fixture
def name() -> str:
    return f"t{os.urandom(6).hex()}"


def trip(breaker: Breaker, name: str, times: int = OF_DESTINATIONS.failures) -> None:
    for _ in range(times):
        breaker.tell(name, Verdict.FAILS, "HTTP 500")


def test_a_few_failures_in_a_row_open_it_for_everybody(another: Another, name: str) -> None:
    trip(another(), name, OF_DESTINATIONS.failures - 1)
    assert another().ask([name]) == 0
    trip(another(), name, 1)
    assert another().ask([name]) == OF_DESTINATIONS.seconds
    state = another().states([name])[name]
    assert (state.state, state.failures, state.reason) == ("open", 5, "HTTP 500")


def test_success_starts_the_count_again(another: Another, name: str) -> None:
    for _ in range(3):
        trip(another(), name, OF_DESTINATIONS.failures - 1)
        another().tell(name, Verdict.WORKS)
    assert another().states([name])[name].failures == 0


def test_a_refused_content_neither_trips_nor_resets(another: Another, name: str) -> None:
    for _ in range(OF_DESTINATIONS.failures):
        assert another().ask([name]) == 0
        another().tell(name, Verdict.NOTHING)
        another().tell(name, Verdict.FAILS, "HTTP 500")
    assert another().ask([name]) > 0


def test_one_probe_is_let_through_and_closes_it(
    another: Another, name: str, clock: FixedClock
) -> None:
    trip(another(), name)
    clock.advance(seconds=OF_DESTINATIONS.seconds)
    assert another().ask([name]) == 0
    assert another().ask([name]) > 0
    assert another().states([name])[name].state == "half_open"
    another().tell(name, Verdict.WORKS)
    assert another().ask([name]) == 0


def test_a_probe_that_fails_opens_it_for_longer(
    another: Another, name: str, clock: FixedClock
) -> None:
    trip(another(), name)
    waits = []
    for _ in range(6):
        clock.advance(seconds=another().wait(name))
        assert another().ask([name]) == 0
        trip(another(), name, 1)
        waits.append(another().wait(name))
    assert waits == [30, 60, 120, 120, 120, 120]


def test_a_probe_that_said_nothing_leaves_the_next_one_to_others(
    another: Another, name: str, clock: FixedClock
) -> None:
    trip(another(), name)
    clock.advance(seconds=OF_DESTINATIONS.seconds)
    assert another().ask([name]) == 0
    another().give_back([name])
    assert another().ask([name]) == 0


def test_a_probe_that_died_is_given_up(another: Another, name: str, clock: FixedClock) -> None:
    trip(another(), name)
    clock.advance(seconds=OF_DESTINATIONS.seconds)
    assert another().ask([name]) == 0
    clock.advance(seconds=20)
    assert another().ask([name]) == 0


def test_late_failures_do_not_prolong_the_pause(
    another: Another, name: str, clock: FixedClock
) -> None:
    trip(another(), name)
    clock.advance(seconds=10)
    trip(another(), name, 3)
    assert another().wait(name) == OF_DESTINATIONS.seconds - 10


def test_a_key_is_refused_once_and_stops_only_itself(another: Another, name: str) -> None:
    mine, theirs = f"{name}:mer_1:crd_1", f"{name}:mer_2:crd_2"
    another().tell(mine, Verdict.FAILS, "HTTP 401")
    assert another().ask([name, mine]) == OF_KEYS.seconds
    assert another().ask([name, theirs]) == 0


def test_a_way_that_is_closed_gives_the_other_back(
    another: Another, name: str, clock: FixedClock
) -> None:
    key = f"{name}:mer_1:crd_1"
    trip(another(), name)
    clock.advance(seconds=OF_DESTINATIONS.seconds)
    another().tell(key, Verdict.FAILS, "HTTP 401")
    assert another().ask([name, key]) > 0
    assert another().ask([name]) == 0


def test_a_record_that_cannot_be_read_is_closed(servers: Servers, clock: FixedClock) -> None:
    client, name = connect(servers.redis_url), f"t{os.urandom(6).hex()}"
    client.set(f"loyalnest:breaker:{name}", b'{"newer": 1}', ex=60)
    assert Breaker(client, Guard(), clock).ask([name]) == 0


def test_only_one_of_many_at_once_is_the_probe(
    servers: Servers, clock: FixedClock, name: str
) -> None:
    breakers = [Breaker(connect(servers.redis_url, 2.0), Guard(), clock) for _ in range(8)]
    trip(breakers[0], name)
    clock.advance(seconds=OF_DESTINATIONS.seconds)
    start, waits = threading.Barrier(len(breakers)), []

    def ask(breaker: Breaker) -> None:
        start.wait()
        waits.append(breaker.ask([name]))

    threads = [threading.Thread(target=ask, args=(breaker,)) for breaker in breakers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(waits), waits.count(0.0)) == (8, 1)
