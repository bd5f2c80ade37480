"""The ledger: points come, go and return, each under a key that counts once.

Every function here locks the member until the transaction ends, first takes out what has expired by
`ctx.now`, and carries what it wrote to the card, the balance and the stores that show it. Moments
are business time; points are whole and above zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from webapp.core.context import Context
from webapp.core.errors import INSUFFICIENT_POINTS, AppError
from webapp.features.points.domain.lots import Slice, take
from webapp.features.points.queries.rules import rule_at
from webapp.features.points.service.book import open_book
from webapp.features.points.service.cards import changed
from webapp.features.points.service.entries import Posting, is_known
from webapp.features.points.service.holders import Holder
from webapp.features.points.service.returns import give_back, void

__all__ = [
    "Credit",
    "Debit",
    "Holder",
    "changed",
    "credit",
    "debit",
    "give_back",
    "lock_member",
    "lock_members",
    "void",
]


def lock_member(ctx: Context, customer_id: str) -> Holder:
    """The member that a home or member is, locked. Raises AppError(customer_not_found)."""
    return lock_members(ctx, [customer_id])[customer_id]


def lock_members(ctx: Context, customer_ids: Iterable[str]) -> dict[str, Holder]:
    """The holder of each home or member that was asked for, all of them locked, in the order of
    their ids. Raises AppError(customer_not_found)."""
    book = open_book(ctx, customer_ids)
    book.close()
    return dict(book.holders)


@dataclass(frozen=True, slots=True)
class Credit:
    """Points to be given, to a home or a member. They can be spent from `available_at` (else at
    once) until `expires_at` (else for ever; see `queries.rules.bonus_expires_at`)."""

    customer_id: str
    store_id: str
    type: str
    points: int
    key: str
    occurred_at: datetime
    available_at: datetime | None = None
    expires_at: datetime | None = None
    reason: str | None = None
    order_id: int | None = None


def credit(ctx: Context, credit: Credit) -> int | None:
    """Give points, which pay first what their home owes; the entry's id, or None when the key is
    known. Raises AppError(customer_not_found)."""
    _require(credit.points)
    book = open_book(ctx, [credit.customer_id])
    if is_known(ctx, credit.key):
        book.close()
        return None
    book.credit(
        Posting(
            home=credit.customer_id,
            store_id=credit.store_id,
            type=credit.type,
            points=credit.points,
            key=credit.key,
            occurred_at=credit.occurred_at,
            rule_version=rule_at(ctx, credit.occurred_at).version,
            order_id=credit.order_id,
            available_at=credit.available_at or credit.occurred_at,
            expires_at=credit.expires_at,
            reason=credit.reason,
        )
    )
    return book.close()[-1]


@dataclass(frozen=True, slots=True)
class Debit:
    """Points to be taken from a member, from what they can spend now."""

    member: str
    store_id: str
    type: str
    points: int
    key: str
    occurred_at: datetime
    redemption_id: str | None = None
    reason: str | None = None


def debit(ctx: Context, debit: Debit) -> list[int]:
    """Take points, from what expires soonest first; the ids of the entries, one for each home that
    gave some, under the key and `<key>:<home>`, or none when the key is known.

    Raises AppError: customer_not_found; insufficient_points.
    """
    _require(debit.points)
    book = open_book(ctx, [debit.member])
    if is_known(ctx, debit.key):
        book.close()
        return []
    holder = book.holders[debit.member]
    if book.spendable(holder) < debit.points:
        raise AppError(INSUFFICIENT_POINTS)
    version = rule_at(ctx, debit.occurred_at).version
    parts: dict[str, list[Slice]] = {}
    for part in take(book.usable(holder), debit.points):
        parts.setdefault(part[0].home, []).append(part)
    for number, (home, slices) in enumerate(parts.items()):
        posting = Posting(
            home=home,
            store_id=debit.store_id,
            type=debit.type,
            points=-sum(points for _, points in slices),
            key=f"{debit.key}:{home}" if number else debit.key,
            occurred_at=debit.occurred_at,
            rule_version=version,
            redemption_id=debit.redemption_id,
            reason=debit.reason,
        )
        book.debit(posting, slices)
    return book.close()[-len(parts) :]


def _require(points: int) -> None:
    if points <= 0:
        raise ValueError("points are given and taken in whole numbers above zero")
