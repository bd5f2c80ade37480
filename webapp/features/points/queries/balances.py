"""Balances, what members see of them, and how many the storefronts show."""

from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.contract import Measured

NEXT_STEP_POINTS = 100


@dataclass(frozen=True, slots=True)
class PointsTotals:
    """Over the whole merchant; `to_push` counts cards that a connected store does not show yet."""

    members: int
    points: int
    entries: int
    pushed: int
    to_push: int


def spendable(ctx: Context, member: str) -> int:
    """What a member can spend now, true at the second: the lots of all their homes that are
    available and have not expired, less what they owe. Below zero while they owe more."""
    values = {"merchant_id": ctx.merchant_id, "member": member, "now": ctx.now}
    return int(ctx.db.scalar(text(_SPENDABLE), values) or 0)


_SPENDABLE = """
with homes as materialized (
    select customer_id from users where merchant_id = :merchant_id and customer_id = :member
    union
    select customer_id from users where merchant_id = :merchant_id and merged_into = :member
)
select
    coalesce((
        select sum(l.remaining) from homes join points_lots l using (customer_id)
        where l.merchant_id = :merchant_id and l.remaining > 0 and l.available_at <= :now
          and (l.expires_at is null or l.expires_at > :now)
    ), 0) - coalesce((
        select sum(d.points) from homes join points_deficits d using (customer_id)
        where d.merchant_id = :merchant_id
    ), 0)
"""


def totals(ctx: Context) -> PointsTotals:
    """The figures of the dashboard's points panel."""
    return PointsTotals(*ctx.db.execute(text(_TOTALS), {"merchant_id": ctx.merchant_id}).one())


# A merged home keeps its card, which shows nothing; there are few of them.
_TOTALS = """
select
    (select count(*) from customer_cards where merchant_id = :merchant_id) - (
        select count(*) from users u join customer_cards c using (merchant_id, customer_id)
        where u.merchant_id = :merchant_id and u.merged_into is not null
    ),
    (select coalesce(sum(points), 0)::bigint from customer_cards where merchant_id = :merchant_id),
    (select count(*) from points_transactions where merchant_id = :merchant_id),
    (
        select count(*) from metafield_projections
        where merchant_id = :merchant_id and not refused and pushed_version > 0
    ),
    (
        select count(*)
        from customer_identities i
        join stores s on s.merchant_id = i.merchant_id and s.store_id = i.store_id
        join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
        join customer_cards c on c.merchant_id = i.merchant_id
            and c.customer_id = coalesce(u.merged_into, u.customer_id)
        left join metafield_projections p on p.merchant_id = i.merchant_id
            and p.store_id = i.store_id and p.external_id = i.external_id
        where i.merchant_id = :merchant_id and s.access_token is not null
          and i.external_id ~ '^[0-9]{1,19}$'
          and (
              c.version > coalesce(p.pushed_version, 0)
              or coalesce(p.customer_id, i.customer_id) <> c.customer_id
          )
    )
"""


def multi_store_adoption(ctx: Context) -> Measured:
    """Members that two or more stores know, of all members; a merchant with one store has none."""
    return Measured(*ctx.db.execute(text(_MULTI_STORE), {"merchant_id": ctx.merchant_id}).one())


_MULTI_STORE = """
select count(*) filter (where stores >= 2), count(*)
from (
    select count(distinct i.store_id) as stores
    from customer_identities i
    join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
    where i.merchant_id = :merchant_id
      and (select count(*) from stores where merchant_id = :merchant_id) >= 2
    group by coalesce(u.merged_into, u.customer_id)
) as members
"""
