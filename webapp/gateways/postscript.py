"""Postscript: what happened to a subscriber, as events that a merchant's own flows answer to.

Source: developers.postscript.io, harvested by api-evangelist: `POST /api/v2/events` answers 202;
15 requests a second for each key, beyond it 429 without Retry-After; `external_id` is passed, but
that it makes an event count once is not promised. Names of types are letters, digits and `_`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import ACCEPTED, Answer, Caller


@dataclass(frozen=True, slots=True)
class PostscriptEvent:
    """One event. Whom it concerns is said by exactly one of `phone`, `email`, `subscriber_id`;
    `properties` are flat: text, numbers, true or false."""

    type: str
    properties: Mapping[str, str | int | float | bool]
    external_id: str
    occurred_at: datetime
    phone: str | None = None
    email: str | None = None
    subscriber_id: str | None = None


class Postscript(Protocol):
    """What the product asks of Postscript."""

    def send_event(self, credentials: Credentials, event: PostscriptEvent) -> None:
        """Record an event of a subscriber. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless Postscript takes the key."""


class HttpPostscript:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = url, caller

    def send_event(self, credentials: Credentials, event: PostscriptEvent) -> None:
        whom = {"phone": event.phone, "email": event.email, "subscriber_id": event.subscriber_id}
        content = {
            "type": event.type,
            **{name: value for name, value in whom.items() if value is not None},
            "occurred_at": event.occurred_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "properties": dict(event.properties),
            "external_id": event.external_id,
        }
        self._call("POST", "/api/v2/events", credentials, content).demand(ACCEPTED)

    def check(self, credentials: Credentials) -> None:
        self._call("GET", "/api/v2/me", credentials, None).json()

    def _call(
        self, method: str, path: str, credentials: Credentials, content: Mapping[str, Any] | None
    ) -> Answer:
        headers = {
            "Authorization": f"Bearer {credentials.values['api_key']}",
            "X-Postscript-Shop-Token": credentials.values["shop_token"],
        }
        return self._caller.call(
            method, self._url + path, headers=headers, content=content, explain=_code
        )


def _code(answer: Mapping[str, Any]) -> object:
    """The number of the error; its words may quote the subscriber."""
    return answer["error_code"]
