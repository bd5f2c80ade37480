"""Points for orders: the entries of a whole range of orders in one statement.

The ledger is the truth; lots, balances and cards follow in the same transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.points.domain.earning import Rule
from webapp.features.points.messages import OrderRange
from webapp.features.points.queries.rules import rule_at, rules
from webapp.features.points.service import cards, tiers
from webapp.features.points.service.refunds import hold_orders, settle_range


def award_orders(ctx: Context, orders: OrderRange, *, live: bool = False) -> None:
    """Enter the points of new orders into the ledger, and carry them to balances and cards.

    One entry an order under the key `order:<order_id>`; orders worth no point, cancelled ones and
    those of guests earn nothing. Live orders earn by the rules that were in force when they were
    placed, and each member who earned is named by topic; what history brings earns by the rules of
    today, expires from today unless they say otherwise, and notifies nobody. Every customer of the
    range gets a card, also with 0 points. What was refunded already is taken back at once.
    """
    store = ctx.db.get_one(Store, (ctx.merchant_id, orders.store_id))
    cycle = cards.cycle_of(ctx)
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": orders.store_id,
        "first": orders.first,
        "last": orders.last,
        "unit": 10 ** currency_exponent(store.currency),
        "currency": store.currency,
        "zone": store.timezone,
        "now": ctx.now,
        "cycle": cycle.name,
        "begins": cycle.begins,
        "ends": cycle.ends,
        "rules": json.dumps(list(_periods(ctx, orders.store_id, live=live))),
    }
    hold_orders(ctx)
    buyers, merged = lock_buyers(ctx, values)
    boosts = {m: str(by) for m, by in tiers.multipliers(ctx, buyers).items() if by != 1}
    values |= {"boosts": json.dumps(boosts), "merged": merged}
    found = list(ctx.db.execute(_AWARD, values))
    earned = {row.customer_id: row for row in found if row.kind == "earned"}
    shown = {row.customer_id: row for row in found if row.kind == "card"}
    due = [m for m, row in shown.items() if row.at is not None and row.at <= ctx.now]
    taken = settle_range(ctx, orders, earned, due)
    moved = tiers.recompute(ctx, buyers, tell=live)
    cards.announce(ctx, (shown.keys() - taken.keys()) | set(moved))
    if live:
        ctx.emit_all("points.earned", earnings(ctx, orders, earned.values(), shown, taken))


def _periods(ctx: Context, store_id: str, *, live: bool) -> Iterator[Mapping[str, Any]]:
    """The rules by which orders of a store earn, each with the time in which they are placed; those
    of today for all that history brings."""
    versions: Sequence[Rule] = rules(ctx) if live else (rule_at(ctx, ctx.now),)
    ends = None
    for rule in reversed(versions):
        begins = rule.valid_from if live else None
        yield {
            "version": rule.version,
            "begins": begins and begins.isoformat(),
            "ends": ends and ends.isoformat(),
            "rate": str(rule.rate(store_id)),
            "hold_days": rule.hold_days,
            "expiry_days": rule.expiry_days,
            "from_now": not live and rule.imports_expire_from == "import",
        }
        if begins is not None:
            ends = begins if ends is None else min(begins, ends)


def lock_buyers(ctx: Context, values: Mapping[str, Any]) -> tuple[list[str], bool]:
    """Lock the members who bought, in the order of their ids: who they are, and whether the
    merchant has merged members at all. Where that is so they are locked again until nobody new is
    among them, for some may have been merged while we waited."""
    merged = bool(ctx.db.scalar(_MERGED, values))
    buyers, again = ctx.db.execute(_LOCK, {**values, "merged": merged}).one()
    merged, locked = merged or bool(again), set(buyers or ())
    while merged:
        buyers, _ = ctx.db.execute(_LOCK, {**values, "merged": True}).one()
        if locked.issuperset(buyers or ()):
            break
        locked.update(buyers)
    return list(buyers or ()), merged


def earnings(
    ctx: Context,
    orders: OrderRange,
    earned: Iterable[Any],
    shown: Mapping[str, Any],
    taken: Mapping[str, int],
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Messages (key, payload) of who earned points with these orders: what is left of them after
    what was refunded before it was paid, and the balance."""
    points: dict[str, int] = {}
    for row in earned:
        points[row.member] = points.get(row.member, 0) + int(row.points)
    balances = dict(
        map(
            tuple,
            ctx.db.execute(_BALANCES, {"merchant_id": ctx.merchant_id, "members": sorted(taken)}),
        )
    )
    for member, brought in sorted(points.items()):
        left = brought - taken.get(member, 0)
        if left > 0:
            yield (
                f"{orders.store_id}:{orders.first}:{member}",
                {
                    "store_id": orders.store_id,
                    "customer_id": member,
                    "points": left,
                    "balance": balances.get(member, int(shown[member].points)),
                },
            )


_BALANCES = text(
    """
    select customer_id, points from customer_cards
    where merchant_id = :merchant_id and customer_id = any(:members)
    """
)
_MERGED = text(
    "select exists(select from users where merchant_id = :merchant_id and merged_into is not null)"
)
# Rows are touched in the order of their key, so that two transactions never wait crosswise. Plans
# are the same with and without statistics: orders are found by their ids alone before anything else
# is asked of them, and rows of large tables are looked up one by one by subselect.
_LOCK = text(
    """
    with placed as materialized (
        select store_id, customer_id from orders
        where merchant_id = :merchant_id and order_id between :first and :last
    ), homes as materialized (
        select distinct customer_id from placed
        where store_id = :store_id and customer_id is not null
        order by customer_id
    ), members as materialized (
        select customer_id as member from homes where not :merged
        union all
        select member from (
            select distinct (
                select coalesce(u.merged_into, u.customer_id) from users u
                where u.merchant_id = :merchant_id and u.customer_id = homes.customer_id
            ) as member
            from homes where :merged
            order by member
        ) as merged
    )
    select array_agg(locked.customer_id), bool_or(locked.merged_into is not null)
    from members cross join lateral (
        select u.customer_id, u.merged_into from users u
        where u.merchant_id = :merchant_id and u.customer_id = members.member
        for no key update
    ) as locked
    """
)
_AWARD = text(
    """
    with rules as materialized (
        select * from jsonb_to_recordset(cast(:rules as jsonb)) as r(
            version smallint, begins timestamptz, ends timestamptz, rate numeric(14, 6),
            hold_days integer, expiry_days integer, from_now boolean
        )
    ), boosts as materialized (
        select cast(:boosts as jsonb) as by_member
    ), placed as materialized (
        select order_id, store_id, customer_id, ordered_at, cancelled_at,
               coalesce(basis_minor, amount_minor) as basis
        from orders where merchant_id = :merchant_id and order_id between :first and :last
    ), earning as materialized (
        select o.order_id, o.customer_id, o.ordered_at, r.version,
            case when b.by_member = '{}' then r.rate else round(r.rate * coalesce((
                b.by_member ->> (
                    select coalesce(u.merged_into, u.customer_id) from users u
                    where u.merchant_id = :merchant_id and u.customer_id = o.customer_id
                )
            )::numeric, 1), 6) end as rate,
            o.basis,
            case when r.hold_days = 0 then o.ordered_at else
                (o.ordered_at at time zone :zone + make_interval(days => r.hold_days))
                at time zone :zone end as available_at,
            case when r.expiry_days is not null then
                ((case when r.from_now then :now else o.ordered_at end at time zone :zone)::date
                + r.expiry_days + 1)::timestamp at time zone :zone end as expires_at
        from boosts b cross join placed o join rules r
            on (r.begins is null or o.ordered_at >= r.begins)
            and (r.ends is null or o.ordered_at < r.ends)
        where o.store_id = :store_id and o.customer_id is not null and o.cancelled_at is null
    ), entered as (
        insert into points_transactions (
            merchant_id, customer_id, store_id, type, points, order_id, rule_version, rate,
            basis_minor, currency, occurred_at, available_at, expires_at, idempotency_key
        )
        select :merchant_id, customer_id, :store_id, 'earn', div(basis * rate, :unit)::bigint,
               order_id, version, rate, basis, :currency, ordered_at, available_at, expires_at,
               'order:' || order_id
        from earning where basis * rate >= :unit
        order by order_id
        on conflict (merchant_id, idempotency_key) do nothing
        returning customer_id, transaction_id, order_id, points, occurred_at, available_at,
                  expires_at
    ), kept as (
        insert into points_lots (
            merchant_id, customer_id, transaction_id, order_id, points, remaining, available_at,
            expires_at
        )
        select :merchant_id, customer_id, transaction_id, order_id, points, points, available_at,
               expires_at
        from entered
    ), earned as materialized (
        select e.customer_id, e.points, e.spendable, e.pending, e.score, e.at,
            case when :merged then (
                select coalesce(u.merged_into, u.customer_id) from users u
                where u.merchant_id = :merchant_id and u.customer_id = e.customer_id
            ) else e.customer_id end as member
        from (
            select customer_id, sum(points)::bigint as points,
                coalesce(sum(points) filter (where state = 1), 0)::bigint as spendable,
                coalesce(sum(points) filter (where state = 2), 0)::bigint as pending,
                coalesce(sum(points) filter (
                    where occurred_at >= :begins and occurred_at < :ends
                ), 0)::bigint as score,
                min(at) as at
            from (
                select customer_id, points, occurred_at, case
                        when expires_at <= :now then 0 when available_at <= :now then 1 else 2
                    end as state,
                    case when available_at > :now then least(available_at, expires_at)
                        else expires_at end as at
                from entered
                union all
                select customer_id, 0, null, 0, null from earning
            ) as told
            group by customer_id
        ) as e
    ), changes as materialized (
        select member as customer_id, sum(points)::bigint as points,
            sum(spendable)::bigint as spendable, sum(pending)::bigint as pending,
            sum(score)::bigint as score, min(at) as at
        from earned
        group by member
        order by member
    ), balances as (
        update users u
        set points_balance = u.points_balance + changes.spendable
        from changes
        where u.merchant_id = :merchant_id and u.customer_id = changes.customer_id
          and changes.spendable <> 0
    ), cards as (
        insert into customer_cards as card (
            merchant_id, customer_id, points, pending, changes_at, score, score_net, score_cycle
        )
        select :merchant_id, customer_id, spendable, pending, at, score, score,
               case when points > 0 then cast(:cycle as text) end
        from changes
        order by customer_id
        on conflict (merchant_id, customer_id) do update
        set points = card.points + excluded.points, pending = card.pending + excluded.pending,
            changes_at = least(card.changes_at, excluded.changes_at),
            score = greatest(0, excluded.score_net + case
                when card.score_cycle = excluded.score_cycle then card.score_net else 0 end),
            score_net = excluded.score_net + case
                when card.score_cycle = excluded.score_cycle then card.score_net else 0 end,
            score_cycle = excluded.score_cycle, version = card.version + 1
        where excluded.score_cycle is not null
        returning customer_id, points, changes_at
    )
    select 'earned' as kind, customer_id, member, points, null as at from earned where points > 0
    union all
    select 'card', customer_id, null, points, changes_at from cards
    """
)
