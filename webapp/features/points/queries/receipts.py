"""Every entry explained: what a member got or gave points for, and why so many."""

from collections.abc import Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.points.messages import Receipt


def receipts(
    ctx: Context, member: str, most: int, before: Receipt | None = None
) -> Sequence[Receipt]:
    """The newest entries of all homes of a member, or the next older ones than `before`. What one
    event did to several homes, e.g. a redemption, is one line."""
    values = {
        "merchant_id": ctx.merchant_id,
        "member": member,
        "most": most,
        "at": before and before.at,
        "entry_id": before and before.entry_id,
    }
    return [Receipt(*row) for row in ctx.db.execute(_RECEIPTS, values)]


# Entries of one event in several homes have one key, with the home at its end for all but one.
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
        group by t.type, case when right(t.idempotency_key, length(t.customer_id) + 1)
                = ':' || t.customer_id
            then left(t.idempotency_key, -length(t.customer_id) - 1)
            else t.idempotency_key end
    )
    select l.entry_id, l.at, (l.at at time zone s.timezone)::date as day, l.type, l.points,
        l.store_id, coalesce(s.name, s.shop_domain) as store_name, o.external_id as order_key,
        l.rule_version, l.rate, l.basis_minor, l.currency, l.available_at, l.expires_at,
        l.redemption_id, l.reason
    from lines l
    join stores s on s.merchant_id = :merchant_id and s.store_id = l.store_id
    left join orders o on o.merchant_id = :merchant_id and o.order_id = l.order_id
    where cast(:at as timestamptz) is null or (l.at, l.entry_id) < (:at, :entry_id)
    order by l.at desc, l.entry_id desc
    limit :most
    """
)
