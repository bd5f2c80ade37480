"""Writes ledger entries, and what they do to lots, in sets. Call it with the members locked."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.lots import Lot, Slice


@dataclass(frozen=True, slots=True)
class Posting:
    """One entry to be written; see `models.ledger.PointsTransaction`."""

    home: str
    store_id: str
    type: str
    points: int
    key: str
    occurred_at: datetime
    rule_version: int
    order_id: int | None = None
    available_at: datetime | None = None
    expires_at: datetime | None = None
    parent_id: int | None = None
    redemption_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """So many points that a debit took from a lot, or, below zero, that came back to it."""

    home: str
    debit_id: int
    lot_id: int
    points: int


def is_known(ctx: Context, key: str) -> bool:
    """Whether there is an entry with this key."""
    return bool(known(ctx, [key]))


def known(ctx: Context, keys: Sequence[str]) -> set[str]:
    """Those of these keys that some entry has."""
    return set(ctx.db.scalars(_KNOWN, {"merchant_id": ctx.merchant_id, "keys": list(keys)}))


_KNOWN = text(
    "select idempotency_key from points_transactions "
    "where merchant_id = :merchant_id and idempotency_key = any(:keys)"
)


def enter(ctx: Context, postings: Sequence[Posting]) -> list[int]:
    """Write entries; their ids, rising in the order given."""
    if not postings:
        return []
    rows = [{field: getattr(p, field) for field in Posting.__slots__} for p in postings]
    numbered = [{"number": number, **row} for number, row in enumerate(rows)]
    values = {"merchant_id": ctx.merchant_id, "rows": _json(numbered)}
    ids = dict(map(tuple, ctx.db.execute(_ENTER, values)))
    return [ids[posting.key] for posting in postings]


_ENTER = text(
    """
    insert into points_transactions (
        merchant_id, customer_id, store_id, type, points, idempotency_key, occurred_at,
        rule_version, order_id, available_at, expires_at, parent_id, redemption_id, reason
    )
    select :merchant_id, home, store_id, type, points, key, occurred_at,
           rule_version, order_id, available_at, expires_at, parent_id, redemption_id, reason
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        number integer, home text, store_id text, type text, points bigint, key text,
        occurred_at timestamptz, rule_version smallint, order_id bigint, available_at timestamptz,
        expires_at timestamptz, parent_id bigint, redemption_id text, reason text
    )
    order by number
    returning idempotency_key, transaction_id
    """
)


def add_lots(ctx: Context, lots: Iterable[Lot]) -> None:
    """Write lots of entries that were just written."""
    _write(ctx, _ADD_LOTS, [_columns(lot) for lot in lots])


_ADD_LOTS = text(
    """
    insert into points_lots (
        merchant_id, customer_id, transaction_id, order_id, points, remaining, reversed,
        uncollected, available_at, expires_at
    )
    select :merchant_id, home, lot_id, order_id, points, remaining, reversed, uncollected,
           available_at, expires_at
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        home text, lot_id bigint, order_id bigint, points bigint, remaining bigint,
        reversed bigint, uncollected bigint, available_at timestamptz, expires_at timestamptz
    )
    """
)


def change_lots(ctx: Context, lots: Iterable[Lot]) -> None:
    """Write what is left of lots, and what was asked back of them."""
    _write(ctx, _CHANGE_LOTS, [_columns(lot) for lot in lots])


_CHANGE_LOTS = text(
    """
    update points_lots l
    set remaining = r.remaining, reversed = r.reversed, uncollected = r.uncollected
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        home text, lot_id bigint, remaining bigint, reversed bigint, uncollected bigint
    )
    where l.merchant_id = :merchant_id and l.customer_id = r.home and l.transaction_id = r.lot_id
    """
)


def allocate(ctx: Context, allocations: Sequence[Allocation]) -> None:
    """Write which debit took what from which lot, and what came back."""
    taken = [_columns(a) for a in allocations if a.points > 0]
    back = [_columns(a) for a in allocations if a.points < 0]
    _write(ctx, _ALLOCATE, taken)
    _write(ctx, _RETURN, back)


_ALLOCATE = text(
    """
    insert into lot_allocations as known (merchant_id, customer_id, debit_id, lot_id, points)
    select :merchant_id, home, debit_id, lot_id, sum(points)
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        home text, debit_id bigint, lot_id bigint, points bigint
    )
    group by home, debit_id, lot_id
    order by home, debit_id, lot_id
    on conflict (merchant_id, customer_id, debit_id, lot_id) do update
    set points = known.points + excluded.points
    """
)
_RETURN = text(
    """
    update lot_allocations a
    set returned = a.returned - r.points
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(
        home text, debit_id bigint, lot_id bigint, points bigint
    )
    where a.merchant_id = :merchant_id and a.customer_id = r.home
      and a.debit_id = r.debit_id and a.lot_id = r.lot_id
    """
)


def payments(ctx: Context, paid: Sequence[Slice]) -> list[Allocation]:
    """Which clawbacks these slices pay off that could not be collected in full: the oldest first.
    What was taken until now must have been written."""
    values = {"merchant_id": ctx.merchant_id, "homes": sorted({lot.home for lot, _ in paid})}
    missing: dict[str, list[list[int]]] = {}
    for home, debit_id, points in ctx.db.execute(_MISSING, values):
        missing.setdefault(home, []).append([debit_id, points])
    found: list[Allocation] = []
    for lot, points in paid:
        left = points
        for debt in missing[lot.home]:
            part = min(left, debt[1])
            debt[1] -= part
            left -= part
            if part:
                found.append(Allocation(lot.home, debt[0], lot.lot_id, part))
    return found


_MISSING = text(
    """
    select t.customer_id, t.transaction_id, (-t.points - coalesce(sum(a.points), 0))::bigint
    from points_transactions t
    left join lot_allocations a on a.merchant_id = t.merchant_id
        and a.customer_id = t.customer_id and a.debit_id = t.transaction_id
    where t.merchant_id = :merchant_id and t.customer_id = any(:homes) and t.type = 'clawback'
    group by t.customer_id, t.transaction_id, t.points
    having -t.points > coalesce(sum(a.points), 0)
    order by t.customer_id, t.transaction_id
    """
)


def owe(ctx: Context, deficits: Iterable[tuple[str, int]]) -> None:
    """Write what homes owe now."""
    _write(ctx, _OWE, [{"home": home, "points": points} for home, points in deficits])


_OWE = text(
    """
    insert into points_deficits (merchant_id, customer_id, points)
    select :merchant_id, home, points
    from jsonb_to_recordset(cast(:rows as jsonb)) as r(home text, points bigint)
    order by home
    on conflict (merchant_id, customer_id) do update set points = excluded.points
    """
)


def _columns(row: Lot | Allocation) -> dict[str, Any]:
    return {field: getattr(row, field) for field in type(row).__slots__}


def _write(ctx: Context, sql: Any, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        ctx.db.execute(sql, {"merchant_id": ctx.merchant_id, "rows": _json(rows)})


def _json(rows: Sequence[dict[str, Any]]) -> str:
    return json.dumps(rows, default=_plain)


def _plain(value: datetime | Decimal) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
