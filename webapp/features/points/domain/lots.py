"""Lots: what is left of the points that each entry brought, and in which order they are spent."""

from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class Entry:
    """What of a ledger entry moves lots. `parent_id` is the entry that it takes back or ends."""

    entry_id: int
    type: str
    points: int
    at: datetime
    available_at: datetime | None
    expires_at: datetime | None
    parent_id: int | None


@dataclass(slots=True)
class LotReplayer:
    """Works out the lots and the debt of one home from its entries alone, in the order they were
    written, independently of what the database says that was left."""

    lots: dict[int, Lot] = field(default_factory=dict)
    owed: int = 0
    taken: dict[int, list[Slice]] = field(default_factory=dict)

    def play(self, entry: Entry) -> None:
        """The next entry."""
        if entry.type == "redeem_reversal":
            for lot, points in self.taken.pop(entry.parent_id or 0, []):
                lot.remaining += points
            self._repay()
        elif entry.points > 0:
            self._bring(entry)
        else:
            self._take(entry)

    def _bring(self, entry: Entry) -> None:
        self.lots[entry.entry_id] = Lot(
            home="",
            lot_id=entry.entry_id,
            order_id=None,
            store_id="",
            rule_version=0,
            points=entry.points,
            remaining=entry.points,
            reversed=0,
            uncollected=0,
            available_at=entry.available_at or entry.at,
            expires_at=entry.expires_at,
        )
        self._repay()

    def _take(self, entry: Entry) -> None:
        lots = sorted(self.lots.values(), key=spend_order)
        own = self.lots.get(entry.parent_id or 0)
        if entry.type == "expire":
            lots = [own] if own else []
        elif entry.type == "clawback":
            lots = [own, *(lot for lot in lots if lot is not own)] if own else lots
        else:
            lots = [lot for lot in lots if lot.is_usable(entry.at)]
        slices = take(lots, -entry.points)
        self.taken[entry.entry_id] = slices
        self.owed += -entry.points - total(slices)

    def _repay(self) -> None:
        for lot in self.lots.values():
            part = min(lot.remaining, self.owed)
            lot.remaining -= part
            self.owed -= part
