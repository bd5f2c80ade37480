"""Sends to four outside services, as features declare them; `python -m tests.jobs.outside` is a
sender of these."""

import itertools
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from jobs.sender import Sender
from webapp.core.config import Settings
from webapp.core.connections import Credentials
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.gateways import Gateways
from webapp.gateways.klaviyo import KlaviyoEvent
from webapp.gateways.posthog import ProductEvent
from webapp.gateways.postscript import PostscriptEvent
from webapp.parts import Parts, build

_numbers = itertools.count(1)
WHEN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """What is sent: with which key, and the message's key as the receiver's key against twice."""

    credentials: Credentials
    key: str

    @property
    def breaker(self) -> str:
        return self.credentials.ref


def key_of(service: str, good: bool) -> Mapping[str, str]:
    """Values that the stand-in takes, or not."""
    if service == "klaviyo":
        return {"api_key": "pk_test" if good else "wrong"}
    if service == "postscript":
        return {"api_key": "sk_test" if good else "wrong", "shop_token": "shop"}
    if service == "posthog":
        return {"api_key": "phc_test" if good else "wrong"}
    return {"bot_token": "xoxb-test" if good else "wrong"}


def prepare(ctx: Context, message: Message) -> Event:
    service, good = message.topic.removeprefix("test."), message.payload.get("good", True)
    ref = f"{service}:{ctx.merchant_id}:{good}"
    return Event(Credentials(service, key_of(service, good), ref), message.key)


def send(gateways: Gateways, event: Event) -> Outcome:
    MAKE[event.credentials.service](gateways, event)
    return Outcome(True)


def to_klaviyo(gateways: Gateways, event: Event) -> None:
    made = KlaviyoEvent("Earned Points", {"external_id": "7"}, {}, event.key, WHEN)
    gateways.klaviyo.send_event(event.credentials, made)


def to_postscript(gateways: Gateways, event: Event) -> None:
    made = PostscriptEvent("earned_points", {}, event.key, WHEN, subscriber_id="7")
    gateways.postscript.send_event(event.credentials, made)


def to_posthog(gateways: Gateways, event: Event) -> None:
    made = ProductEvent("points_earned", "mer_7", event.key, WHEN, {}, {"merchant": "mer_7"})
    gateways.posthog.capture(event.credentials, [made])


def to_slack(gateways: Gateways, event: Event) -> None:
    # Slack takes one message a second and channel.
    gateways.slack.post_message(event.credentials, f"C{next(_numbers):010d}", event.key)


def settle(ctx: Context, event: Event, outcome: Outcome) -> None:
    return None


MAKE: Mapping[str, Any] = {
    "klaviyo": to_klaviyo,
    "postscript": to_postscript,
    "posthog": to_posthog,
    "slack": to_slack,
}
SERVICES = tuple(MAKE)
SENDS = {f"test.send.{name}": Send(prepare, send, settle, name) for name in SERVICES}
HANDLERS = {f"test.{name}": (f"test.send.{name}",) for name in SERVICES}


def emit(parts: Parts, merchant_id: str, service: str, key: str, **payload: object) -> None:
    """One event for a service."""
    with parts.database.transaction(merchant_id) as ctx:
        ctx.handlers = HANDLERS
        ctx.emit(f"test.{service}", key, payload)


def main() -> None:
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Sender(build(Settings.from_env()), SENDS).run(stop)


if __name__ == "__main__":
    main()
