"""What counts towards tiers, computed from orders, refunds and lots of all homes of a member.

Money of several currencies is counted in the programme's currency. What one unit is worth in
another currency is what the earning rules say: the points for it, by the points for a unit of the
programme's currency (of the store that has it, the first of several). The rules in force when an
order was made count; the first that the merchant has made count for everything before them as
well, because the rule that everybody begins with says nothing about what currencies are worth. A
store in the programme's own currency is never converted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.words import currency_exponent
from webapp.features.points.domain.earning import FIRST_RULE, Rule
from webapp.features.points.domain.tiers import Policy, Qualifying, window_starts
from webapp.features.points.queries.program import program
from webapp.features.points.queries.rules import rules

ALWAYS = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Worth:
    """What one minor unit of a store's orders made in `begins <= at < ends` counts, in minor units
    of the programme's currency."""

    store_id: str
    begins: datetime
    ends: datetime
    factor: Decimal


def worths(ctx: Context) -> tuple[Worth, ...]:
    """For each store and each time one row; see above."""
    currency, made = program(ctx).currency, rules(ctx)[1:]
    stores = ctx.db.execute(_STORES, {"merchant_id": ctx.merchant_id}).all()
    later = sorted({rule.valid_from for rule in made if rule.valid_from})[1:]
    found: list[Worth] = []
    for begins, ends in pairwise([ALWAYS[0], *later, ALWAYS[1]]):
        rule = rule_between(made, begins)
        rates = {store_id: rule.rate(store_id) for store_id, _ in stores}
        own = next((rates[s] for s, of in stores if of == currency and rates[s]), Decimal(1))
        for store_id, of in stores:
            factor = _factor(currency, of, rates[store_id] / own)
            found.append(Worth(store_id, begins, ends, factor))
    return tuple(found)


def rule_between(made: Sequence[Rule], begins: datetime) -> Rule:
    """The rules in force from `begins` on, of those that were made; before all of them, those that
    came into force first."""
    valid = [rule for rule in made if rule.valid_from and rule.valid_from <= begins]
    first = min(made, key=lambda rule: (rule.valid_from or ALWAYS[0], -rule.version), default=None)
    return max(valid, key=lambda rule: rule.version, default=first or FIRST_RULE)


def _factor(currency: str, of: str, ratio: Decimal) -> Decimal:
    if of == currency:
        return Decimal(1)
    return round(ratio.scaleb(currency_exponent(currency) - currency_exponent(of)), 12)


_STORES = text(
    """
    select store_id, currency from stores
    where merchant_id = :merchant_id order by created_at, store_id
    """
)


def qualifying(
    ctx: Context, policy: Policy, members: Iterable[str] | None = None
) -> Mapping[str, Qualifying]:
    """Member -> what counts for them at `ctx.now`, in the unit of the policy's basis; of
    `members`, or of everybody. Who has nothing that counts is left out."""
    zone = program(ctx).zone
    start, previous = window_starts(policy, ctx.now, zone)
    values: dict[str, Any] = {
        "merchant_id": ctx.merchant_id,
        "members": list(members or ()),
        "start": start,
        "previous": previous,
    }
    if policy.basis != "points":
        values |= _columns(worths(ctx))
    counted = _POINTS if policy.basis == "points" else _ORDERS
    sql = text(counted.replace("HOMES", _ALL if members is None else _SOME))
    rows = ctx.db.execute(sql, values)
    return {
        row.member: Qualifying(int(row.spent), int(row.spent_before), row.oldest)
        if policy.basis != "orders"
        else Qualifying(row.orders, row.orders_before, row.oldest)
        for row in rows
    }


def _columns(of: Sequence[Worth]) -> dict[str, Any]:
    return {
        "stores": [worth.store_id for worth in of],
        "begins": [worth.begins for worth in of],
        "ends": [worth.ends for worth in of],
        "factors": [worth.factor for worth in of],
    }


# Whose homes: those of everybody, or of some, who are then found by index whatever the plan.
_ALL = """
    select coalesce(merged_into, customer_id) as member, customer_id as home
    from users where merchant_id = :merchant_id
"""
_SOME = """
    select customer_id as member, customer_id as home
    from users where merchant_id = :merchant_id and customer_id = any(:members)
    union
    select merged_into, customer_id
    from users where merchant_id = :merchant_id and merged_into = any(:members)
"""

# Rows of large tables are looked up home by home, so that plans are the same with and without
# statistics. An order counts what is left of it; a refund whose order nobody named is taken off
# the sum.
_ORDERS = """
with homes as materialized (HOMES), worth as materialized (
    select * from unnest(
        cast(:stores as text[]), cast(:begins as timestamptz[]), cast(:ends as timestamptz[]),
        cast(:factors as numeric[])
    ) as w(store_id, begins, ends, factor)
), bought as (
    select h.member, o.ordered_at as at, w.factor, greatest(
        coalesce(o.basis_minor, o.amount_minor) - coalesce((
            select sum(coalesce(r.basis_minor, r.amount_minor)) from refunds r
            where r.merchant_id = :merchant_id and r.store_id = o.store_id
              and r.order_key = o.external_id
        ), 0), 0) as minor
    from homes h cross join worth w cross join lateral (
        select * from orders o
        where o.merchant_id = :merchant_id and o.store_id = w.store_id and o.customer_id = h.home
        offset 0
    ) as o
    where o.ordered_at >= w.begins and o.ordered_at < w.ends
      and o.cancelled_at is null and o.ordered_at >= :previous
), given_back as (
    select h.member, r.refunded_at as at, w.factor,
           coalesce(r.basis_minor, r.amount_minor) as minor
    from homes h cross join worth w cross join lateral (
        select * from refunds r
        where r.merchant_id = :merchant_id and r.store_id = w.store_id and r.customer_id = h.home
        offset 0
    ) as r
    where r.refunded_at >= w.begins and r.refunded_at < w.ends
      and r.order_key is null and r.refunded_at >= :previous
), counted as (
    select member, at, minor * factor as spent, 1 as orders from bought where minor > 0
    union all
    select member, at, -minor * factor, 0 from given_back
)
select member,
       greatest(floor(coalesce(sum(spent) filter (where at >= :start), 0)), 0) as spent,
       greatest(floor(coalesce(sum(spent) filter (where at < :start), 0)), 0) as spent_before,
       coalesce(sum(orders) filter (where at >= :start), 0) as orders,
       coalesce(sum(orders) filter (where at < :start), 0) as orders_before,
       min(at) filter (where at >= :start and orders = 1) as oldest
from counted
group by member
"""

# What refunds asked back does not count, whether or not it was still there to be collected; what
# was spent or has expired does. Corrections by hand and transfers are no merit.
_POINTS = """
with homes as materialized (HOMES), counted as (
    select h.member, t.occurred_at as at, l.points - l.reversed as points
    from homes h cross join lateral (
        select * from points_lots l
        where l.merchant_id = :merchant_id and l.customer_id = h.home
        offset 0
    ) as l
    cross join lateral (
        select * from points_transactions t
        where t.merchant_id = :merchant_id and t.customer_id = h.home
          and t.transaction_id = l.transaction_id
        offset 0
    ) as t
    where t.type in ('earn', 'bonus', 'import') and t.occurred_at >= :previous
      and l.points > l.reversed
)
select member,
       coalesce(sum(points) filter (where at >= :start), 0) as spent,
       coalesce(sum(points) filter (where at < :start), 0) as spent_before,
       min(at) filter (where at >= :start) as oldest
from counted
group by member
"""
