"""What telemetry does later: count product events, tell PostHog of them, and forget what was
said and sent long ago."""

from collections.abc import Sequence
from datetime import datetime

from webapp.core import delivery_log, outbox
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.telemetry import service
from webapp.features.telemetry.messages import EventBatch, Happened
from webapp.gateways import Gateways
from webapp.gateways.posthog import ProductEvent


def take_events(ctx: Context, messages: Sequence[Message]) -> None:
    service.take_events(ctx, [happened(message) for message in messages])


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


def prepare(ctx: Context, message: Message) -> EventBatch | None:
    return service.prepare_batch(ctx, message.payload["events"])


def send(gateways: Gateways, batch: EventBatch) -> Outcome:
    """All events in one call; each has its own id, so a repeated call counts none of them twice.

    PostHog guesses a place from the caller's address, which is ours: it is told not to.
    """
    events = [
        ProductEvent(
            event=told.event,
            distinct_id=told.who,
            uuid=told.uuid,
            timestamp=told.at,
            properties={**told.properties, "$geoip_disable": True},
            groups={"merchant": batch.merchant_id},
        )
        for told in batch.events
    ]
    gateways.posthog.capture(batch.credentials, events)
    return Outcome(True)


def settle(ctx: Context, batch: EventBatch, outcome: Outcome) -> None:
    """The counts were made before; there is nothing more to record."""


def prune_delivery_log(ctx: Context) -> None:
    """Forget what was sent long ago."""
    delivery_log.prune(ctx.db, ctx.merchant_id, ctx.wall)


def forget_messages(ctx: Context) -> None:
    """Forget what happened long ago and everybody has heard of."""
    outbox.forget(ctx.db, ctx.merchant_id, ctx.wall)


APPLIES = {"product.event": take_events}
SENDS = {"telemetry.counted": Send(prepare, send, settle, service.POSTHOG)}
EVERY = {"daily": (prune_delivery_log, forget_messages)}
LABELS = {
    "product.event": N_("deliveries.telemetry.count", "Counts of product events"),
    "telemetry.counted": N_("deliveries.telemetry.send", "Product events"),
}
