"""What goes into and comes out of the use cases of points."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class OrderRange:
    """New orders of one store: ids `first..last` of this merchant."""

    store_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CardPush:
    """The newest cards of a few customers on their way to one shop's metafields.

    `cards` holds (the shop's customer id, points, card version).
    """

    store_id: str
    shop_domain: str
    access_token: str
    cards: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry as a shopper sees it; `day` is in the store's zone."""

    day: date
    type: str
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's balance and the last entries, newest first."""

    balance: int
    entries: tuple[Entry, ...]
    to_next_hundred: int
