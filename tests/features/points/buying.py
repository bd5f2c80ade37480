"""Members who buy and give back, as rows: what tiers are made of."""

from datetime import UTC, datetime

from sqlalchemy import text

from tests.factories import Tenant
from webapp.core.context import Context
from webapp.core.db import Database
from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore


def at(day: str) -> datetime:
    """A day or moment of UTC, as ISO writes it."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def add_store(database: Database, tenant: Tenant, currency: str) -> str:
    """One more store of the merchant."""
    with database.transaction(tenant.merchant_id) as ctx:
        app_id = ctx.db.scalar(text("select app_id from stores limit 1"))
        domain = f"{new_id('s').lower().strip('-_').replace('_', '-')}x.myshopify.com"
        return accounts.connect_store(ctx, ConnectStore(domain, str(app_id), currency, "UTC", None))


def meet(ctx: Context, store_id: str) -> str:
    """A new customer of the store; their home."""
    home = new_id("cus_")
    values = {"m": ctx.merchant_id, "c": home, "s": store_id}
    ctx.db.execute(
        text(
            "insert into users (merchant_id, customer_id, shared_customer_id) values (:m, :c, :c)"
        ),
        values,
    )
    ctx.db.execute(
        text(
            "insert into customer_identities (merchant_id, store_id, external_id, customer_id) "
            "values (:m, :s, :c, :c)"
        ),
        values,
    )
    return home


def buy(
    ctx: Context, store_id: str, home: str, minor: int, when: datetime, key: str | None = None
) -> str:
    """A paid order; its key."""
    values = {"m": ctx.merchant_id, "s": store_id, "c": home, "minor": minor, "at": when}
    key = key or new_id("o")
    ctx.db.execute(
        text(
            "insert into orders (merchant_id, store_id, external_id, customer_id, ordered_at, "
            "amount_minor) values (:m, :s, :k, :c, :at, :minor)"
        ),
        {**values, "k": key},
    )
    return key


def give_back(
    ctx: Context,
    store_id: str,
    minor: int,
    when: datetime,
    *,
    order: str | None = None,
    home: str | None = None,
) -> None:
    """A refund of an order, or of nobody knows which order of a customer."""
    ctx.db.execute(
        text(
            "insert into refunds (merchant_id, store_id, external_id, customer_id, refunded_at, "
            "amount_minor, order_key) values (:m, :s, :k, :c, :at, :minor, :order)"
        ),
        {
            "m": ctx.merchant_id,
            "s": store_id,
            "k": new_id("r"),
            "c": home,
            "at": when,
            "minor": minor,
            "order": order,
        },
    )


def cancel(ctx: Context, key: str, when: datetime) -> None:
    """Cancel an order."""
    sql = text("update orders set cancelled_at = :at where external_id = :key")
    ctx.db.execute(sql, {"at": when, "key": key})


def merge(ctx: Context, kept: str, lost: str) -> None:
    """Make two members one."""
    sql = text("update users set merged_into = :kept where customer_id = :lost")
    ctx.db.execute(sql, {"kept": kept, "lost": lost})


def part(ctx: Context, lost: str) -> None:
    """Make a member of their own of a home."""
    sql = text("update users set merged_into = null where customer_id = :lost")
    ctx.db.execute(sql, {"lost": lost})
