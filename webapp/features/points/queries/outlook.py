"""What a member's balance is about to do: points that are on their way, and points that end."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from webapp.core.context import Context


@dataclass(frozen=True, slots=True)
class Outlook:
    """`pending` points cannot be spent yet, the first `arriving` of them from `arrives_on` on.
    `expiring` points can be spent up to the end of `expires_on` and no longer; 0 when none ends.
    `owed` is what the next points make up for. Days are those of the store that gave the points."""

    pending: int = 0
    arriving: int = 0
    arrives_on: date | None = None
    expiring: int = 0
    expires_on: date | None = None
    owed: int = 0


def outlook(ctx: Context, member: str) -> Outlook:
    """True at the second, over all homes of the member."""
    values = {"merchant_id": ctx.merchant_id, "member": member, "now": ctx.now}
    return Outlook(*ctx.db.execute(_OUTLOOK, values).one())


_OUTLOOK = text(
    """
    with homes as materialized (
        select customer_id from users where merchant_id = :merchant_id and customer_id = :member
        union
        select customer_id from users where merchant_id = :merchant_id and merged_into = :member
    ), lots as materialized (
        select l.remaining, l.available_at > :now as waits,
            (l.available_at at time zone s.timezone)::date as first_day,
            ((l.expires_at - interval '1 millisecond') at time zone s.timezone)::date as last_day
        from homes
        join points_lots l using (customer_id)
        join points_transactions t on t.merchant_id = :merchant_id
            and t.customer_id = l.customer_id and t.transaction_id = l.transaction_id
        join stores s on s.merchant_id = :merchant_id and s.store_id = t.store_id
        where l.merchant_id = :merchant_id and l.remaining > 0
          and (l.expires_at is null or l.expires_at > :now)
    ), arriving as (
        select first_day as day, sum(remaining)::bigint as points from lots where waits
        group by first_day order by first_day limit 1
    ), expiring as (
        select last_day as day, sum(remaining)::bigint as points from lots
        where not waits and last_day is not null
        group by last_day order by last_day limit 1
    )
    select coalesce((select sum(remaining) from lots where waits), 0)::bigint,
           coalesce((select points from arriving), 0), (select day from arriving),
           coalesce((select points from expiring), 0), (select day from expiring),
           coalesce((
               select sum(d.points) from homes join points_deficits d using (customer_id)
               where d.merchant_id = :merchant_id
           ), 0)::bigint
    """
)


@dataclass(frozen=True, slots=True)
class Liabilities:
    """Over the whole merchant: points that cannot be spent yet, points that members owe, and points
    that expire within the days that were asked for."""

    pending: int
    owed: int
    expiring: int


def liabilities(ctx: Context, until: datetime) -> Liabilities:
    """As of now; `expiring` before `until`."""
    values = {"merchant_id": ctx.merchant_id, "now": ctx.now, "until": until}
    return Liabilities(*ctx.db.execute(_LIABILITIES, values).one())


_LIABILITIES = text(
    """
    select coalesce(sum(remaining) filter (where available_at > :now), 0)::bigint,
           (
               select coalesce(sum(points), 0)::bigint from points_deficits
               where merchant_id = :merchant_id
           ),
           coalesce(sum(remaining) filter (where expires_at <= :until), 0)::bigint
    from points_lots
    where merchant_id = :merchant_id and remaining > 0
      and (expires_at is null or expires_at > :now)
    """
)
