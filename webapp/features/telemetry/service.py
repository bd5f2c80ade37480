"""Use cases of telemetry."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.telemetry.messages import Happened


def count_events(ctx: Context, events: Sequence[Happened]) -> None:
    """Add events to the counts of their days."""
    counts = Counter((one.at.astimezone(UTC).date(), one.event) for one in events)
    rows = sorted(counts.items())
    values = {
        "merchant_id": ctx.merchant_id,
        "days": [day for (day, _), _ in rows],
        "events": [event for (_, event), _ in rows],
        "counts": [count for _, count in rows],
    }
    ctx.db.execute(text(_COUNT), values)


_COUNT = """
insert into product_events (merchant_id, day, event, count)
select :merchant_id, day, event, count
from unnest(cast(:days as date[]), cast(:events as text[]), cast(:counts as bigint[]))
    as c(day, event, count)
on conflict (merchant_id, day, event) do update set count = product_events.count + excluded.count
"""
