"""Reads for the dashboard: what came in, and how imports stand."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text

from webapp.core import deliveries
from webapp.core.context import Context
from webapp.core.words import Money

IMPORTS_SHOWN = 5
TAKEN = frozenset(
    {"orders.imported", "orders.paid", "refunds.imported", "orders.refunded", "orders.cancelled"}
)
# A running import tells its progress every second; only the sort of a huge file takes minutes.
SILENT_MEANS_KILLED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """Over the whole merchant. Days are the shops' calendar days; revenue is net of refunds, one
    sum a currency; `pending` counts the deliveries of orders (`own_handlers`) that are still open,
    `dead` those given up."""

    orders: int
    customers: int
    first_day: date | None
    last_day: date | None
    revenue: tuple[Money, ...]
    pending: int
    dead: int


@dataclass(frozen=True, slots=True)
class ImportState:
    """One import; the counts are lines of its files."""

    file_names: str
    label: str
    state: str
    percent: int
    read: int
    taken: int
    skipped: int
    refused: int
    started_at: datetime
    finished_at: datetime | None
    shop_domain: str


@dataclass(frozen=True, slots=True)
class HistoryState:
    """What a store has of its past: the days of its first and last order here, whether it can be
    asked for more, and whether for all of it."""

    store_id: str
    shop_domain: str
    connected: bool
    scopes: tuple[str, ...]
    orders: int
    first_day: date | None
    last_day: date | None


def history(ctx: Context) -> list[HistoryState]:
    """Each store of the merchant, or the one the person looks at, by domain."""
    values = {"m": ctx.merchant_id, "store": ctx.store_id}
    rows = ctx.db.execute(text(_HISTORY), values).mappings()
    return [HistoryState(**{**row, "scopes": tuple(row["scopes"])}) for row in rows]


_HISTORY = """
select s.store_id, s.shop_domain, s.access_token is not null as connected, s.scopes,
       coalesce(b.orders, 0) as orders, (b.first_at at time zone s.timezone)::date as first_day,
       (b.last_at at time zone s.timezone)::date as last_day
from stores s
left join (
    select store_id, count(*) as orders, min(ordered_at) as first_at, max(ordered_at) as last_at
    from orders where merchant_id = :m group by store_id
) as b on b.store_id = s.store_id
where s.merchant_id = :m and (cast(:store as text) is null or s.store_id = :store)
order by s.shop_domain
"""


def totals(ctx: Context) -> OrderTotals:
    """The figures of the orders panel, of all stores or of the one the person looks at."""
    values = {"merchant_id": ctx.merchant_id, "store": ctx.store_id}
    rows = list(ctx.db.execute(text(_BY_CURRENCY), values))
    customers, own = ctx.db.scalar(text(_CUSTOMERS), values), own_handlers(ctx)
    return OrderTotals(
        orders=sum(row.orders for row in rows),
        customers=int(customers or 0),
        first_day=min((row.first_day for row in rows), default=None),
        last_day=max((row.last_day for row in rows), default=None),
        revenue=tuple(Money(int(row.net), row.currency) for row in rows),
        pending=deliveries.pending(ctx.db, ctx.merchant_id, own),
        dead=deliveries.dead(ctx.db, ctx.merchant_id, own),
    )


def own_handlers(ctx: Context) -> list[str]:
    """The handlers that orders pass through: ours, and those that hear of what was taken."""
    return sorted(
        {
            name
            for topic, names in ctx.handlers.items()
            for name in names
            if topic in TAKEN or name.startswith("orders.")
        }
    )


_BY_CURRENCY = """
with bought as (
    select store_id, count(*) as orders, min(ordered_at) as first_at, max(ordered_at) as last_at,
           sum(amount_minor) as gross
    from orders
    where merchant_id = :merchant_id and (cast(:store as text) is null or store_id = :store)
      and cancelled_at is null
    group by store_id
), returned as (
    select r.store_id, sum(r.amount_minor) as amount
    from refunds r
    left join orders o on o.merchant_id = :merchant_id and o.store_id = r.store_id
        and o.external_id = r.order_key
    where r.merchant_id = :merchant_id and o.cancelled_at is null
    group by r.store_id
)
select s.currency, sum(b.orders)::bigint as orders,
       min((b.first_at at time zone s.timezone)::date) as first_day,
       max((b.last_at at time zone s.timezone)::date) as last_day,
       sum(b.gross - coalesce(r.amount, 0))::bigint as net
from bought b
join stores s on s.merchant_id = :merchant_id and s.store_id = b.store_id
left join returned r on r.store_id = b.store_id
group by s.currency
order by s.currency
"""
_CUSTOMERS = """
select case when cast(:store as text) is null
    then (select count(*) from users where merchant_id = :merchant_id)
    else (
        select count(distinct customer_id) from customer_identities
        where merchant_id = :merchant_id and store_id = :store
    )
end
"""


def latest_imports(ctx: Context) -> list[ImportState]:
    """The newest imports, newest first; one that was killed counts as failed."""
    silent_since = ctx.wall - SILENT_MEANS_KILLED
    values = {
        "merchant_id": ctx.merchant_id,
        "most": IMPORTS_SHOWN,
        "silent_since": silent_since,
        "store": ctx.store_id,
    }
    return [ImportState(*row) for row in ctx.db.execute(text(_IMPORTS), values)]


_IMPORTS = """
select array_to_string(i.file_names, ', '), i.label,
       case when i.finished_at is null and i.told_at < :silent_since then 'failed' else i.state end,
       i.percent, i.read, i.taken, i.skipped, i.refused, i.started_at, i.finished_at, s.shop_domain
from imports i
join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
where i.merchant_id = :merchant_id
  and (cast(:store as text) is null or i.store_id = :store)
order by i.started_at desc
limit :most
"""
