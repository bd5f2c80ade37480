"""Seals anew what an older key has sealed, so that the key can be taken out of the ring.

What is sealed, a table says itself: `SEALED` maps a column to the place that a row's value is bound
to. Rows are taken in batches, each in a transaction of its own, and what the newest key has sealed
already is not touched: it may be interrupted at any time, and goes on where it was.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, LargeBinary, Table, bindparam, cast, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from webapp.core import routing
from webapp.core.crypto import KeyRing, Place, SealedValueError
from webapp.core.db import Database
from webapp.core.inbox import PLATFORM
from webapp.core.schema import Base

BATCH = 500
# A place of a row, by the values of its primary key and of what else the place is made of.
PlaceOf = Callable[[Any], Place]
Sealed = tuple[Table, str, PlaceOf]


def sealed_columns() -> Iterator[Sealed]:
    """(table, column, place of a row) of everything that is sealed, in a steady order."""
    mappers = sorted(Base.registry.mappers, key=lambda one: one.class_.__name__)
    for mapper in mappers:
        sealed: Mapping[str, PlaceOf] = getattr(mapper.class_, "SEALED", {})
        table = mapper.local_table
        if isinstance(table, Table):
            yield from ((table, column, place) for column, place in sorted(sealed.items()))


@dataclass
class Rotated:
    """What became of a rotation: how many values were sealed anew, and which could not be opened
    (`table.column row`): those stay as they are."""

    number: int = 0
    broken: list[str] = field(default_factory=list)


def rotate(database: Database, tell: Callable[[str, int], None]) -> Rotated:
    """Seal everything anew that the newest key has not sealed. `tell` hears after each batch of
    which column, and how many values it were."""
    done = Rotated()
    for merchant_id in _tenants(database):
        for of in sealed_columns():
            # Tables without tenant are done once, the others for each tenant.
            if ("merchant_id" in of[0].c) == bool(merchant_id):
                _column(database, merchant_id, of, done, tell)
    return done


def _column(
    database: Database,
    merchant_id: str,
    of: Sealed,
    done: Rotated,
    tell: Callable[[str, int], None],
) -> None:
    after: tuple[Any, ...] | None = None
    while True:
        with _opened(database, merchant_id) as db:
            number, after = _reseal(db, database.keys, of, after, done.broken)
        if after is None:
            return
        done.number += number
        tell(f"{of[0].name}.{of[1]}", number)


@contextmanager
def _opened(database: Database, merchant_id: str) -> Iterator[Session]:
    if not merchant_id:
        with database.before_tenant() as db:
            yield db
        return
    with database.transaction(merchant_id) as ctx:
        yield ctx.db


def _tenants(database: Database) -> Iterator[str]:
    """Nobody, for tables without tenant; the platform; and every merchant."""
    yield from ("", PLATFORM)
    yield from routing.merchants(database)


def _reseal(
    db: Session, keys: KeyRing, of: Sealed, after: tuple[Any, ...] | None, broken: list[str]
) -> tuple[int, tuple[Any, ...] | None]:
    """Seal up to BATCH values anew, of the rows behind the primary key `after`, which are locked
    meanwhile: (how many it were, the last row's primary key; None when there was none)."""
    table, column, place = of
    sealed, primary = table.c[column], list(table.primary_key.columns)
    binary = isinstance(sealed.type, LargeBinary)
    # A sealed value begins with its version, the length of the key's id, and the id.
    key_id: Any = (
        func.convert_from(func.substring(sealed, 3, func.get_byte(sealed, 1)), "UTF8")
        if binary
        else sealed["kid"].astext
    )
    old = select(table).where(sealed.is_not(None), key_id != keys.current)
    if after is not None:
        old = old.where(tuple_(*primary) > tuple_(*after))
    rows = db.execute(old.order_by(*primary).limit(BATCH).with_for_update()).all()
    values = []
    for row in rows:
        named = {f"key_{one.name}": getattr(row, one.name) for one in primary}
        try:
            anew = _anew(keys, getattr(row, column), place(row), binary)
        except SealedValueError:
            broken.append(f"{table.name}.{column} {'/'.join(map(str, named.values()))}")
            continue
        values.append({**named, "anew": anew})
    if values:
        _write(db, table, column, values, binary=binary)
    last = tuple(getattr(rows[-1], one.name) for one in primary) if rows else None
    return len(values), last


def _write(
    db: Session, table: Table, column: str, values: list[dict[str, Any]], *, binary: bool
) -> None:
    anew = bindparam("anew") if binary else cast(bindparam("anew"), JSONB)
    statement = update(table).values({column: anew})
    for one in table.primary_key.columns:
        statement = statement.where(one == bindparam(f"key_{one.name}"))
    connection: Connection = db.connection()
    connection.execute(statement, values)


def _anew(keys: KeyRing, value: Any, place: Place, binary: bool) -> Any:
    if binary:
        return keys.seal(keys.open(value, place), place)
    return keys.seal_envelope(keys.open_envelope(value, place), place)
