"""Handing messages to the senders: at once, or when the quiet hours are over."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from webapp.core.context import Context
from webapp.features.notifications.domain.channels import EMAIL
from webapp.features.notifications.domain.quiet_hours import QuietHours, first_allowed
from webapp.features.notifications.messages import Settings


def waits_until(ctx: Context, settings: Settings, channel: str, zone: ZoneInfo) -> datetime | None:
    """When a message for this channel may leave; None when it may now. Quiet hours are real time:
    they protect the sleep of people."""
    if channel == EMAIL and not settings.quiet_email:
        return None
    allowed = first_allowed(QuietHours(settings.quiet_from, settings.quiet_until), zone, ctx.wall)
    return allowed if allowed > ctx.wall else None


def queue(ctx: Context, channel: str, ids: Iterable[tuple[str, str]], due: datetime | None) -> None:
    """Have these messages (outbox key, notification id) sent, at `due` or at once."""
    messages = [(key, {"notification_id": notification_id}) for key, notification_id in ids]
    due_in = (due - ctx.wall).total_seconds() if due else 0.0
    if channel == EMAIL:
        ctx.emit_all("notifications.email", messages, due_in)
    else:
        ctx.emit_all("notifications.sms", messages, due_in)
