"""Counts calls in Redis for all processes together; alone in memory while Redis is missing.

A window slides, so that nobody gets two allowances around a full minute. Counting shares the
breaker and the time-outs of the cache: a hung Redis costs one call one time-out.
"""

import math

import redis
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from webapp.core.clock import SystemClock
from webapp.core.rates import Allowance, Limiter
from webapp.gateways.redis_cache import PREFIX, Guard

WINDOW_SECONDS = 60

# The sliding window counter of `limits`, which would ask Redis twice: count the call, and say in
# the same trip what the windows hold. KEYS: the window before, the window now. ARGV: limit,
# milliseconds of a window.
_COUNT = """
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local left = redis.call('pttl', KEYS[2])
if left > 0 and left < window then
    redis.call('rename', KEYS[2], KEYS[1])
    redis.call('set', KEYS[2], 0, 'PX', left + window)
end
local before = tonumber(redis.call('get', KEYS[1])) or 0
local before_left = math.max(0, redis.call('pttl', KEYS[1]))
local now = tonumber(redis.call('get', KEYS[2])) or 0
local granted = 0
if math.floor(before * before_left / window) + now < limit then
    granted, now = 1, now + 1
    if left > 0 then
        redis.call('incr', KEYS[2])
    else
        redis.call('set', KEYS[2], now, 'PX', 2 * window)
    end
end
return {granted, before, before_left, now, math.max(0, redis.call('pttl', KEYS[2]))}
"""


class RateLimiter(Limiter):
    """So many calls a minute for each caller."""

    def __init__(self, client: redis.Redis, guard: Guard, a_minute: int) -> None:
        self._item = RateLimitItemPerMinute(a_minute, namespace="calls")
        # Windows are real minutes, as the library and the server count them.
        self._guard, self._clock = guard, SystemClock()
        self._script = client.register_script(_COUNT)
        self._alone = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take(self, caller: str, most: int | None = None) -> Allowance:
        item = self._item if most is None else RateLimitItemPerMinute(most, namespace="calls")
        return self._guard.call(None, self._count, item, caller) or self._alone_of(item, caller)

    def _count(self, item: RateLimitItem, caller: str) -> Allowance | None:
        # Both names are kept on one machine of a cluster by what is in the braces.
        name = f"{PREFIX}limits:{{{caller}}}"
        limit, window = item.amount, 1000 * WINDOW_SECONDS
        told = self._script(keys=[f"{name}:before", name], args=[limit, window])
        granted, before, before_left, now, left = map(int, told)
        used = math.floor(before * before_left / window) + now
        # The next call is free when the windows' calls have faded by one.
        waits = [before_left % (window / before)] if before else []
        waits += [left % window] if now else []
        seconds = max(1, math.ceil(min(waits) / 1000)) if waits else 1
        return Allowance(bool(granted), limit, WINDOW_SECONDS, max(0, limit - used), seconds)

    def _alone_of(self, item: RateLimitItem, caller: str) -> Allowance:
        granted = self._alone.hit(item, caller)
        reset_at, remaining = self._alone.get_window_stats(item, caller)
        seconds = max(1, math.ceil(reset_at - self._clock.wall().timestamp()))
        return Allowance(granted, item.amount, WINDOW_SECONDS, remaining, seconds)
