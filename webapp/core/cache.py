"""Cache: key and tag names, and the protocol that `gateways/redis_cache.py` speaks.

A cache is never the truth and may be absent, empty or hung at any time: `get` then answers None
and the other calls do nothing. An entry carries tags; dropping a tag makes every entry that
carries it unreadable. Keys and tags are built here and nowhere else.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


def points_tag(customer_id: str) -> str:
    """Everything that shows this member's points (the specification's `points:{customer_id}`)."""
    return f"points:{customer_id}"


def tiers_tag(customer_id: str) -> str:
    """Everything that shows this member's tier (the specification's `tiers:{customer_id}`)."""
    return f"tiers:{customer_id}"


def wallet_tag(customer_id: str) -> str:
    """Everything that shows this member's cards in wallets (the specification's
    `wallet:{customer_id}`)."""
    return f"wallet:{customer_id}"


def fragment_key(
    merchant_id: str, store_id: str, locale: str, root: str, widget: str, customer_id: str
) -> str:
    """A fragment rendered for one store; `customer_id` may be a word for a kind of stranger
    instead."""
    return f"fragment:{merchant_id}:{store_id}:{locale}:{root}:{widget}:{customer_id}"


def rewards_tag(store_id: str) -> str:
    """Everything that shows what rewards can be had at a store."""
    return f"rewards:{store_id}"


def content_tag(merchant_id: str, locale: str) -> str:
    """Everything a merchant's storefronts say in a language (the specification's
    `content:{merchant_id}:{locale}`)."""
    return f"content:{merchant_id}:{locale}"


def theme_tag(merchant_id: str, locale: str) -> str:
    """Everything that depends on how the widgets are configured (the specification's
    `theme:{merchant_id}:{locale}`)."""
    return f"theme:{merchant_id}:{locale}"


@dataclass(frozen=True, slots=True)
class Found:
    """What a look into the cache gave: the value, if any, and the state of its tags at that moment
    (None when the cache did not answer)."""

    value: bytes | None = None
    stamp: bytes | None = None


class Cache(Protocol):
    """What the product asks of a cache. Values are bytes; lives are seconds."""

    def get(self, key: str, tags: Iterable[str]) -> Found:
        """What is stored under `key` since the last drop of any of `tags`."""

    def put(self, key: str, found: Found, value: bytes, seconds: int) -> None:
        """Store for at most `seconds` what was made after `get` had found nothing. A tag dropped
        in between makes the value unreadable from the start."""

    def drop(self, tags: Iterable[str]) -> None:
        """Make every entry with one of these tags unreadable."""


class Near:
    """What this process has just answered with, ready to be answered with again.

    It asks nobody, so it holds nothing for longer than a second: that is how late it may be when
    another process has dropped a tag. Tags that this process drops count at once; what was made
    before such a drop and is kept after it does not count.
    """

    SECONDS, MOST = 1.0, 10_000

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}
        self._keys: defaultdict[str, set[str]] = defaultdict(set)
        self._drops, self._lock = 0, threading.Lock()

    def get(self, key: str) -> Any:
        """What is kept under a key; None when there is nothing, or nothing new enough."""
        until, value = self._kept.get(key, (0.0, None))
        return value if time.monotonic() < until else None

    def state(self) -> int:
        """To be taken before a value is made that is to be kept."""
        return self._drops

    def keep(self, key: str, tags: Iterable[str], value: Any, state: int) -> None:
        """Keep what was made since `state` was taken."""
        with self._lock:
            if state != self._drops:
                return
            if max(len(self._kept), len(self._keys)) >= self.MOST:
                self._kept.clear()
                self._keys.clear()
            self._kept[key] = time.monotonic() + self.SECONDS, value
            for tag in tags:
                self._keys[tag].add(key)

    def drop(self, tags: Iterable[str]) -> None:
        """Forget everything with one of these tags."""
        with self._lock:
            self._drops += 1
            for tag in tags:
                for key in self._keys.pop(tag, ()):
                    self._kept.pop(key, None)
