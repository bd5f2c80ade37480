"""The closed list of questions that are asked before a tenant is known, or across tenants.

Each is a SECURITY DEFINER function owned by `loyalnest_dispatch`, which sees only the columns its
policies grant, and answers with ids only. A house test keeps this list and the database's in step.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

QUESTIONS = ("due_handlers", "due_lanes", "tenant_of_shop", "tenant_of_service_key")


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """Where a shop domain belongs."""

    merchant_id: str
    store_id: str
    app_id: str


def due_handlers(db: Session, names: Iterable[str]) -> list[str]:
    """Those of `names` for which any delivery of any tenant is due."""
    rows = db.execute(text("select due_handlers(:names)"), {"names": list(names)})
    return [str(row[0]) for row in rows]


def due_lanes(db: Session, handler: str) -> list[str]:
    """The tenants that have a due delivery for `handler`, in order of their ids."""
    return [str(row[0]) for row in db.execute(text("select due_lanes(:h)"), {"h": handler})]


def tenant_of_shop(db: Session, shop_domain: str) -> StoreAddress | None:
    """The tenant, store and app of a shop domain, or None."""
    row = db.execute(text("select * from tenant_of_shop(:d)"), {"d": shop_domain}).one_or_none()
    return StoreAddress(*row) if row else None


def tenant_of_service_key(db: Session, key_hash: bytes) -> tuple[str, str] | None:
    """(merchant id, key id) of a service key's hash, whatever its state, or None."""
    row = db.execute(text("select * from tenant_of_service_key(:h)"), {"h": key_hash}).one_or_none()
    return (str(row[0]), str(row[1])) if row else None
