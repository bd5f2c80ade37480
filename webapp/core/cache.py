"""Cache: key and tag names, and the protocol that `gateways/redis_cache.py` speaks.

A cache is never the truth and may be absent, empty or hung at any time: `get` then answers None
and the other calls do nothing. An entry carries tags; dropping a tag makes every entry that
carries it unreadable. Keys and tags are built here and nowhere else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


def points_tag(customer_id: str) -> str:
    """Everything that shows this member's points (the specification's `points:{customer_id}`)."""
    return f"points:{customer_id}"


def tiers_tag(customer_id: str) -> str:
    """Everything that shows this member's tier (the specification's `tiers:{customer_id}`)."""
    return f"tiers:{customer_id}"


def fragment_key(
    merchant_id: str, store_id: str, locale: str, root: str, widget: str, customer_id: str
) -> str:
    """A fragment rendered for one store; `customer_id` may be a word for a kind of stranger
    instead."""
    return f"fragment:{merchant_id}:{store_id}:{locale}:{root}:{widget}:{customer_id}"


def rewards_tag(store_id: str) -> str:
    """Everything that shows what rewards can be had at a store."""
    return f"rewards:{store_id}"


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
