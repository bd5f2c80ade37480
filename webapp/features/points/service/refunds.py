"""Points of orders that were refunded or cancelled, taken back from what the entry says was earned,
whatever the rules are by now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.domain.clawback import Returned, asked_back, share
from webapp.features.points.messages import OrderRange
from webapp.features.points.service import tiers
from webapp.features.points.service.book import Book, open_book
from webapp.features.points.service.cards import announce
from webapp.features.points.service.returns import Ask, claw_back


def hold_orders(ctx: Context) -> None:
    """Be the only one who enters what orders of this merchant bring or take back, until the
    transaction ends: a refund is either there when its order earns, or comes after it."""
    ctx.db.execute(_HOLD, {"merchant_id": ctx.merchant_id})


_HOLD = text("select pg_advisory_xact_lock(hashtext('points of orders'), hashtext(:merchant_id))")


def take_back_refunds(ctx: Context, refunds: OrderRange) -> None:
    """Take back what a range of refunds asks of the points of their orders: the share of the goods
    they return, counted over all refunds of an order so far, under the key `refund:<refund_id>`.
    Those of orders that have earned nothing yet wait for them."""
    hold_orders(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": refunds.store_id,
        "first": refunds.first,
        "last": refunds.last,
    }
    orders = list(ctx.db.scalars(_REFUNDED, values))
    _settle(ctx, earned_orders(ctx, orders))
    announce(ctx, tiers.recompute(ctx, _buyers(ctx, orders)))


# Orders are looked up by subselect, so that the plan is the same with and without statistics.
_REFUNDED = text(
    """
    with given as materialized (
        select store_id, order_key from refunds
        where merchant_id = :merchant_id and refund_id between :first and :last
    ), told as materialized (
        select distinct order_key from given
        where store_id = :store_id and order_key is not null
    ), known as (
        select (
            select o.order_id from orders o
            where o.merchant_id = :merchant_id and o.store_id = :store_id
              and o.external_id = told.order_key
        ) as order_id
        from told
    )
    select order_id from known where order_id is not null order by order_id
    """
)


def take_back_cancelled(ctx: Context, orders: Sequence[int]) -> None:
    """Take back all that is left of the points of cancelled orders, under `cancel:<order_id>`."""
    hold_orders(ctx)
    values = {"merchant_id": ctx.merchant_id, "orders": sorted(set(orders))}
    cancelled = dict(map(tuple, ctx.db.execute(_CANCELLED, values)))
    found = earned_orders(ctx, sorted(cancelled))
    book = open_book(ctx, {o.home for o in found}, [o.lot_id for o in found])
    asks = []
    for order in found:
        left = order.points - book.lot(order.home, order.lot_id).reversed
        if left:
            key, at = f"cancel:{order.order_id}", cancelled[order.order_id]
            asks.append(Ask(order.home, order.lot_id, left, key, at))
    claw_back(book, asks)
    book.close()
    announce(ctx, tiers.recompute(ctx, _buyers(ctx, sorted(cancelled))))


_CANCELLED = text(
    """
    select order_id, cancelled_at from orders
    where merchant_id = :merchant_id and order_id = any(:orders) and cancelled_at is not null
    """
)


def _buyers(ctx: Context, orders: Sequence[int]) -> list[str]:
    """The homes that made these orders, also those that earned nothing."""
    values = {"merchant_id": ctx.merchant_id, "orders": list(orders)}
    return list(ctx.db.scalars(_BUYERS, values))


_BUYERS = text(
    """
    select distinct customer_id from orders
    where merchant_id = :merchant_id and order_id = any(:orders) and customer_id is not null
    order by customer_id
    """
)


@dataclass(frozen=True, slots=True)
class EarnedOrder:
    """An order that earned `points`, whose lot is `lot_id` of `home`, and its refunds so far."""

    order_id: int
    home: str
    lot_id: int
    points: int
    refunds: list[Returned] = field(default_factory=list)


def earned_orders(ctx: Context, orders: Sequence[int]) -> list[EarnedOrder]:
    """Those of these orders that have earned points."""
    values = {"merchant_id": ctx.merchant_id, "orders": list(orders)}
    found: dict[int, EarnedOrder] = {}
    for row in ctx.db.execute(_EARNED, values):
        known = EarnedOrder(row.order_id, row.home, row.lot_id, row.points)
        order = found.setdefault(row.order_id, known)
        if row.refund_id is not None:
            part = share(row.amount, row.basis, row.refund_amount, row.refund_basis)
            order.refunds.append(Returned(row.refund_id, row.refunded_at, part))
    return list(found.values())


_EARNED = text(
    """
    with earned as materialized (
        select o.order_id, o.store_id, o.external_id, o.amount_minor as amount, t.home, t.lot_id,
               t.points, t.basis
        from unnest(cast(:orders as bigint[])) as asked(order_id)
        cross join lateral (
            select order_id, store_id, external_id, amount_minor from orders
            where merchant_id = :merchant_id and order_id = asked.order_id limit 1
        ) as o
        cross join lateral (
            select customer_id as home, transaction_id as lot_id, points, basis_minor as basis
            from points_transactions
            where merchant_id = :merchant_id
              and idempotency_key = 'order:' || asked.order_id limit 1
        ) as t
    )
    select e.order_id, e.home, e.lot_id, e.points, e.amount, e.basis,
           r.refund_id, r.refunded_at, r.amount_minor as refund_amount,
           r.basis_minor as refund_basis
    from earned e
    left join refunds r on r.merchant_id = :merchant_id and r.store_id = e.store_id
        and r.order_key = e.external_id
    order by e.order_id, r.refund_id
    """
)


def _settle(ctx: Context, orders: Iterable[EarnedOrder], also: Collection[str] = ()) -> Book:
    """Take back what the refunds of these orders ask, in the order they came; of the homes `also`
    named, settle what is due."""
    found = [order for order in orders if order.refunds]
    homes = {order.home for order in found} | set(also)
    book = open_book(ctx, homes, [order.lot_id for order in found])
    asks: list[tuple[int, Ask]] = []
    for order in found:
        already = book.lot(order.home, order.lot_id).reversed
        for refund, points in asked_back(order.points, already, order.refunds):
            key = f"refund:{refund.refund_id}"
            asks.append((refund.refund_id, Ask(order.home, order.lot_id, points, key, refund.at)))
    claw_back(book, [ask for _, ask in sorted(asks, key=lambda numbered: numbered[0])])
    book.close()
    return book


def settle_range(
    ctx: Context, orders: OrderRange, homes: Iterable[str], due: Iterable[str]
) -> Mapping[str, int]:
    """After a range of orders has earned: pay what these homes owe, take back what was refunded
    before it was paid, and take out what has expired already. The members whose cards this has
    brought up to the moment, with the points that were taken back of each."""
    values: dict[str, Any] = {
        "merchant_id": ctx.merchant_id,
        "store_id": orders.store_id,
        "first": orders.first,
        "last": orders.last,
        "homes": sorted(homes),
    }
    indebted = set(ctx.db.scalars(_INDEBTED, values))
    refunded = earned_orders(ctx, list(ctx.db.scalars(_REFUNDED_BEFORE, values)))
    also = indebted | set(due)
    if not also and not refunded:
        return {}
    book = _settle(ctx, refunded, also)
    taken = dict.fromkeys(book.scores(), 0)
    for posting in (written.posting for written in book.written):
        if posting.type == "clawback":
            taken[book.member(posting.home)] -= posting.points
    return taken


_INDEBTED = text(
    """
    select customer_id from points_deficits
    where merchant_id = :merchant_id and points > 0 and customer_id = any(:homes)
    """
)
_REFUNDED_BEFORE = text(
    """
    with placed as materialized (
        select order_id, store_id, external_id from orders
        where merchant_id = :merchant_id and order_id between :first and :last
    ), paid as materialized (
        select order_id, (
            select 1 from refunds r
            where r.merchant_id = :merchant_id and r.store_id = :store_id
              and r.order_key = placed.external_id
            limit 1
        ) as refunded
        from placed where store_id = :store_id
    )
    select order_id from paid where refunded is not null order by order_id
    """
)
