"""What goes into and comes out of the use cases of points."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from webapp.core.messages import Id, LocaleTag


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

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


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


@dataclass(frozen=True, slots=True)
class SyncPoints:
    """Ask that some stores show a member's balance as it is now."""

    customer_id: Annotated[
        Id, Field(description="Our id of the member, a Shopify GID, or a store's customer id.")
    ]
    store_ids: Annotated[
        tuple[Id, ...],
        Field(min_length=1, max_length=50, description="Shop domains, or our ids of stores."),
    ]
    locale: LocaleTag | None = None


@dataclass(frozen=True, slots=True)
class PointsSynced:
    """The member's balance."""

    points_balance: int
