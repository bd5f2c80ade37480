"""Redis as cache and doorbell. Redis may be absent, empty or frozen; the product only gets slower.

One client without retries and with short time-outs, behind one breaker: a frozen server costs a
request one time-out, and nothing for the seconds that follow.
"""

import logging
import struct
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import pybreaker
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue

from webapp.core import discovery
from webapp.core.cache import Cache, Found, Near

log = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT_SECONDS = 0.1
BREAK_SECONDS = 5
PREFIX = "loyalnest:"
QUEUE = "loyalnest"
# How long a rung bell keeps others from ringing, when no worker has answered it.
BELL_MILLISECONDS = 2_000
# The channels on which senders, and workers that are awake, hear that there is something to do.
SENDERS, WORKERS = f"{PREFIX}senders", f"{PREFIX}workers"
# Within this time one process rings once; it is less than an awake worker gathers for.
TOGETHER_SECONDS = 0.05
# How often one more worker is woken at most while another is awake.
WAKE_MILLISECONDS, WOKEN = 500, f"{PREFIX}woken"
TAG_LIFE_SECONDS = 86_400
# A bulk change drops thousands of tags; each round trip must stay well below the time-out.
TAGS_A_TRIP = 500


def connect(url: str, timeout: float | None = TIMEOUT_SECONDS) -> redis.Redis:
    """A client that never retries by itself (redis-py would, for six seconds)."""
    return redis.Redis.from_url(
        url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
    )


class Guard:
    """Calls Redis behind a breaker; a failure or an open breaker gives the fallback."""

    def __init__(self) -> None:
        # The failure that opens the breaker comes out as itself, so that it is logged.
        self._breaker = pybreaker.CircuitBreaker(
            fail_max=1, reset_timeout=BREAK_SECONDS, throw_new_error_on_trip=False
        )

    def call(self, fallback: T, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        try:
            return self._breaker.call(function, *args, **kwargs)
        except pybreaker.CircuitBreakerError:
            return fallback
        except redis.RedisError as error:
            log.warning("Redis did not answer: %s", type(error).__name__)
            return fallback


class RedisCache(Cache):
    """A cache with tags: an entry carries the versions its tags had when it was made, and a tag is
    dropped by raising its version. Reading costs one round trip. What is dropped here is dropped
    from what this process keeps `near` as well."""

    def __init__(self, client: redis.Redis, guard: Guard, near: Near | None = None) -> None:
        self._redis, self._guard, self._near = client, guard, near or Near()

    def get(self, key: str, tags: Iterable[str]) -> Found:
        answers = self._many([PREFIX + key, *(_tag(t) for t in sorted(tags))])
        if answers is None:
            return Found()
        stored, stamp = answers[0], _stamp(answers[1:])
        fresh = stored is not None and stored.startswith(stamp)
        return Found(stored[len(stamp) :] if stored is not None and fresh else None, stamp)

    def put(self, key: str, found: Found, value: bytes, seconds: int) -> None:
        if found.stamp is not None:
            self._guard.call(None, self._redis.set, PREFIX + key, found.stamp + value, ex=seconds)

    def close(self) -> None:
        """Close the client's connections."""
        self._redis.close()

    def _many(self, names: list[str]) -> list[bytes | None] | None:
        # The client is made without decode_responses, so values are bytes.
        return cast("list[bytes | None] | None", self._guard.call(None, self._redis.mget, names))

    def drop(self, tags: Iterable[str]) -> None:
        tags = list(tags)
        self._near.drop(tags)
        names = [_tag(tag) for tag in tags]
        for start in range(0, len(names), TAGS_A_TRIP):
            self._guard.call(None, self._raise_versions, names[start : start + TAGS_A_TRIP])

    def _raise_versions(self, names: list[str]) -> None:
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.incr(name)
            pipe.expire(name, TAG_LIFE_SECONDS)
        pipe.execute()


class Doorbell:
    """Rings a handler's `drain` job, or for what is sent over the network, the senders. It is only
    a bell: what there is to do is in PostgreSQL, and is found there when nobody heard."""

    def __init__(self, client: redis.Redis, guard: Guard) -> None:
        self._redis, self._guard = client, guard
        self._queue = Queue(QUEUE, connection=client, serializer="json")
        self._lock, self._waiting = threading.Lock(), set[str]()
        self._rang, self._timer = 0.0, threading.Timer(0, self._ring_waiting)

    def __call__(self, handlers: Iterable[str]) -> None:
        """Tell those who are awake, and when no worker is, wake one: once for each handler whose
        bell is not ringing already."""
        self._guard.call(None, self._ring, list(handlers), self._redis.publish)

    def soon(self, handlers: Collection[str]) -> None:
        """Ring the senders at once, and the workers, too, unless a bell of this process has just
        rung: bells that come by the hundred say no more than one."""
        sends = {handler for handler in handlers if discovery.is_send(handler)}
        if sends:
            self(sends)
        if len(sends) < len(handlers):
            self._ring_together(set(handlers) - sends)

    def _ring_together(self, handlers: set[str]) -> None:
        with self._lock:
            self._waiting |= handlers
            # In a forked child no timer lives on.
            if self._timer.is_alive():
                return
            pause = self._rang + TOGETHER_SECONDS - time.monotonic()
            if pause > 0:
                self._timer = threading.Timer(pause, self._ring_waiting)
                self._timer.start()
                return
        self._ring_waiting()

    def _ring_waiting(self) -> None:
        with self._lock:
            handlers, self._waiting = self._waiting, set()
            self._rang = time.monotonic()
        self(handlers)

    def close(self) -> None:
        """Ring what is waiting to be rung."""
        with self._lock:
            timer = self._timer
        if timer.is_alive():
            timer.join()

    def wake(self, handlers: Iterable[str]) -> None:
        """Wake a worker, also while another is awake, but then only every WAKE_MILLISECONDS: what a
        long batch holds stays due until it ends, and one who is woken for it finds nothing."""
        self._guard.call(None, self._ring, list(handlers), self._woken_lately)

    def _woken_lately(self, channel: str, _message: bytes) -> bool:
        answer: Any = self._redis.pubsub_numsub(channel)
        awake = any(listening for _, listening in answer)
        return awake and not self._redis.set(WOKEN, b"1", nx=True, px=WAKE_MILLISECONDS)

    @contextmanager
    def heard(self) -> Iterator[Callable[[float], bool]]:
        """Be awake meanwhile: gives what waits so many seconds for a bell, and tells whether one
        has rung. Without Redis none does."""
        client: Any = self._redis
        with client.pubsub(ignore_subscribe_messages=True) as channel:
            self._guard.call(None, channel.subscribe, WORKERS)
            # The server's word that we are heard from now on.
            self._guard.call(None, channel.get_message, timeout=TIMEOUT_SECONDS)

            def listen(seconds: float) -> bool:
                said = self._guard.call(None, channel.get_message, timeout=seconds)
                while said and self._guard.call(None, channel.get_message):
                    continue  # However many have rung, it is one bell.
                return said is not None

            yield listen

    def _ring(self, handlers: list[str], tell_awake: Callable[[str, bytes], Any]) -> None:
        sends = [handler for handler in handlers if discovery.is_send(handler)]
        applies = [handler for handler in handlers if not discovery.is_send(handler)]
        if sends:
            self._redis.publish(SENDERS, b"1")
        if not applies or tell_awake(WORKERS, b"1"):
            return
        for handler in applies:
            if self._redis.set(_bell(handler), b"1", nx=True, px=BELL_MILLISECONDS):
                self._queue.enqueue("jobs.drain.drain", handler, result_ttl=0, failure_ttl=60)

    def answered(self, handler: str) -> None:
        """The bell was heard: it may ring again from now on."""
        self._guard.call(None, self._redis.delete, _bell(handler))


def _tag(tag: str) -> str:
    return f"{PREFIX}tag:{tag}"


def _bell(handler: str) -> str:
    return f"{PREFIX}bell:{handler}"


def _stamp(versions: Iterable[bytes | None]) -> bytes:
    return b"".join(struct.pack(">Q", int(v or 0)) for v in versions)
