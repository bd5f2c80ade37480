"""What notifications does later: turn what happened into messages, and send them."""

from collections.abc import Sequence

from webapp.core import discovery
from webapp.core.applies import gathered, taking
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.notifications import service
from webapp.features.notifications.messages import Event, Outgoing
from webapp.gateways import Gateways
from webapp.gateways.klaviyo import KlaviyoEvent
from webapp.gateways.postscript import PostscriptEvent


@taking(100)
def notify(ctx: Context, messages: Sequence[Message]) -> None:
    """Hear everything that some feature declares a notification for."""
    service.hear(ctx, [Event(m.topic, m.key, m.payload) for m in messages])


def prepare(ctx: Context, message: Message) -> Outgoing | None:
    return service.prepare_message(ctx, message.payload["notification_id"])


def send_email(gateways: Gateways, message: Outgoing) -> Outcome:
    """Klaviyo counts the event once by its id. The person is named by e-mail address, or else by
    the shop's own number for them."""
    whom = {"email": message.email} if message.email else {"external_id": message.external_id}
    event = KlaviyoEvent(
        metric=message.metric,
        profile={**whom, "properties": dict(message.profile)},
        properties=message.properties,
        unique_id=message.notification_id,
        occurred_at=message.occurred_at,
    )
    gateways.klaviyo.send_event(message.credentials, event)
    return Outcome(True)


def send_sms(gateways: Gateways, message: Outgoing) -> Outcome:
    """Postscript is given the id, but does not promise to count the event once by it."""
    event = PostscriptEvent(
        type=message.metric.replace(" ", ""),
        properties={**message.properties, **message.profile},
        external_id=message.notification_id,
        occurred_at=message.occurred_at,
        phone=message.phone,
    )
    gateways.postscript.send_event(message.credentials, event)
    return Outcome(True)


def settle(ctx: Context, message: Outgoing, outcome: Outcome) -> None:
    service.record_sent(ctx, message)


def forget_said(ctx: Context) -> None:
    """Forget what was said, and notices that were dismissed, long ago."""
    service.forget_said(ctx)


def forget_people(ctx: Context, messages: Sequence[Message]) -> None:
    """Of customers who are gone, or are to be forgotten, nothing that was said is kept, and nothing
    that waits is sent."""
    for message in messages:
        service.forget_people(ctx, message.payload["store_id"], message.payload["customers"])


NOTIFIED = {said.topic: notify for said in discovery.notifications().values()}
FORGOTTEN = {"customers.redacted": forget_people, "customers.deleted": forget_people}
APPLIES = gathered(NOTIFIED, FORGOTTEN)
SENDS = {
    "notifications.email": Send(prepare, send_email, settle, "klaviyo"),
    "notifications.sms": Send(prepare, send_sms, settle, "postscript"),
}
EVERY = {"daily": forget_said}
LABELS = {
    **dict.fromkeys(NOTIFIED, N_("deliveries.notifications.hear", "Messages about what happened")),
    **dict.fromkeys(FORGOTTEN, N_("deliveries.notifications.forget", "Messages to be forgotten")),
    "notifications.email": N_("deliveries.notifications.email", "E-mail to shoppers"),
    "notifications.sms": N_("deliveries.notifications.sms", "SMS to shoppers"),
}
