"""What comes back: redeemed points to their lots, and points that were earned or given to us."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.clawback import collect
from webapp.features.points.domain.earning import ONLY_PENDING
from webapp.features.points.domain.lots import Lot, Slice, total
from webapp.features.points.queries.rules import policies
from webapp.features.points.service.book import Book, open_book
from webapp.features.points.service.entries import Allocation, Posting

UNCOLLECTED = "points_uncollected"


def give_back(ctx: Context, redemption_id: str, key: str, occurred_at: datetime) -> int:
    """Return what a redemption took into the same lots, with the same expiry; the points returned,
    0 when that was done before. What refunds asked back of these lots meanwhile and could not get
    is collected now, and what has expired by now expires."""
    values = {"merchant_id": ctx.merchant_id, "redemption_id": redemption_id}
    homes = set(ctx.db.scalars(_HOMES, values))
    if not homes:
        return 0
    open_lots = ctx.db.scalars(_TAKEN_LOTS, values)
    book = open_book(ctx, homes, open_lots)
    points = 0
    for number, (debit, slices) in enumerate(_taken(book, redemption_id)):
        posting = Posting(
            home=debit.home,
            store_id=debit.store_id,
            type="redeem_reversal",
            points=total(slices),
            key=f"{key}:{debit.home}" if number else key,
            occurred_at=occurred_at,
            rule_version=debit.rule_version,
            parent_id=debit.debit_id,
            redemption_id=redemption_id,
        )
        book.debit(posting, ())
        book.touch(slices)
        points += total(slices)
        for lot, returned in slices:
            lot.remaining += returned
            book.back.append(Allocation(debit.home, debit.debit_id, lot.lot_id, -returned))
        book.repay(debit.home)
        _collect_late(book, slices, key, occurred_at)
    book.expire(of=f":{key}", at=occurred_at)
    book.close()
    return points


@dataclass(frozen=True, slots=True)
class _Taken:
    home: str
    debit_id: int
    store_id: str
    rule_version: int


def _taken(book: Book, redemption_id: str) -> Iterable[tuple[_Taken, list[Slice]]]:
    """What each entry of a redemption took and has not returned."""
    values = {"merchant_id": book.ctx.merchant_id, "redemption_id": redemption_id}
    found: dict[_Taken, list[Slice]] = {}
    for *debit, lot_id, points in book.ctx.db.execute(_TAKEN, values):
        taken = _Taken(*debit)
        found.setdefault(taken, []).append((book.lot(taken.home, lot_id), points))
    return found.items()


_HOMES = text(
    """
    select distinct customer_id from points_transactions
    where merchant_id = :merchant_id and redemption_id = :redemption_id
    """
)
_TAKEN = text(
    """
    select t.customer_id, t.transaction_id, t.store_id, t.rule_version, a.lot_id,
           a.points - a.returned
    from points_transactions t
    join lot_allocations a on a.merchant_id = t.merchant_id
        and a.customer_id = t.customer_id and a.debit_id = t.transaction_id
    where t.merchant_id = :merchant_id and t.redemption_id = :redemption_id
      and t.type = 'redeem' and a.points > a.returned
    order by t.transaction_id, a.lot_id
    """
)
_TAKEN_LOTS = text(
    """
    select a.lot_id
    from points_transactions t
    join lot_allocations a on a.merchant_id = t.merchant_id
        and a.customer_id = t.customer_id and a.debit_id = t.transaction_id
    where t.merchant_id = :merchant_id and t.redemption_id = :redemption_id
    """
)


def _collect_late(book: Book, slices: Iterable[Slice], key: str, at: datetime) -> None:
    """Of what came back into lots, take what refunds had asked of them in vain; not where refunds
    take only what is pending, for what was spent was not."""
    policy = policies(book.ctx)
    for lot, returned in slices:
        if policy[lot.rule_version] == ONLY_PENDING:
            continue
        late = min(lot.uncollected, returned, lot.remaining)
        if late:
            lot.uncollected -= late
            lot.remaining -= late
            book.debit(clawback(lot, late, f"{key}:lot:{lot.lot_id}", at), [(lot, late)])


def clawback(lot: Lot, points: int, key: str, at: datetime) -> Posting:
    """The entry that takes back points of a lot, in the lot's own home."""
    return Posting(
        home=lot.home,
        store_id=lot.store_id,
        type="clawback",
        points=-points,
        key=key,
        occurred_at=at,
        rule_version=lot.rule_version,
        order_id=lot.order_id,
        parent_id=lot.lot_id,
    )


@dataclass(frozen=True, slots=True)
class Ask:
    """Points of a lot that are asked back at a moment, under a key."""

    home: str
    lot_id: int
    points: int
    key: str
    at: datetime


def claw_back(book: Book, asks: Iterable[Ask]) -> int:
    """Take back what is asked, in that order, by the return policy under which it was earned; the
    points taken. A member's other homes pay by entries of their own, `<key>:<home>`. What could not
    be collected is kept with the lot and told in the audit log."""
    policy = policies(book.ctx)
    homes = {home: h.homes for h in book.holders.values() for home in h.homes}
    taken = 0
    for ask in asks:
        lot = book.lot(ask.home, ask.lot_id)
        others = [home for home in homes[ask.home] if home != ask.home]
        got = collect(
            lot,
            ask.points,
            policy[lot.rule_version],
            ask.at,
            book.in_order([ask.home]),
            book.in_order(others),
        )
        book.touch([(lot, 0)])
        _enter_clawback(book, ask, lot, got.slices, got.owed)
        taken += ask.points - got.uncollected
        if got.uncollected:
            book.ctx.audit(UNCOLLECTED, key=ask.key, customer_id=ask.home, points=got.uncollected)
    return taken


def _enter_clawback(book: Book, ask: Ask, lot: Lot, slices: Iterable[Slice], owed: int) -> None:
    parts: dict[str, list[Slice]] = {}
    for part in slices:
        parts.setdefault(part[0].home, []).append(part)
    own = parts.pop(ask.home, [])
    if own or owed:
        book.debit(clawback(lot, total(own) + owed, ask.key, ask.at), own)
        book.owed[ask.home] = book.owed.get(ask.home, 0) + owed
    for home, found in parts.items():
        first = found[0][0]
        key = f"{ask.key}:{home}"
        posting = Posting(
            home=home,
            store_id=lot.store_id,
            type="clawback",
            points=-total(found),
            key=key,
            occurred_at=ask.at,
            rule_version=lot.rule_version,
            order_id=lot.order_id,
            parent_id=first.lot_id,
        )
        book.debit(posting, found)


def void(ctx: Context, key: str, void_key: str, occurred_at: datetime) -> int:
    """Take a bonus back that was given under a key, by the return policy under which it was given;
    the points taken, 0 when that was done before or nothing was given."""
    values = {"merchant_id": ctx.merchant_id, "key": key}
    found = ctx.db.execute(_GIVEN, values).one_or_none()
    if found is None:
        return 0
    book = open_book(ctx, [found.customer_id], [found.transaction_id])
    lot = book.lot(found.customer_id, found.transaction_id)
    points = lot.points - lot.reversed
    asks = [Ask(lot.home, lot.lot_id, points, void_key, occurred_at)] if points else []
    taken = claw_back(book, asks)
    book.close()
    return taken


_GIVEN = text(
    """
    select customer_id, transaction_id from points_transactions
    where merchant_id = :merchant_id and idempotency_key = :key and points > 0
    """
)
