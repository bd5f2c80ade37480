"""What telemetry does later: count product events in our own tables."""

from collections.abc import Sequence
from datetime import datetime

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.telemetry import service
from webapp.features.telemetry.messages import Happened


def count_events(ctx: Context, messages: Sequence[Message]) -> None:
    service.count_events(ctx, [happened(message) for message in messages])


def happened(message: Message) -> Happened:
    """The product event that a message of `Context.track` carries."""
    payload = message.payload
    return Happened(
        message.message_id,
        payload["event"],
        datetime.fromisoformat(payload["at"]),
        payload["actor_kind"],
        payload["admin_user_id"],
        payload["properties"],
    )


APPLIES = {"product.event": count_events}
LABELS = {"product.event": N_("deliveries.telemetry.count", "Counts of product events")}
