"""The book of a few members: their lots and debts in memory, and what is to be written of them.

Everything but the points of new orders is decided here, by the rules in `domain`, and written in a
handful of statements, however many members and entries there are.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.lots import Lot, Slice, spend_order, take, total
from webapp.features.points.service import cards, entries
from webapp.features.points.service.entries import Allocation, Posting
from webapp.features.points.service.holders import Holder, hold


@dataclass(slots=True)
class Written:
    """A posting with the slices it took, or the lot it brought."""

    posting: Posting
    slices: Sequence[Slice] = ()
    lot: Lot | None = None


@dataclass(slots=True)
class Book:
    """`lots` has those of each home, oldest first; `owed` is what each owes. `written` is to become
    entries, `paid` the slices that paid debts, `back` what returned to lots, `due` the members
    whose card is out of date."""

    ctx: Context
    holders: Mapping[str, Holder]
    lots: dict[str, list[Lot]] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    paid: list[Slice] = field(default_factory=list)
    back: list[Allocation] = field(default_factory=list)
    changed: dict[int, Lot] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)

    def homes(self) -> list[str]:
        """All homes, in the order of their ids."""
        return sorted({home for holder in self.holders.values() for home in holder.homes})

    def member(self, home: str) -> str:
        """Whose home that is."""
        return next(h.member for h in self.holders.values() if home in h.homes)

    def in_order(self, homes: Iterable[str]) -> list[Lot]:
        """The lots of some homes with points left, in the order they are spent."""
        lots = (lot for home in homes for lot in self.lots.get(home, ()) if lot.remaining)
        return sorted(lots, key=spend_order)

    def usable(self, holder: Holder) -> list[Lot]:
        """The lots that a member can spend now, in the order they are spent."""
        return [lot for lot in self.in_order(holder.homes) if lot.is_usable(self.ctx.now)]

    def spendable(self, holder: Holder) -> int:
        """What a member can spend now; below zero while they owe more than they have."""
        owed = sum(self.owed.get(home, 0) for home in holder.homes)
        return sum(lot.remaining for lot in self.usable(holder)) - owed

    def lot(self, home: str, lot_id: int) -> Lot:
        """One lot that was read."""
        return next(lot for lot in self.lots[home] if lot.lot_id == lot_id)

    def touch(self, slices: Iterable[Slice]) -> None:
        """Note that these lots have changed."""
        self.changed.update({id(lot): lot for lot, _ in slices})

    def debit(self, posting: Posting, slices: Sequence[Slice]) -> None:
        """Enter what took these slices."""
        self.written.append(Written(posting, slices))
        self.touch(slices)

    def credit(self, posting: Posting) -> None:
        """Enter what brings points: its lot is there at once, and pays debts first."""
        lot = Lot(
            home=posting.home,
            lot_id=0,
            # A bonus that an order brought is not what its refund takes back.
            order_id=posting.order_id if posting.type == "earn" else None,
            store_id=posting.store_id,
            rule_version=posting.rule_version,
            points=posting.points,
            remaining=posting.points,
            reversed=0,
            uncollected=0,
            available_at=posting.available_at or posting.occurred_at,
            expires_at=posting.expires_at,
        )
        self.written.append(Written(posting, lot=lot))
        self.lots.setdefault(posting.home, []).append(lot)
        self.repay(posting.home)

    def repay(self, home: str) -> None:
        """Pay what a home owes with what it has, the oldest lot first."""
        slices = take(self.lots.get(home, ()), self.owed.get(home, 0))
        if slices:
            self.owed[home] -= total(slices)
            self.paid += slices
            self.touch(slices)
            # What cannot be spent yet pays as well: the card changes though no entry says so.
            self.due.add(self.member(home))

    def expire(self, of: str = "", at: datetime | None = None) -> None:
        """Enter what cannot be spent any more, as of the moment it expired, or as of `at` under a
        key of its own where it came back later `of` something."""
        for lot in self.in_order(self.homes()):
            if lot.expires_at is None or not lot.is_expired(self.ctx.now):
                continue
            posting = Posting(
                home=lot.home,
                store_id=lot.store_id,
                type="expire",
                points=-lot.remaining,
                key=f"expire:{lot.lot_id}{of}",
                occurred_at=at or lot.expires_at,
                rule_version=lot.rule_version,
                order_id=lot.order_id,
                parent_id=lot.lot_id,
            )
            self.debit(posting, take([lot], lot.remaining))

    def close(self) -> list[int]:
        """Write everything, and carry it to the cards; the ids of the entries, in their order."""
        ids = entries.enter(self.ctx, [w.posting for w in self.written])
        taken: list[Allocation] = []
        for entry_id, written in zip(ids, self.written, strict=True):
            if written.lot is not None:
                written.lot.lot_id = entry_id
            taken += (Allocation(lot.home, entry_id, lot.lot_id, n) for lot, n in written.slices)
        added = [w.lot for w in self.written if w.lot is not None]
        entries.add_lots(self.ctx, added)
        fresh = {id(lot) for lot in added}
        entries.change_lots(self.ctx, [lot for k, lot in self.changed.items() if k not in fresh])
        entries.allocate(self.ctx, [*taken, *self.back])
        entries.owe(self.ctx, sorted(self.owed.items()))
        if self.paid:
            entries.allocate(self.ctx, entries.payments(self.ctx, self.paid))
        cards.carry(self.ctx, self.scores())
        return ids

    def scores(self) -> dict[str, int]:
        """The members whose card is to be brought up to the moment, with what their score of this
        cycle has changed by: only orders and their refunds count."""
        cycle = cards.cycle_of(self.ctx)
        of = {home: holder.member for holder in self.holders.values() for home in holder.homes}
        scores = dict.fromkeys(self.due, 0)
        for posting in (w.posting for w in self.written):
            counts = cards.is_scored(posting) and cycle.holds(posting.occurred_at)
            member = of[posting.home]
            scores[member] = scores.get(member, 0) + (posting.points if counts else 0)
        return scores


def open_book(ctx: Context, customers: Iterable[str], lots: Iterable[int] = ()) -> Book:
    """Lock the members that these homes or members are, and read their lots with points left, and
    also those named. What has just come pays first what its home owes, and then what has expired by
    now is taken out. Raises AppError(customer_not_found)."""
    book = Book(ctx, hold(ctx, customers))
    values = {
        "merchant_id": ctx.merchant_id,
        "homes": book.homes(),
        "lots": sorted(lots),
        "members": sorted({holder.member for holder in book.holders.values()}),
        "now": ctx.now,
    }
    for row in ctx.db.execute(_LOTS, values):
        book.lots.setdefault(row[0], []).append(Lot(*row))
    book.owed.update(dict(map(tuple, ctx.db.execute(_OWED, values))))
    book.due.update(ctx.db.scalars(_DUE, values))
    for home in sorted(book.owed):
        book.repay(home)
    book.expire()
    return book


_LOTS = text(
    """
    select l.customer_id, l.transaction_id, l.order_id, t.store_id, t.rule_version, l.points,
           l.remaining, l.reversed, l.uncollected, l.available_at, l.expires_at
    from points_lots l
    join points_transactions t on t.merchant_id = l.merchant_id
        and t.customer_id = l.customer_id and t.transaction_id = l.transaction_id
    where l.merchant_id = :merchant_id and l.customer_id = any(:homes)
      and (l.remaining > 0 or l.transaction_id = any(:lots))
    order by l.customer_id, l.transaction_id
    """
)
_OWED = text(
    """
    select customer_id, points from points_deficits
    where merchant_id = :merchant_id and customer_id = any(:homes) and points > 0
    """
)
_DUE = text(
    """
    select customer_id from customer_cards
    where merchant_id = :merchant_id and customer_id = any(:members) and changes_at <= :now
    """
)
