"""The closed list of questions that are asked before a tenant is known, or across tenants.

Each is a SECURITY DEFINER function owned by `loyalnest_dispatch`, which sees only the columns its
policies grant, and answers with ids only. A house test keeps this list and the database's in step.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from webapp.core.db import Database

MERCHANTS_AT_ONCE = 500
QUESTIONS = (
    "due_handlers",
    "due_lanes",
    "tenant_of_shop",
    "tenant_of_service_key",
    "operator_sign_in",
    "operator_of_session",
    "operator_sign_out",
    "operator_merchants",
    "all_merchants",
    "tenant_of_pass",
    "passes_of_device",
)


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a shop domain belongs."""

    merchant_id: str
    store_id: str
    app_id: str


def due_handlers(db: Session, names: Iterable[str], late: float = 0.0) -> list[str]:
    """Those of `names` for which any delivery of any tenant is due, for `late` seconds already."""
    values = {"names": list(names), "late": late}
    rows = db.execute(text("select due_handlers(:names, :late)"), values)
    return [str(row[0]) for row in rows]


def due_lanes(db: Session, handler: str) -> list[str]:
    """The tenants that have a due delivery for `handler`, in order of their ids."""
    return [str(row[0]) for row in db.execute(text("select due_lanes(:h)"), {"h": handler})]


def lanes_due(db: Session, handlers: Iterable[str]) -> list[tuple[str, str]]:
    """(handler, tenant) of every due delivery of these handlers, each once."""
    sql = text("select h, due_lanes(h) from unnest(cast(:handlers as text[])) as h")
    return [(str(h), str(m)) for h, m in db.execute(sql, {"handlers": list(handlers)})]


def tenant_of_shop(db: Session, shop_domain: str) -> StoreAddress | None:
    """The tenant, store and app of a shop domain, or None."""
    row = db.execute(text("select * from tenant_of_shop(:d)"), {"d": shop_domain}).one_or_none()
    return StoreAddress(*row) if row else None


def tenant_of_service_key(db: Session, key_hash: bytes) -> tuple[str, str] | None:
    """(merchant id, key id) of a service key's hash, whatever its state, or None."""
    row = db.execute(text("select * from tenant_of_service_key(:h)"), {"h": key_hash}).one_or_none()
    return (str(row[0]), str(row[1])) if row else None


@dataclass(frozen=True, slots=True)
class Operator:
    """One of our own staff; `role` is a key of tenancy.OPERATOR_PERMISSIONS."""

    operator_id: str
    name: str
    role: str


def operator_sign_in(db: Session, link: bytes, session: bytes, wall: datetime) -> bool:
    """Use the link with this hash up, and open a session with that hash; whether it was valid."""
    values = {"link": link, "session": session, "wall": wall}
    found = db.scalar(text("select operator_sign_in(:link, :session, :wall)"), values)
    return found is not None


def operator_of_session(
    db: Session, session: bytes, wall: datetime, idle: timedelta
) -> Operator | None:
    """Whose open session this is, which is then no longer idle; None without one."""
    values = {"session": session, "wall": wall, "idle": idle}
    sql = text("select * from operator_of_session(:session, :wall, :idle)")
    row = db.execute(sql, values).one_or_none()
    return Operator(*row) if row else None


def operator_sign_out(db: Session, session: bytes, wall: datetime) -> None:
    """End this session."""
    values = {"session": session, "wall": wall}
    db.execute(text("select operator_sign_out(:session, :wall)"), values)


def operator_merchants(
    db: Session, session: bytes, wall: datetime, idle: timedelta, wanted: str
) -> list[tuple[str, str]]:
    """(merchant id, name) of up to 200 merchants whose name holds `wanted` or whose id it is; the
    database notes that the operator of this session asked. Nothing without an open session."""
    values = {"session": session, "wall": wall, "idle": idle, "wanted": wanted}
    sql = text("select * from operator_merchants(:session, :wall, :idle, :wanted)")
    return [(str(row[0]), str(row[1])) for row in db.execute(sql, values)]


def all_merchants(db: Session, after: str, most: int) -> list[str]:
    """The next `most` tenants in order of their ids, behind `after` (empty for the first)."""
    values = {"after": after, "most": most}
    return [str(row[0]) for row in db.execute(text("select all_merchants(:after, :most)"), values)]


def merchants(database: Database) -> Iterator[str]:
    """Every tenant, in order of their ids; each page of them is a transaction of its own."""
    after = ""
    while True:
        with database.before_tenant() as db:
            found = all_merchants(db, after, MERCHANTS_AT_ONCE)
        yield from found
        if len(found) < MERCHANTS_AT_ONCE:
            return
        after = found[-1]


def tenant_of_pass(db: Session, serial: str) -> str | None:
    """The tenant of the card with this serial number, or None."""
    found = db.execute(text("select tenant_of_pass(:s)"), {"s": serial}).scalars().first()
    return str(found) if found is not None else None


@dataclass(frozen=True, slots=True)
class PassOfDevice:
    """A card that a device holds, and how often what it shows has changed."""

    merchant_id: str
    serial: str
    revision: int


def passes_of_device(db: Session, device_hash: bytes) -> list[PassOfDevice]:
    """The cards, of whatever tenant, that the device with this hash of its id is registered for,
    in order of their serial numbers."""
    rows = db.execute(text("select * from passes_of_device(:d)"), {"d": device_hash})
    return [PassOfDevice(*row) for row in rows]
