"""Whose shop a request claims to come from, and the secrets that prove it.

Both hardly ever change and are asked at every request, so they are remembered for a minute; a
signature that does not fit is tried once more with what the database says now, for a secret may
just have been rotated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from weakref import WeakKeyDictionary

from webapp.core import routing
from webapp.core.db import Database
from webapp.core.errors import SIGNATURE_INVALID, AppError
from webapp.core.routing import StoreAddress
from webapp.entry import parts
from webapp.features.accounts import service as accounts

T = TypeVar("T")

REMEMBERED = timedelta(minutes=1)
MOST = 10_000


@dataclass(frozen=True, slots=True)
class KnownShop:
    """Where a shop belongs, its app's secrets, and when that was read (wall time)."""

    address: StoreAddress
    secrets: tuple[str, ...]
    read_at: datetime


_known: WeakKeyDictionary[Database, dict[str, KnownShop]] = WeakKeyDictionary()


def proven_shop(
    domain: str | None, prove: Callable[[tuple[str, ...]], T]
) -> tuple[StoreAddress, T]:
    """The shop of that domain, and what `prove` makes of its secrets: it raises
    AppError(signature_invalid) when none of them fits. A shop that we do not know is answered
    alike, so that nobody can list our shops."""
    shops = _known.setdefault(parts().database, {})
    known = shops.get(domain or "")
    if known and parts().clock.wall() - known.read_at < REMEMBERED:
        try:
            return known.address, prove(known.secrets)
        except AppError as error:
            if error.kind is not SIGNATURE_INVALID:
                raise
    fresh = _read(domain)
    proof = prove(fresh.secrets if fresh else ())
    if fresh is None:
        raise AppError(SIGNATURE_INVALID)
    if len(shops) >= MOST:
        shops.clear()
    shops[domain or ""] = fresh
    return fresh.address, proof


def _read(domain: str | None) -> KnownShop | None:
    with parts().database.before_tenant() as db:
        address = routing.tenant_of_shop(db, domain) if domain else None
        if address is None:
            return None
        secrets = accounts.app_secrets(db, parts().keys, address.app_id)
    return KnownShop(address, tuple(secrets), parts().clock.wall())
