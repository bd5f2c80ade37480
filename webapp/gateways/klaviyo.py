"""Klaviyo: what happened to a member, as events that a merchant's own flows answer to.

Source: developers.klaviyo.com, Create Event: `POST /api/events` answers 202; `unique_id` makes a
repeated event count once; metric names begin with what was done ("Earned Points").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import ACCEPTED, Answer, Caller

REVISION = "2026-10-15"
JSON_API = "application/vnd.api+json"


@dataclass(frozen=True, slots=True)
class KlaviyoEvent:
    """One event. `profile` says who: email, phone_number, external_id, and properties of theirs.
    `unique_id` is the key by which Klaviyo counts it once."""

    metric: str
    profile: Mapping[str, Any]
    properties: Mapping[str, Any]
    unique_id: str
    occurred_at: datetime


class Klaviyo(Protocol):
    """What the product asks of Klaviyo."""

    def send_event(self, credentials: Credentials, event: KlaviyoEvent) -> None:
        """Record an event, once for each `unique_id`. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless Klaviyo takes the key."""


class HttpKlaviyo:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = url, caller

    def send_event(self, credentials: Credentials, event: KlaviyoEvent) -> None:
        attributes = {
            "properties": dict(event.properties),
            "time": event.occurred_at.isoformat(),
            "unique_id": event.unique_id,
            "metric": {"data": {"type": "metric", "attributes": {"name": event.metric}}},
            "profile": {"data": {"type": "profile", "attributes": dict(event.profile)}},
        }
        data = {"type": "event", "attributes": attributes}
        self._call("POST", "/api/events", credentials, data).demand(ACCEPTED)

    def check(self, credentials: Credentials) -> None:
        self._call("GET", "/api/accounts", credentials, None).json()

    def _call(
        self, method: str, path: str, credentials: Credentials, data: Mapping[str, Any] | None
    ) -> Answer:
        headers = {
            "Authorization": f"Klaviyo-API-Key {credentials.values['api_key']}",
            "Accept": JSON_API,
            "Content-Type": JSON_API,
            "revision": REVISION,
        }
        content = None if data is None else {"data": data}
        return self._caller.call(
            method, self._url + path, headers=headers, content=content, explain=_code
        )


def _code(answer: Mapping[str, Any]) -> object:
    """The code of the first error; its words may quote the profile."""
    return answer["errors"][0]["code"]
