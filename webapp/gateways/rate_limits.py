"""Counts calls in Redis for all processes together; alone in memory while Redis is missing.

A window slides, so that nobody gets two allowances around a full minute. The storage shares the
breaker and the time-outs of the cache: a hung Redis costs one call one time-out.
"""

import math

import redis
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from webapp.core.clock import SystemClock
from webapp.core.rates import Allowance, Limiter
from webapp.gateways.redis_cache import PREFIX, Guard

WINDOW_SECONDS = 60


class RateLimiter(Limiter):
    """So many calls a minute for each caller."""

    def __init__(self, client: redis.Redis, guard: Guard, a_minute: int) -> None:
        self._item = RateLimitItemPerMinute(a_minute, namespace="calls")
        # Windows are real minutes, as the library and the server count them.
        self._guard, self._clock = guard, SystemClock()
        # The pool carries address, time-outs and the ban on retries; the address only names it.
        shared = RedisStorage("redis://", client.connection_pool, key_prefix=f"{PREFIX}limits")
        self._shared = SlidingWindowCounterRateLimiter(shared)
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, caller: str) -> Allowance:
        found: Allowance | None = self._guard.call(None, self._count, self._shared, caller)
        return found or self._count(self._alone, caller)

    def _count(self, counter: SlidingWindowCounterRateLimiter, caller: str) -> Allowance:
        granted = counter.hit(self._item, caller)
        reset_at, remaining = counter.get_window_stats(self._item, caller)
        seconds = max(1, math.ceil(reset_at - self._clock.wall().timestamp()))
        return Allowance(granted, self._item.amount, WINDOW_SECONDS, remaining, seconds)
