"""Use cases of rfm: keep one row of facts a customer and shop, and score them.

A customer's facts are always computed from all of their orders, never incremented, so that late
and repeated events cannot bend them. Scores are not stored a customer: they follow from the facts
and the newest cut-points, and only the cut-points are versioned.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.features.rfm import queries
from webapp.features.rfm.domain.scoring import QUANTILES
from webapp.features.rfm.messages import DocumentRange

SOURCES = {"orders": "order_id", "refunds": "refund_id"}


def absorb(ctx: Context, documents: DocumentRange) -> None:
    """Bring the facts of the customers of these new documents up to date."""
    id_column = SOURCES[documents.table]
    touched = f"""
        select distinct customer_id from {documents.table}
        where merchant_id = :merchant_id and store_id = :store_id
          and {id_column} between :first and :last and customer_id is not null
    """  # noqa: S608 - table and column are two of ours
    _absorb(ctx, documents.store_id, touched, first=documents.first, last=documents.last)


def absorb_cancelled(ctx: Context, store_id: str, orders: Sequence[int]) -> None:
    """Bring the facts of the customers of cancelled orders up to date. Who is left without any
    order has no facts."""
    _absorb(ctx, store_id, _BUYERS, orders=list(orders))
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, "orders": list(orders)}
    ctx.db.execute(text(_FORGET), values)


def _absorb(ctx: Context, store_id: str, touched: str, **which: Any) -> None:
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store_id,
        "timezone": store.timezone,
        **which,
    }
    ctx.db.execute(text(_ABSORB.format(touched=touched)), values)


_BUYERS = """
    select distinct customer_id from orders
    where merchant_id = :merchant_id and store_id = :store_id and order_id = any(:orders)
      and customer_id is not null
"""
_FORGET = f"""
delete from customer_stats s
where s.merchant_id = :merchant_id and s.store_id = :store_id
  and s.customer_id in ({_BUYERS})
  and not exists (
      select from orders o
      where o.merchant_id = :merchant_id and o.store_id = :store_id
        and o.customer_id = s.customer_id and o.cancelled_at is null
  )
"""  # noqa: S608 - the subselect is above
# LATERAL makes the plan the same with and without statistics: one index range a customer. A
# cancelled order never was, and neither was what was given back for it.
_ABSORB = """
with touched as materialized (
    {touched}
)
insert into customer_stats (
    merchant_id, store_id, customer_id, first_day, last_day, days, orders, net_minor
)
select :merchant_id, :store_id, customer_id, bought.first_day, bought.last_day, bought.days,
       bought.orders, bought.gross - returned.amount
from touched
cross join lateral (
    select min(day) as first_day, max(day) as last_day, count(distinct day)::integer as days,
           count(*)::integer as orders, sum(amount_minor)::bigint as gross
    from (
        select amount_minor, (ordered_at at time zone :timezone)::date as day
        from orders o
        where o.merchant_id = :merchant_id and o.store_id = :store_id
          and o.customer_id = touched.customer_id and o.cancelled_at is null
    ) as their_orders
) as bought
cross join lateral (
    select coalesce(sum(amount_minor), 0)::bigint as amount
    from refunds r
    where r.merchant_id = :merchant_id and r.store_id = :store_id
      and r.customer_id = touched.customer_id
      and (r.order_key is null or not exists (
          select from orders o
          where o.merchant_id = :merchant_id and o.store_id = :store_id
            and o.external_id = r.order_key and o.cancelled_at is not null
      ))
) as returned
where bought.orders > 0
order by customer_id
on conflict (merchant_id, store_id, customer_id) do update
set first_day = excluded.first_day, last_day = excluded.last_day, days = excluded.days,
    orders = excluded.orders, net_minor = excluded.net_minor
"""


def score_all(ctx: Context) -> None:
    """Score every shop of the merchant anew."""
    sql = text("select store_id from stores where merchant_id = :merchant_id order by store_id")
    for store_id in ctx.db.scalars(sql, {"merchant_id": ctx.merchant_id}).all():
        score_customers(ctx, store_id)


def score_customers(ctx: Context, store_id: str) -> None:
    """Compute a shop's cut-points over all customers with an order, count its segments under them,
    and keep both as the next version, unless they are those of the newest one.

    One at a time a shop; whoever scores several takes them in the order of their ids.
    """
    lock = text("select pg_advisory_xact_lock(hashtext('scoring'), hashtext(:store_id))")
    ctx.db.execute(lock, {"store_id": store_id})
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, "quantiles": list(QUANTILES)}
    recency, frequency, monetary, customers = ctx.db.execute(text(_CUTS), values).one()
    if not customers:
        return
    cuts = {"recency": recency, "frequency": frequency, "monetary": monetary}
    segments = queries.count_segments(ctx, store_id, cuts)
    if queries.newest(ctx, store_id) == (recency, frequency, monetary, customers, segments):
        return
    ctx.db.execute(
        text(_KEEP),
        {**values, **cuts, "customers": customers, "segments": json.dumps(segments), "at": ctx.now},
    )


_CUTS = """
select percentile_disc(cast(:quantiles as float8[])) within group (order by last_day),
       percentile_disc(cast(:quantiles as float8[])) within group (order by days),
       percentile_disc(cast(:quantiles as float8[])) within group (order by net_minor),
       count(*)
from customer_stats
where merchant_id = :merchant_id and store_id = :store_id
"""

_KEEP = """
insert into rfm_cutpoints (
    merchant_id, store_id, version, recency, frequency, monetary, customers, segments, computed_at
)
select :merchant_id, :store_id,
       1 + coalesce((
           select max(version) from rfm_cutpoints
           where merchant_id = :merchant_id and store_id = :store_id
       ), 0),
       cast(:recency as date[]), cast(:frequency as integer[]), cast(:monetary as bigint[]),
       :customers, cast(:segments as jsonb), :at
"""
