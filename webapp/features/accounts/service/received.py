"""What others have told us: kept for a while, and applied again where that failed."""

from datetime import timedelta

from sqlalchemy import text

from webapp.core import deliveries, discovery
from webapp.core.context import Context

# Long enough to see what came in and to apply again what failed; bodies hold customers' addresses.
KEPT = timedelta(days=30)


def apply_again(ctx: Context, event_id: int) -> int:
    """Have an event applied again by whoever has given it up; the number of handlers."""
    values = {"merchant_id": ctx.merchant_id, "event_id": event_id}
    message_id = ctx.db.scalar(_MESSAGE, values)
    if message_id is None:
        return 0
    names = list(discovery.handlers())
    put_back = deliveries.send_again(ctx.db, ctx.merchant_id, names, int(message_id))
    if put_back:
        ctx.rings.update(put_back)
        ctx.audit("event_applied_again", event_id=event_id, handlers=put_back)
    return len(put_back)


_MESSAGE = text(
    """
    select o.message_id
    from inbound_events e
    join outbox o on o.merchant_id = e.merchant_id
        and o.topic = 'in.' || e.source || '.' || e.topic and o.key = e.event_id::text
    where e.merchant_id = :merchant_id and e.event_id = :event_id
    """
)


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
