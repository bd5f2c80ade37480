"""What happened becomes what is said: text and language are fixed here, once an event."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core import discovery, i18n
from webapp.core.connections import credentials
from webapp.core.context import Context
from webapp.core.contract import Notification
from webapp.core.inbox import PLATFORM
from webapp.core.words import new_id
from webapp.features.notifications import queries
from webapp.features.notifications.domain.channels import EMAIL, SERVICES
from webapp.features.notifications.domain.consent import Contact, obstacle
from webapp.features.notifications.domain.wording import of_payload, worded
from webapp.features.notifications.messages import Event
from webapp.features.notifications.models import QUEUED, SKIPPED
from webapp.features.notifications.service.notices import tell_merchant
from webapp.features.notifications.service.queueing import queue, waits_until
from webapp.features.notifications.service.wishes import read_settings

Told = Sequence[tuple[Notification, Event]]


def hear(ctx: Context, events: Sequence[Event]) -> None:
    """Say to shoppers and merchants what is declared for these events, once each.

    Over a channel that is not connected or switched off nothing is said. Who must not or cannot be
    reached has a row that says why. The platform has nobody to tell.
    """
    if ctx.merchant_id == PLATFORM:
        return
    told = [
        (said, event)
        for event in events
        for said in discovery.notifications().values()
        if said.topic == event.topic
    ]
    tell_merchant(ctx, [(said, event) for said, event in told if said.audience == "merchant"])
    tell_shoppers(ctx, [(said, event) for said, event in told if said.audience == "shopper"])


def tell_shoppers(ctx: Context, told: Told) -> None:
    """Write the messages of the connected channels, and queue those that may be sent."""
    channels = [channel for channel, service in SERVICES.items() if credentials(ctx, service)]
    rows = list(_rows(ctx, told, channels)) if told and channels else []
    if not rows:
        return
    values = {"merchant_id": ctx.merchant_id, "wall": ctx.wall, "rows": json.dumps(rows)}
    queues: dict[tuple[str, datetime | None], list[tuple[str, str]]] = defaultdict(list)
    for notification_id, channel, state, due_at in ctx.db.execute(_SAY, values):
        if state == QUEUED:
            queues[channel, due_at].append((notification_id, notification_id))
    for (channel, due), ids in queues.items():
        queue(ctx, channel, ids, due)


_SAY = text(
    """
    insert into notifications (
        merchant_id, notification_id, name, key, channel, customer_id, store_id, locale, subject,
        body, facts, state, reason, outbox_key, created_at, due_at, settled_at
    )
    select :merchant_id, m.notification_id, m.name, m.key, m.channel, m.customer_id, m.store_id,
           m.locale, m.subject, m.body, m.facts, m.state, m.reason, m.notification_id, :wall,
           m.due_at, case when m.state = 'skipped' then :wall end
    from jsonb_to_recordset(cast(:rows as jsonb)) as m(
        notification_id text, name text, key text, channel text, customer_id text, store_id text,
        locale text, subject text, body text, facts jsonb, state text, reason text,
        due_at timestamptz
    )
    on conflict (merchant_id, name, key, channel) do nothing
    returning notification_id, channel, state, due_at
    """
)


def _rows(ctx: Context, told: Told, channels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One row for each message and channel."""
    settings, places = read_settings(ctx), queries.places(ctx)
    pairs = [(str(e.payload["store_id"]), str(e.payload["customer_id"])) for _, e in told]
    contacts, fallback = queries.contacts(ctx, pairs), queries.merchant_locale(ctx)
    for (said, event), pair in zip(told, pairs, strict=True):
        place, contact = places[pair[0]], contacts.get(pair, Contact())
        facts = {**of_payload(said, event.payload), "shop": place.shopper_name}
        words = worded(said, i18n.negotiate(contact.locale, default=fallback), facts)
        for channel in channels:
            if channel not in said.channels or not settings.wants(said.name, channel):
                continue
            reason = obstacle(channel, said.kind, contact)
            due = None if reason else waits_until(ctx, settings, channel, place.zone)
            yield {
                "notification_id": new_id("ntf_"),
                "name": said.name,
                "key": event.key,
                "channel": channel,
                "store_id": pair[0],
                "customer_id": pair[1],
                "locale": words.locale,
                "subject": words.subject if channel == EMAIL else "",
                "body": words.body if channel == EMAIL else words.short,
                "facts": facts,
                "state": SKIPPED if reason else QUEUED,
                "reason": reason,
                "due_at": due.isoformat() if due else None,
            }
