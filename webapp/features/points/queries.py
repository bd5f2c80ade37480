"""Reads of the ledger and its projections."""

from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.messages import Entry, Standing

ENTRIES_SHOWN = 5
NEXT_STEP_POINTS = 100


@dataclass(frozen=True, slots=True)
class PointsTotals:
    """Over the whole merchant; `to_push` counts cards that a connected store does not show yet."""

    members: int
    points: int
    entries: int
    pushed: int
    to_push: int


def standing(ctx: Context, customer_id: str | None) -> Standing:
    """A member's balance and last entries; all zero for somebody without any."""
    values = {"merchant_id": ctx.merchant_id, "customer_id": customer_id, "most": ENTRIES_SHOWN}
    balance = int(ctx.db.scalar(text(_BALANCE), values) or 0)
    rows = ctx.db.execute(text(_ENTRIES), values)
    entries = tuple(Entry(day, kind, points) for day, kind, points in rows)
    return Standing(balance, entries, NEXT_STEP_POINTS - balance % NEXT_STEP_POINTS)


_BALANCE = """
select points from customer_cards
where merchant_id = :merchant_id and customer_id = :customer_id
"""

_ENTRIES = """
select (t.occurred_at at time zone s.timezone)::date, t.type, t.points
from points_transactions t
join stores s on s.merchant_id = t.merchant_id and s.store_id = t.store_id
where t.merchant_id = :merchant_id and t.customer_id = :customer_id
order by t.occurred_at desc, t.transaction_id desc
limit :most
"""


def totals(ctx: Context) -> PointsTotals:
    """The figures of the dashboard's points panel."""
    return PointsTotals(*ctx.db.execute(text(_TOTALS), {"merchant_id": ctx.merchant_id}).one())


_TOTALS = """
select
    (select count(*) from customer_cards where merchant_id = :merchant_id),
    (select coalesce(sum(points), 0)::bigint from customer_cards where merchant_id = :merchant_id),
    (select count(*) from points_transactions where merchant_id = :merchant_id),
    (
        select count(*) from metafield_projections
        where merchant_id = :merchant_id and not refused
    ),
    (
        select count(*)
        from customer_identities i
        join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
        join customer_cards c on c.merchant_id = i.merchant_id and c.customer_id = i.customer_id
        left join metafield_projections p on p.merchant_id = i.merchant_id
            and p.store_id = i.store_id and p.external_id = i.external_id
        where i.merchant_id = :merchant_id and s.access_token is not null
          and i.external_id ~ '^[0-9]{1,19}$'
          and c.version > coalesce(p.pushed_version, 0)
    )
"""
