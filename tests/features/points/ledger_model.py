"""What the ledger must say, worked out in plain Python from the rules alone: no lots in tables, no
entries, nothing of the product. Every lot is one row of a list, whoever's home it belongs to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction

NEVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class Terms:
    """The rules in force at a moment."""

    since: datetime
    rate: str = "1"
    hold: int = 0
    policy: str = "within_balance"
    lasts: int | None = None


@dataclass
class Batch:
    """Points that came together. `left` is there, `asked` was wanted back, `lost` of that in
    vain."""

    number: int
    home: int
    points: int
    begins: datetime
    ends: datetime
    policy: str
    order: int | None = None
    left: int = 0
    asked: int = 0
    lost: int = 0


@dataclass
class Sale:
    home: int
    minor: int
    at: datetime
    cancelled: bool = False
    batch: Batch | None = None
    judged: bool = False
    refunds: list[tuple[int, datetime]] = field(default_factory=list)


@dataclass
class Model:
    """Homes are numbers; `links` are pairs of homes that are one person."""

    now: datetime
    homes: int = 0
    terms: list[Terms] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    sales: dict[int, Sale] = field(default_factory=dict)
    owed: Counter[int] = field(default_factory=Counter)
    links: dict[int, tuple[int, int]] = field(default_factory=dict)
    spent: dict[int, list[tuple[Batch, int]]] = field(default_factory=dict)
    tally: Counter[tuple[int, str]] = field(default_factory=Counter)
    month: Counter[tuple[int, str]] = field(default_factory=Counter)

    def person(self, home: int) -> set[int]:
        """All homes that links connect with this one."""
        found, grew = {home}, True
        while grew:
            more = {h for pair in self.links.values() if found & set(pair) for h in pair}
            grew = not more <= found
            found |= more
        return found

    def pass_time(self, to: datetime) -> None:
        self.now = to
        for batch in self.batches:
            if batch.ends <= to:
                batch.left = 0

    def queue(self, homes: set[int]) -> list[Batch]:
        """What is left of some homes, what ends first first."""
        found = [b for b in self.batches if b.home in homes and b.left]
        return sorted(found, key=lambda b: (b.ends, b.begins, b.number))

    def spendable(self, home: int) -> int:
        person = self.person(home)
        there = sum(b.left for b in self.queue(person) if b.begins <= self.now)
        return there - sum(self.owed[h] for h in person)

    def pending(self, home: int) -> int:
        return sum(b.left for b in self.queue(self.person(home)) if b.begins > self.now)

    def note(self, home: int, kind: str, points: int, at: datetime, *, scored: bool) -> None:
        self.tally[home, kind] += points
        if scored:
            self.month[home, f"{at:%Y-%m}"] += points

    def repay(self, home: int) -> None:
        for batch in self.batches:
            if batch.home == home:
                part = min(batch.left, self.owed[home])
                batch.left -= part
                self.owed[home] -= part

    def bring(self, batch: Batch, kind: str, at: datetime) -> None:
        batch.left = batch.points
        self.batches.append(batch)
        self.note(batch.home, kind, batch.points, at, scored=kind == "earn")
        self.repay(batch.home)
        if batch.ends <= self.now:
            batch.left = 0

    def rule(self, at: datetime) -> Terms:
        return [t for t in self.terms if t.since <= at][-1]

    def hear_paid(self, number: int) -> None:
        sale = self.sales[number]
        if not sale.judged and not sale.cancelled:
            sale.judged = True
            rule = self.rule(sale.at)
            points = int(Fraction(sale.minor, 100) * Fraction(rule.rate))
            if points:
                midnight = sale.at.replace(hour=0, minute=0, second=0, microsecond=0)
                ends = midnight + timedelta(days=rule.lasts + 1) if rule.lasts else NEVER
                begins = sale.at + timedelta(days=rule.hold)
                sale.batch = Batch(
                    len(self.batches), sale.home, points, begins, ends, rule.policy, number
                )
                self.bring(sale.batch, "earn", sale.at)
        self.hear_refund(number)

    def hear_refund(self, number: int) -> None:
        sale = self.sales.get(number)
        if sale is None or sale.batch is None:
            return
        given = 0
        for minor, at in sale.refunds:
            given += minor
            target = sale.batch.points * min(given, sale.minor) // sale.minor
            self.want(sale.batch, target - sale.batch.asked, at)

    def hear_cancelled(self, number: int, at: datetime) -> None:
        sale = self.sales[number]
        if sale.batch is not None:
            self.want(sale.batch, sale.batch.points - sale.batch.asked, at)

    def want(self, batch: Batch, points: int, at: datetime) -> None:
        """Ask points of a batch back."""
        if points <= 0:
            return
        batch.asked += points
        own, person = {batch.home}, self.person(batch.home)
        sources = {
            "only_pending": [batch] if batch.begins > at else [],
            "within_balance": [batch, *self.queue(own), *self.queue(person - own)],
            "unlimited": [batch, *self.queue(own)],
        }[batch.policy]
        scored = batch.order is not None
        for source in sources:
            part = min(source.left, points)
            source.left -= part
            points -= part
            self.note(source.home, "clawback", -part, at, scored=scored)
        if batch.policy == "unlimited":
            self.owed[batch.home] += points
            self.note(batch.home, "clawback", -points, at, scored=scored)
        else:
            batch.lost += points

    def spend(self, home: int, points: int, number: int) -> bool:
        if points > self.spendable(home):
            return False
        self.spent[number] = []
        for batch in self.queue(self.person(home)):
            part = min(batch.left, points) if batch.begins <= self.now else 0
            if part:
                batch.left -= part
                points -= part
                self.spent[number].append((batch, part))
                self.note(batch.home, "redeem", -part, self.now, scored=False)
        return True

    def undo(self, number: int) -> int:
        """Give back what was spent; how much that was."""
        parts = self.spent.pop(number, [])
        for batch, part in parts:
            batch.left += part
            self.note(batch.home, "redeem_reversal", part, self.now, scored=False)
        for home in {batch.home for batch, _ in parts}:
            self.repay(home)
        for batch, part in parts:
            late = min(batch.lost, part, batch.left) if batch.policy != "only_pending" else 0
            batch.left -= late
            batch.lost -= late
            scored = batch.order is not None
            self.note(batch.home, "clawback", -late, self.now, scored=scored)
            if batch.ends <= self.now:
                batch.left = 0
        return sum(part for _, part in parts)
