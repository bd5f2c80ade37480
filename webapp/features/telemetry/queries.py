"""Reads of the counts of product events."""

from dataclasses import dataclass
from datetime import UTC, timedelta

from sqlalchemy import text

from webapp.core.context import Context

DAYS = 30


@dataclass(frozen=True, slots=True)
class EventCount:
    """How often an event happened today, and within the last thirty days with today."""

    event: str
    today: int
    recent: int


def event_counts(ctx: Context) -> list[EventCount]:
    """Every event of the last thirty days (UTC, business time), the most frequent first."""
    today = ctx.now.astimezone(UTC).date()
    sql = text(
        """
        select event, coalesce(sum(count) filter (where day = :today), 0)::bigint,
               sum(count)::bigint as recent
        from product_events
        where merchant_id = :merchant_id and day > :before and day <= :today
        group by event
        order by recent desc, event
        """
    )
    values = {
        "merchant_id": ctx.merchant_id,
        "today": today,
        "before": today - timedelta(days=DAYS),
    }
    return [EventCount(*row) for row in ctx.db.execute(sql, values)]
