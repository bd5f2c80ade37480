"""What other rules would have given for the orders of the last days."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import currency_exponent

DAYS = 30


@dataclass(frozen=True, slots=True)
class Shop:
    """A store as the rules page shows it."""

    store_id: str
    name: str
    currency: str


@dataclass(frozen=True, slots=True)
class Effect:
    """The orders of known customers of one store in the last DAYS days, and their points under the
    rates of before and those of after: without tiers, and before refunds."""

    shop: Shop
    orders: int
    before: int
    after: int


def shops(ctx: Context) -> tuple[Shop, ...]:
    """All stores, the first one first."""
    rows = ctx.db.execute(_SHOPS, {"merchant_id": ctx.merchant_id})
    return tuple(Shop(*row) for row in rows)


_SHOPS = text(
    """
    select store_id, coalesce(name, split_part(shop_domain, '.', 1)), currency from stores
    where merchant_id = :merchant_id order by created_at, store_id
    """
)


def effects(
    ctx: Context, before: Mapping[str, Decimal], after: Mapping[str, Decimal]
) -> tuple[Effect, ...]:
    """For each store; a store without a rate earns one."""
    known, one = shops(ctx), Decimal(1)
    values = {
        "merchant_id": ctx.merchant_id,
        "since": ctx.now - timedelta(days=DAYS),
        "now": ctx.now,
        "stores": [shop.store_id for shop in known],
        "units": [10 ** currency_exponent(shop.currency) for shop in known],
        "before": [before.get(shop.store_id, one) for shop in known],
        "after": [after.get(shop.store_id, one) for shop in known],
    }
    rows = ctx.db.execute(_EFFECTS, values)
    by_store = {store_id: figures for store_id, *figures in rows}
    return tuple(Effect(shop, *map(int, by_store[shop.store_id])) for shop in known)


_EFFECTS = text(
    """
    with rates as materialized (
        select * from unnest(
            cast(:stores as text[]), cast(:units as numeric[]), cast(:before as numeric[]),
            cast(:after as numeric[])
        ) as r(store_id, unit, before, after)
    )
    select r.store_id, count(o.order_id),
           coalesce(sum(div(coalesce(o.basis_minor, o.amount_minor) * r.before, r.unit)), 0),
           coalesce(sum(div(coalesce(o.basis_minor, o.amount_minor) * r.after, r.unit)), 0)
    from rates r
    left join orders o on o.merchant_id = :merchant_id and o.store_id = r.store_id
        and o.customer_id is not null and o.cancelled_at is null
        and o.ordered_at > :since and o.ordered_at <= :now
    group by r.store_id
    """
)
