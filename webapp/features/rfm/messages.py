"""What goes into and comes out of the use cases of rfm."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DocumentRange:
    """New orders or refunds of one store: ids `first..last` of this merchant."""

    store_id: str
    table: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ShopSegments:
    """One shop's newest scores; empty before the first scoring. Money in minor units."""

    shop_domain: str
    currency: str
    customers: int
    computed_at: datetime | None
    segments: dict[str, int]
    recency: tuple[date, ...]
    frequency: tuple[int, ...]
    monetary: tuple[int, ...]
