"""Every entry explained: what a member got or gave points for, and why so many."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.messages import Receipt


def receipts(
    ctx: Context, member: str, most: int, before: Receipt | None = None
) -> Sequence[Receipt]:
    """The newest entries of all homes of a member, or the next older ones than `before`. What one
    event did to several homes, e.g. a redemption, is one line."""
    return _read(ctx, member, most, (before.at, before.entry_id) if before else None)


def receipts_before(ctx: Context, member: str, most: int, entry_id: int) -> Sequence[Receipt]:
    """The next older lines than the one that is named; none when it is not a line of the member."""
    values = {"merchant_id": ctx.merchant_id, "member": member, "entry_id": entry_id}
    at: datetime | None = ctx.db.scalar(_AT, values)
    return _read(ctx, member, most, (at, entry_id)) if at else ()


_AT = text(
    """
    select t.occurred_at
    from users u join points_transactions t
        on t.merchant_id = u.merchant_id and t.customer_id = u.customer_id
    where u.merchant_id = :merchant_id and t.transaction_id = :entry_id
      and (u.customer_id = :member or u.merged_into = :member)
    """
)


def _read(
    ctx: Context, member: str, most: int, before: tuple[datetime, int] | None
) -> Sequence[Receipt]:
    values = {
        "merchant_id": ctx.merchant_id,
        "member": member,
        "locale": ctx.locale,
        "most": most,
        "at": before and before[0],
        "entry_id": before and before[1],
    }
    return [Receipt(*row) for row in ctx.db.execute(_RECEIPTS, values)]


# Entries of one event in several homes have one key, with the home at its end for all but one. A
# bonus is one of its own, though its key may end like that. Shops tell times in whole seconds, so
# within one the order in which entries were made counts.
_RECEIPTS = text(
    """
    with homes as materialized (
        select customer_id from users where merchant_id = :merchant_id and customer_id = :member
        union
        select customer_id from users where merchant_id = :merchant_id and merged_into = :member
    ), lines as (
        select min(t.transaction_id) as entry_id, max(t.occurred_at) as at, t.type,
            sum(t.points)::bigint as points, min(t.store_id) as store_id,
            min(t.order_id) as order_id, min(t.rule_version) as rule_version, min(t.rate) as rate,
            max(t.basis_minor) as basis_minor, min(t.currency) as currency,
            min(t.available_at) as available_at, min(t.expires_at) as expires_at,
            min(t.redemption_id) as redemption_id, min(t.reason) as reason
        from homes join points_transactions t using (customer_id)
        where t.merchant_id = :merchant_id
        group by t.type, case when t.type <> 'bonus'
                and right(t.idempotency_key, length(t.customer_id) + 1) = ':' || t.customer_id
            then left(t.idempotency_key, -length(t.customer_id) - 1)
            else t.idempotency_key end
    )
    select l.entry_id, l.at, (l.at at time zone s.timezone)::date as day, l.type, l.points,
        l.store_id, coalesce(s.name, s.shop_domain) as store_name, o.external_id as order_key,
        l.rule_version, l.rate, l.basis_minor, l.currency, l.available_at, l.expires_at,
        l.redemption_id, l.reason, (o.ordered_at at time zone s.timezone)::date as ordered_on,
        (l.available_at at time zone s.timezone)::date as first_day,
        ((l.expires_at - interval '1 millisecond') at time zone s.timezone)::date as last_day,
        coalesce(r.names ->> :locale, r.names ->> r.default_locale) as reward
    from lines l
    join stores s on s.merchant_id = :merchant_id and s.store_id = l.store_id
    left join orders o on o.merchant_id = :merchant_id and o.order_id = l.order_id
    left join redemptions d on d.merchant_id = :merchant_id and d.redemption_id = l.redemption_id
    left join rewards r on r.merchant_id = :merchant_id and r.reward_id = d.reward_id
    where cast(:at as timestamptz) is null or (date_trunc('second', l.at), l.entry_id)
        < (date_trunc('second', cast(:at as timestamptz)), :entry_id)
    order by date_trunc('second', l.at) desc, l.entry_id desc
    limit :most
    """
)
