"""Rate limits: shared by processes, and still there when Redis is not."""

import os
import socket
import time
from collections.abc import Iterator

import pytest

from tests.conftest import Servers
from webapp.gateways.rate_limits import RateLimiter
from webapp.gateways.redis_cache import Guard, connect


def limiter(url: str, a_minute: int = 3) -> RateLimiter:
    return RateLimiter(connect(url), Guard(), a_minute)


@pytest.fixture
def caller() -> str:
    return f"key_{os.urandom(6).hex()}"


@pytest.fixture
def frozen() -> Iterator[str]:
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}"


def test_calls_are_granted_until_none_remain(servers: Servers, caller: str) -> None:
    taken = [limiter(servers.redis_url).take(caller) for _ in range(5)]
    assert [t.granted for t in taken] == [True, True, True, False, False]
    assert [t.remaining for t in taken] == [2, 1, 0, 0, 0]
    assert all((t.limit, t.window) == (3, 60) and 1 <= t.reset <= 120 for t in taken)


def test_callers_do_not_share_an_allowance(servers: Servers, caller: str) -> None:
    counter = limiter(servers.redis_url, 1)
    assert counter.take(caller).granted and counter.take(caller + "2").granted


def test_without_redis_a_process_limits_alone(caller: str) -> None:
    counter = limiter("unix:///nowhere/valkey.sock")
    assert [counter.take(caller).granted for _ in range(4)] == [True, True, True, False]


@pytest.mark.alone
def test_frozen_redis_costs_one_time_out(frozen: str, caller: str) -> None:
    counter, started = limiter(frozen, 100), time.monotonic()
    assert all(counter.take(caller).granted for _ in range(50))
    assert time.monotonic() - started < 0.5
