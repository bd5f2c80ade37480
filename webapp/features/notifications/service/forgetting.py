"""What was said is not kept for ever."""

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
