"""Lots: what is left of the points that each entry brought, and in which order they are spent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

FOREVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Lot:
    """One lot of a home; see `models.ledger.PointsLot`."""

    home: str
    lot_id: int
    order_id: int | None
    store_id: str
    rule_version: int
    points: int
    remaining: int
    reversed: int
    uncollected: int
    available_at: datetime
    expires_at: datetime | None

    def is_expired(self, at: datetime) -> bool:
        """Whether what is left cannot be spent any more; the moment itself is too late."""
        return self.expires_at is not None and self.expires_at <= at

    def is_usable(self, at: datetime) -> bool:
        """Whether what is left can be spent at that moment."""
        return self.available_at <= at and not self.is_expired(at)


# So many points of a lot.
Slice = tuple[Lot, int]


def spend_order(lot: Lot) -> tuple[datetime, datetime, int]:
    """What expires soonest is spent first, then what was there first."""
    return lot.expires_at or FOREVER, lot.available_at, lot.lot_id


def take(lots: Iterable[Lot], points: int) -> list[Slice]:
    """Take up to so many points out of lots, in their order; what was taken of each."""
    taken: list[Slice] = []
    for lot in lots:
        part = min(lot.remaining, points)
        if part > 0:
            lot.remaining -= part
            points -= part
            taken.append((lot, part))
    return taken


def total(slices: Iterable[Slice]) -> int:
    """The points of some slices together."""
    return sum(points for _, points in slices)
