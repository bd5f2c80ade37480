"""What was said is not kept for ever."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import text

from webapp.core.context import Context

# Longer than the outbox keeps what happened (`outbox.KEPT`), so that nothing is said twice.
KEPT = timedelta(days=180)


def forget_said(ctx: Context) -> int:
    """Delete messages to shoppers that were settled, and notices that were dismissed, long ago;
    their number. A message that was given up stays, for it may be sent again."""
    values = {"merchant_id": ctx.merchant_id, "before": ctx.wall - KEPT}
    return int(ctx.db.scalar(_FORGET, values) or 0)


_FORGET = text(
    """
    with said as (
        delete from notifications
        where merchant_id = :merchant_id and created_at < :before and state <> 'queued'
        returning 1
    ), noticed as (
        delete from merchant_notices
        where merchant_id = :merchant_id and dismissed_at < :before
        returning 1
    ) select (select count(*) from said) + (select count(*) from noticed)
    """
)


def forget_people(ctx: Context, store_id: str, customers: Sequence[str]) -> int:
    """Delete what was said, or waits to be said, to these customers of a store in its name; the
    number of messages. A message that waits is then found to be gone, and nothing is sent."""
    values = {"merchant_id": ctx.merchant_id, "store_id": store_id, "customers": list(customers)}
    return int(ctx.db.scalar(_FORGET_PEOPLE, values) or 0)


# What a merged member was told may stand under the member's own row.
_FORGET_PEOPLE = text(
    """
    with people as (
        select i.customer_id, coalesce(u.merged_into, u.customer_id) as member
        from customer_identities i
        join users u on u.merchant_id = i.merchant_id and u.customer_id = i.customer_id
        where i.merchant_id = :merchant_id and i.store_id = :store_id
          and i.external_id = any(:customers)
    ), forgotten as (
        delete from notifications n
        where n.merchant_id = :merchant_id and n.store_id = :store_id
          and n.customer_id in (select customer_id from people union select member from people)
        returning 1
    ) select count(*) from forgotten
    """
)
