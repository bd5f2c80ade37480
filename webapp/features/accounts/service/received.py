"""What others have told us, kept for a while."""

from datetime import timedelta

from sqlalchemy import text

from webapp.core.context import Context

# Long enough to see what came in and to apply again what failed; bodies hold customers' addresses.
KEPT = timedelta(days=30)


def forget_events(ctx: Context) -> int:
    """Delete events that are old and that nobody has to apply any more; their number. What
    was given up stays until it is applied."""
    values = {"merchant_id": ctx.merchant_id, "before": ctx.wall - KEPT}
    return len(ctx.db.execute(_FORGET, values).all())


_FORGET = text(
    """
    delete from inbound_events e
    where e.merchant_id = :merchant_id and e.received_at < :before
      and not exists (
          select from outbox o
          join deliveries d on d.merchant_id = o.merchant_id and d.message_id = o.message_id
          where o.merchant_id = e.merchant_id and o.topic = 'in.' || e.source || '.' || e.topic
            and o.key = e.event_id::text
      )
    returning 1
    """
)
