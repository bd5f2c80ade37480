"""Merchants to measure with, of any size."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, create_engine, make_url, text

from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, RegisterApp
from webapp.lab import order_rows
from webapp.lab.stage import NewDatabase, Stage
from webapp.parts import Parts

SECRET = "bench, an app secret of 32 bytes"  # noqa: S105 - of the measurement only.


@dataclass(frozen=True, slots=True)
class Shop:
    """One merchant's store."""

    merchant_id: str
    store_id: str
    domain: str
    members: int


@contextmanager
def superuser(stage: Stage, database: NewDatabase) -> Iterator[Connection]:
    """A connection that row-level security does not bind; each statement commits by itself."""
    url = make_url(stage.urls.admin_url).set(database=database.name)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def connect_shop(parts: Parts, db: Connection, number: int, orders: int) -> Shop:
    """A merchant with one store that we may write to, and so many orders of the past."""
    merchant_id, domain = new_id("mer_"), f"bench-{number}.myshopify.com"
    with parts.database.transaction(merchant_id) as ctx:
        app_id = f"app_{number}"
        accounts.register_app(ctx.db, ctx.keys, RegisterApp(app_id, f"bench-{number}", SECRET))
        accounts.create_merchant(ctx, "Bench")
        store_id = accounts.connect_store(ctx, ConnectStore(domain, app_id, "USD", "UTC", "bench"))
    members = order_rows.add_merchant(db, merchant_id, store_id, orders)
    db.execute(text("vacuum analyze"))
    db.execute(text("checkpoint"))
    return Shop(merchant_id, store_id, domain, members)
