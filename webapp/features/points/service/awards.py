"""Points for orders: the entries of a whole range of orders in one statement.

The ledger is the truth; users.points_balance and the card are projections of it, written in the
same transaction."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import text

from webapp.core import cache
from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.points.domain.earning import RULE_VERSION
from webapp.features.points.messages import OrderRange

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
