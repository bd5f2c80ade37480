"""How many points a refund asks back, and where they are taken from."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from webapp.features.points.domain.earning import ONLY_PENDING, UNLIMITED
from webapp.features.points.domain.lots import Lot, Slice, take, total


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund: `share` is the part of the order's basis that it gives back."""

    refund_id: int
    at: datetime
    share: Fraction


def share(
    amount_minor: int, basis_minor: int, refund_minor: int, refund_basis: int | None
) -> Fraction:
    """The part of an order's basis that a refund gives back: of its own basis where that is known,
    else of the whole amount, which is taken to hold the basis evenly."""
    part, whole = (
        (refund_minor, amount_minor) if refund_basis is None else (refund_basis, basis_minor)
    )
    if part <= 0:
        return Fraction(0)
    return Fraction(part, whole) if whole > 0 else Fraction(1)


def asked_back(
    points: int, already: int, refunds: Iterable[Returned]
) -> Iterator[tuple[Returned, int]]:
    """What each refund of an order asks back of its `points`, in the order given; `already` have
    been asked back before.

    The target after each refund is the rounded down share of all so far, so that the parts of a
    full refund add up to what was earned: 333 points and three thirds give 110, 111, 112.
    """
    returned = Fraction(0)
    for refund in refunds:
        returned = min(Fraction(1), returned + refund.share)
        target = int(points * returned)
        if target > already:
            yield refund, target - already
            already = target


@dataclass(frozen=True, slots=True)
class Collected:
    """What a clawback got: slices of lots, what the home owes now, and what is gone for good."""

    slices: list[Slice]
    owed: int
    uncollected: int


def collect(
    lot: Lot, points: int, policy: str, at: datetime, home: Sequence[Lot], others: Sequence[Lot]
) -> Collected:
    """Ask `points` of a lot back at a moment: from the lot itself; then, unless only what is still
    pending may be taken, from the other lots of its home and of the member's other homes, which are
    given in the order they are spent. Beyond that the home owes them when the policy is unlimited.
    """
    if policy == ONLY_PENDING:
        sources: list[Lot] = [lot] if lot.available_at > at else []
    elif policy == UNLIMITED:
        sources = [lot, *(other for other in home if other is not lot)]
    else:
        sources = [lot, *(other for other in (*home, *others) if other is not lot)]
    slices = take(sources, points)
    missing = points - total(slices)
    owed = missing if policy == UNLIMITED else 0
    lot.reversed += points
    lot.uncollected += missing - owed
    return Collected(slices, owed, missing - owed)
