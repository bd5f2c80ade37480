"""A message on its way out: whether it may still be sent, and what the receiver is told."""

from webapp.core import discovery, i18n
from webapp.core.connections import Credentials, credentials
from webapp.core.context import Context
from webapp.core.contract import Notification
from webapp.core.words import new_id
from webapp.features.notifications import queries
from webapp.features.notifications.domain.channels import SERVICES
from webapp.features.notifications.domain.consent import Contact, obstacle
from webapp.features.notifications.messages import Outgoing
from webapp.features.notifications.models import QUEUED, SENT, SKIPPED, StoredNotification
from webapp.features.notifications.service.queueing import queue, waits_until
from webapp.features.notifications.service.wishes import read_settings

NOT_CONNECTED = "not_connected"
SWITCHED_OFF = "switched_off"
# What profile properties at the receiver begin with, so that they overwrite nobody else's.
PREFIX = "loyalnest_"


def prepare_message(ctx: Context, notification_id: str) -> Outgoing | None:
    """The message with its address as it is now; None when it is not to be sent now.

    Connection, switch, consent and quiet hours are asked again, for they may have changed since it
    was queued: it is then skipped, or queued anew for when the quiet hours are over.
    """
    row = ctx.db.get(StoredNotification, (ctx.merchant_id, notification_id))
    # Gone with the customer, or settled already.
    if row is None or row.state != QUEUED:
        return None
    said, settings = discovery.notifications()[row.name], read_settings(ctx)
    key, pair = credentials(ctx, SERVICES[row.channel]), (row.store_id, row.customer_id)
    contact = queries.contacts(ctx, [pair]).get(pair, Contact())
    refused = obstacle(row.channel, said.kind, contact)
    wanted = settings.wants(row.name, row.channel)
    if key is None or not wanted or refused:
        reason = refused if wanted else SWITCHED_OFF
        row.state, row.reason = SKIPPED, reason if key else NOT_CONNECTED
        row.due_at, row.settled_at = None, ctx.wall
        return None
    row.due_at = waits_until(ctx, settings, row.channel, queries.places(ctx)[row.store_id].zone)
    if row.due_at is not None:
        # Not the same key again: the outbox would take it for something it has said already.
        row.outbox_key = new_id(f"{row.notification_id}:")
        queue(ctx, row.channel, [(row.outbox_key, row.notification_id)], row.due_at)
        return None
    return _outgoing(row, said, contact, key)


def record_sent(ctx: Context, outgoing: Outgoing) -> None:
    """Note that the receiver has the message."""
    row = ctx.db.get(StoredNotification, (ctx.merchant_id, outgoing.notification_id))
    if row is not None:
        row.state, row.settled_at = SENT, ctx.wall


def _outgoing(
    row: StoredNotification, said: Notification, contact: Contact, key: Credentials
) -> Outgoing:
    words = {
        "message": row.name,
        "subject": row.subject,
        "body": row.body,
        "locale": row.locale,
        "direction": i18n.direction(row.locale),
    }
    profile = {f"{PREFIX}{name}": row.facts[fact] for fact, name in said.profile.items()}
    return Outgoing(
        notification_id=row.notification_id,
        credentials=key,
        breaker=key.ref,
        email=contact.email,
        phone=contact.phone,
        external_id=contact.external_id,
        metric=said.metric,
        occurred_at=row.created_at,
        properties={**row.facts, **words},
        profile={**profile, f"{PREFIX}locale": row.locale},
    )
