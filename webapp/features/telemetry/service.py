"""Use cases of telemetry."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from webapp.core import connections
from webapp.core.context import Context
from webapp.features.telemetry.domain.discretion import discreet, event_uuid
from webapp.features.telemetry.messages import EventBatch, Happened, Told

POSTHOG = "posthog"


def take_events(ctx: Context, events: Sequence[Happened]) -> None:
    """Count events in our own tables and, where PostHog is connected, have them sent there.

    Several events travel in one message, so that they cost one call. Without a connection nothing
    waits anywhere: they are counted, and that is all.
    """
    count_events(ctx, events)
    if connections.credentials(ctx, POSTHOG):
        payload = {"events": [as_told(ctx.merchant_id, one) for one in events]}
        ctx.emit("telemetry.counted", f"{events[0].message_id}", payload)


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


def as_told(merchant_id: str, one: Happened) -> dict[str, Any]:
    """An event as it may leave, in the form of a message."""
    return {
        "event": one.event,
        "who": one.admin_user_id or merchant_id,
        "uuid": event_uuid(merchant_id, one.message_id),
        "at": one.at.isoformat(),
        "properties": {**discreet(merchant_id, one.properties), "actor": one.actor_kind},
    }


def prepare_batch(ctx: Context, events: Sequence[Mapping[str, Any]]) -> EventBatch | None:
    """What to send; None when PostHog is no longer connected."""
    key = connections.credentials(ctx, POSTHOG)
    if key is None:
        return None
    told = tuple(Told(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in events)
    return EventBatch(ctx.merchant_id, key, key.ref, told)
