"""Reads for the pages Stores and People, and for the limits of a plan."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context


@dataclass(frozen=True, slots=True)
class StoreLine:
    """One store. `connected`: it has a token that has not run out; `uninstalled_at` when it left;
    `known`: Shopify has told name, currency and plan."""

    store_id: str
    name: str
    shop_domain: str
    currency: str
    timezone: str
    shopify_plan: str | None
    development: bool
    known: bool
    connected: bool
    uninstalled_at: datetime | None
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person; `shop_domain` where they come from, `sessions` how many are open."""

    admin_user_id: str
    name: str
    role: str
    shop_domain: str | None
    sessions: int
    seen_at: datetime | None


def store_lines(ctx: Context) -> list[StoreLine]:
    """The merchant's stores, by domain."""
    sql = text(
        """
        select store_id, coalesce(name, split_part(shop_domain, '.', 1)) as name, shop_domain,
               currency, timezone, shopify_plan, development, facts_at is not null as known,
               access_token is not null and coalesce(token_expires_at > :wall, true) as connected,
               uninstalled_at, scopes
        from stores where merchant_id = :m order by shop_domain
        """
    )
    rows = ctx.db.execute(sql, {"m": ctx.merchant_id, "wall": ctx.wall})
    return [StoreLine(**{**row, "scopes": tuple(row["scopes"])}) for row in rows.mappings()]


def person_lines(ctx: Context) -> list[PersonLine]:
    """The merchant's people, owners first. A session that is idle for long is not open."""
    sql = text(
        """
        select a.admin_user_id, a.name, a.role, s.shop_domain, count(l.token_hash), max(l.seen_at)
        from admin_users a
        left join stores s on s.merchant_id = a.merchant_id and s.store_id = a.store_id
        left join admin_sessions l
            on l.merchant_id = a.merchant_id and l.admin_user_id = a.admin_user_id
            and l.ended_at is null and l.seen_at > :wall - interval '12 hours'
        where a.merchant_id = :m
        group by a.admin_user_id, a.name, a.role, s.shop_domain, a.created_at
        order by array_position(array['owner', 'manager', 'analyst', 'none'], a.role),
                 a.created_at, a.admin_user_id
        """
    )
    return [
        PersonLine(*row) for row in ctx.db.execute(sql, {"m": ctx.merchant_id, "wall": ctx.wall})
    ]


def usage(ctx: Context) -> tuple[int, int]:
    """(stores that have not left, members) of the merchant."""
    sql = text(
        """
        select (select count(*) from stores where merchant_id = :m and uninstalled_at is null),
               (select count(*) from users where merchant_id = :m)
        """
    )
    row = ctx.db.execute(sql, {"m": ctx.merchant_id}).one()
    return int(row[0]), int(row[1])
