"""Builds data for tests: a test names only what matters to it."""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from webapp.core.cache import Found, Near
from webapp.core.db import Database
from webapp.core.tenancy import proxy_signature
from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, RegisterApp
from webapp.features.orders.commands import import_files
from webapp.features.orders.messages import FileImport, ImportResult

_numbers = itertools.count(1)
SECRET = "hush, an app secret of 32 bytes!"


class FixedClock:
    """A clock that stands still until it is moved; both times are the same."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def wall(self) -> datetime:
        return self.at

    def now(self) -> datetime:
        return self.at

    def advance(self, **delta: float) -> None:
        self.at += timedelta(**delta)


class NoCache:
    """A cache that holds nothing."""

    def get(self, key: str, tags: Iterable[str]) -> Found:
        return Found()

    def put(self, key: str, found: Found, value: bytes, seconds: int) -> None:
        return None

    def drop(self, tags: Iterable[str]) -> None:
        return None


class NothingNear(Near):
    """Nothing is kept, for nobody would drop its tags."""

    SECONDS = 0.0


@dataclass(frozen=True)
class Tenant:
    """A merchant with one store."""

    merchant_id: str
    store_id: str
    shop: str


def make_tenant(
    database: Database,
    *,
    currency: str = "USD",
    timezone: str = "UTC",
    access_token: str | None = None,
    locale: str = "en",
    merchant_id: str | None = None,
) -> Tenant:
    """A merchant with one connected store, served by an app with the secret SECRET."""
    number = next(_numbers)
    app_id, shop = f"app_{number}", f"shop-{number}.myshopify.com"
    merchant_id = merchant_id or new_id("mer_")
    with database.transaction(merchant_id, locale=locale) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp(app_id, f"api-{number}", SECRET))
        accounts.create_merchant(ctx, f"Merchant {number}")
        store = ConnectStore(shop, app_id, currency, timezone, access_token)
        store_id = accounts.connect_store(ctx, store)
    return Tenant(merchant_id, store_id, shop)


def write_orders(
    path: Path, *rows: str, header: str = "customer_id,ordered_at,amount,currency"
) -> Path:
    """A CSV file of orders."""
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def import_orders(
    database: Database, tenant: Tenant, *files: Path, refunds: tuple[Path, ...] = ()
) -> ImportResult:
    """Import files into the tenant's store, without bars."""
    report = (*files, *refunds)[0].with_suffix(".refused")
    wanted = FileImport(tenant.shop, files, refunds, report=report, quiet=True)
    return import_files(database, wanted)


def signed_query(tenant: Tenant, at: datetime, customer: str = "", **more: str) -> str:
    """The query string that a shop's App Proxy would send."""
    pairs = [
        *more.items(),
        ("shop", tenant.shop),
        ("logged_in_customer_id", customer),
        ("path_prefix", "/apps/loyalnest"),
        ("timestamp", str(int(at.timestamp()))),
    ]
    return urlencode([*pairs, ("signature", proxy_signature(pairs, SECRET))])
