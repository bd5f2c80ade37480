"""Use cases of the points ledger. The ledger is the truth; users.points_balance and the card are
projections of it, written in the same transaction."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.members import find_member, find_stores
from webapp.core.models import Store
from webapp.core.words import currency_exponent, new_id
from webapp.features.points.domain.earning import RULE_VERSION
from webapp.features.points.messages import CardPush, OrderRange, PointsSynced, SyncPoints

MULTI_STORE_SYNC = "multi_store_sync"

# metafieldsSet takes at most 25 metafields a call, and a customer has one.
CARDS_A_PUSH = 25


def award_orders(ctx: Context, orders: OrderRange, *, live: bool = False) -> None:
    """Enter the points of new orders into the ledger, and carry them to balances and cards.

    One entry an order under the key `order:<order_id>`; orders worth less than one unit
    and orders of guests earn nothing. Every customer of the range gets a card, also with 0 points.
    Of `live` orders each member who earned is named by topic; what history brings notifies nobody.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, orders.store_id))
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": orders.store_id,
        "first": orders.first,
        "last": orders.last,
        "unit": 10 ** currency_exponent(store.currency),
        "rule_version": RULE_VERSION,
        "currency": store.currency,
    }
    earned = [(str(c), int(p), int(b)) for c, p, b in ctx.db.execute(text(_AWARD), values)]
    changed = [customer_id for customer_id, _, _ in earned]
    if live:
        ctx.emit_all("points.earned", earnings(orders, earned))
    ctx.stale(*(cache.points_tag(customer_id) for customer_id in changed))
    if store.access_token is not None:
        ctx.emit_all("points.changed", push_requests(orders, changed))


def earnings(
    orders: OrderRange, earned: list[tuple[str, int, int]]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages (key, payload) of who earned points with these orders; `earned` holds (customer id,
    points, balance)."""
    for customer_id, points, balance in earned:
        if points:
            yield (
                f"{orders.store_id}:{orders.first}:{customer_id}",
                {
                    "store_id": orders.store_id,
                    "customer_id": customer_id,
                    "points": points,
                    "balance": balance,
                },
            )


def push_requests(
    orders: OrderRange, customers: list[str]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages (key, payload) that ask for the cards of `customers` to be shown by the store."""
    for start in range(0, len(customers), CARDS_A_PUSH):
        group = customers[start : start + CARDS_A_PUSH]
        key = f"{orders.store_id}:{orders.first}:{start}"
        yield key, {"store_id": orders.store_id, "customers": group}


# Rows are touched in the order of their key, so that two transactions never wait crosswise.
_AWARD = """
with earning as materialized (
    select order_id, customer_id, ordered_at, amount_minor
    from orders
    where merchant_id = :merchant_id and store_id = :store_id
      and order_id between :first and :last and customer_id is not null
), entered as (
    insert into points_transactions (
        merchant_id, customer_id, store_id, type, points, order_id, rule_version, basis_minor,
        currency, occurred_at, idempotency_key
    )
    select :merchant_id, customer_id, :store_id, 'earn', amount_minor / :unit, order_id,
           :rule_version, amount_minor, :currency, ordered_at,
           'order:' || order_id
    from earning where amount_minor >= :unit
    on conflict (merchant_id, idempotency_key) do nothing
    returning customer_id, points
), earned as (
    select customer_id, sum(points)::bigint as points
    from (select customer_id, points from entered union all select customer_id, 0 from earning) e
    group by customer_id
    order by customer_id
), balances as (
    update users u
    set points_balance = u.points_balance + earned.points
    from earned
    where u.merchant_id = :merchant_id and u.customer_id = earned.customer_id
    returning u.customer_id, u.points_balance
), cards as (
    insert into customer_cards (merchant_id, customer_id, points)
    select :merchant_id, customer_id, points_balance from balances
    order by customer_id
    on conflict (merchant_id, customer_id) do update
    set points = excluded.points, version = customer_cards.version + 1
    returning customer_id, points
)
select customer_id, earned.points, cards.points as balance
from earned join cards using (customer_id)
order by customer_id
"""


def prepare_push(
    ctx: Context, store_id: str, customers: list[str], *, again: bool = False
) -> CardPush | None:
    """The cards of these customers that the store does not show yet; None when it shows all.
    With `again` also those that it should be showing.

    Customers whose id is not one of Shopify's (files may hold others) have no metafields there.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "customers": customers,
        "again": again,
    }
    cards = tuple((str(e), int(p), int(v)) for e, p, v in ctx.db.execute(text(_UNSHOWN), values))
    if store.access_token is None or not cards:
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store_id))
    return CardPush(store_id, store.shop_domain, token, cards)


_UNSHOWN = """
select i.external_id, c.points, c.version
from customer_identities i
join customer_cards c on c.merchant_id = i.merchant_id and c.customer_id = i.customer_id
left join metafield_projections p
    on p.merchant_id = i.merchant_id and p.store_id = i.store_id and p.external_id = i.external_id
where i.merchant_id = :merchant_id and i.store_id = :store_id and i.customer_id = any(:customers)
  and i.external_id ~ '^[0-9]{1,19}$' and (:again or c.version > coalesce(p.pushed_version, 0))
order by i.external_id
"""


def record_push(ctx: Context, push: CardPush, refused: frozenset[str]) -> None:
    """Note which versions the store shows now; `refused` names customers it would not take."""
    sql = text(
        """
        insert into metafield_projections
            (merchant_id, store_id, external_id, pushed_version, pushed_at, refused)
        select :merchant_id, :store_id, external_id, version, :wall, external_id = any(:refused)
        from unnest(cast(:ids as text[]), cast(:versions as bigint[])) as t(external_id, version)
        on conflict (merchant_id, store_id, external_id) do update
        set pushed_version = excluded.pushed_version, pushed_at = excluded.pushed_at,
            refused = excluded.refused
        where metafield_projections.pushed_version <= excluded.pushed_version
        """
    )
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": push.store_id,
        "ids": [external_id for external_id, _, _ in push.cards],
        "versions": [version for _, _, version in push.cards],
        "refused": sorted(refused),
        "wall": ctx.wall,
    }
    ctx.db.execute(sql, values)
    if refused:
        ctx.audit("metafields_refused", store_id=push.store_id, customers=sorted(refused))


def sync_points(ctx: Context, message: SyncPoints) -> PointsSynced:
    """The stores are asked to show the balance once more even when they should be showing it, so a
    metafield that somebody changed by hand is repaired. Stores that do not know the member, or that
    we may not write to, are left alone. No points are earned or spent.

    Raises AppError: customer_not_found, customer_ambiguous, store_not_found.
    """
    customer_id = find_member(ctx, message.customer_id)
    store_ids = find_stores(ctx, message.store_ids)
    values = {
        "merchant_id": ctx.merchant_id,
        "customer_id": customer_id,
        "store_ids": list(store_ids),
    }
    reachable = ctx.db.scalars(_REACHABLE, values)
    requests = [
        (new_id("sync_"), {"store_id": store_id, "customers": [customer_id], "again": True})
        for store_id in reachable
    ]
    ctx.emit_all("points.changed", requests)
    ctx.audit(MULTI_STORE_SYNC, customer_id=customer_id, store_ids=list(store_ids))
    ctx.track(MULTI_STORE_SYNC, stores=len(store_ids))
    ctx.stale(cache.points_tag(customer_id))
    return PointsSynced(int(ctx.db.scalar(_BALANCE, values) or 0))


_REACHABLE = text(
    """
select distinct i.store_id
from customer_identities i
join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
where i.merchant_id = :merchant_id and i.customer_id = :customer_id
  and i.store_id = any(:store_ids) and s.access_token is not null
order by i.store_id
"""
)

_BALANCE = text(
    """
select points_balance from users where merchant_id = :merchant_id and customer_id = :customer_id
"""
)
