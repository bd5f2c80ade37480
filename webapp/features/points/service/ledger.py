"""The ledger: points come, go and return, each under a key that counts once.

Every function here locks the member until the transaction ends, first takes out what has expired by
`ctx.now`, and carries what it wrote to the card, the balance and the stores that show it. Moments
are business time; points are whole and above zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.core.context import Context
from webapp.core.errors import INSUFFICIENT_POINTS, AppError
from webapp.features.points.domain.lots import Slice, take
from webapp.features.points.queries.rules import rule_at
from webapp.features.points.service.book import open_book
from webapp.features.points.service.cards import changed
from webapp.features.points.service.entries import Posting, is_known, known
from webapp.features.points.service.holders import Holder
from webapp.features.points.service.returns import give_back, void

__all__ = [
    "Credit",
    "Debit",
    "Holder",
    "changed",
    "credit",
    "credit_all",
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
    ids = credit_all(ctx, [credit])
    return ids[0] if ids else None


def credit_all(ctx: Context, credits: Sequence[Credit]) -> list[int]:
    """Give points to several in a handful of statements; the ids of the entries, in their order.
    Known keys count for nothing. Raises AppError(customer_not_found)."""
    if not credits:
        return []
    for one in credits:
        _require(one.points)
    book = open_book(ctx, {one.customer_id for one in credits})
    given = known(ctx, [one.key for one in credits])
    versions = {at: rule_at(ctx, at).version for at in {one.occurred_at for one in credits}}
    wanted = [one for one in credits if one.key not in given]
    for one in wanted:
        book.credit(
            Posting(
                home=one.customer_id,
                store_id=one.store_id,
                type=one.type,
                points=one.points,
                key=one.key,
                occurred_at=one.occurred_at,
                rule_version=versions[one.occurred_at],
                order_id=one.order_id,
                available_at=one.available_at or one.occurred_at,
                expires_at=one.expires_at,
                reason=one.reason,
            )
        )
    ids = book.close()
    return ids[len(ids) - len(wanted) :]


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
