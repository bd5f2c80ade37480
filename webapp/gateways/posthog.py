"""PostHog: what was done with the product, in batches.

Source: posthog.com, Capture API: `POST /batch/` with the project's key in the body. `uuid`,
`event`, `timestamp` and `distinct_id` together make a repeated event count once. The library of
PostHog is not used: in a forked worker it delivered nothing, and it swallows failures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from webapp.core.connections import Credentials
from webapp.gateways.calling import Caller


@dataclass(frozen=True, slots=True)
class ProductEvent:
    """One event. `distinct_id` is an id of ours, never an e-mail; `groups` is type -> key, e.g.
    merchant -> its id. `uuid` is what makes it count once."""

    event: str
    distinct_id: str
    uuid: str
    timestamp: datetime
    properties: Mapping[str, Any]
    groups: Mapping[str, str]


class PostHog(Protocol):
    """What the product asks of PostHog."""

    def capture(self, credentials: Credentials, events: Sequence[ProductEvent]) -> None:
        """Record events, each once. Raises GatewayError."""

    def check(self, credentials: Credentials) -> None:
        """Raise GatewayError unless PostHog takes the key."""


class HttpPostHog:
    """The real client."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url, self._caller = url, caller

    def capture(self, credentials: Credentials, events: Sequence[ProductEvent]) -> None:
        batch = [
            {
                "event": event.event,
                "distinct_id": event.distinct_id,
                "uuid": event.uuid,
                "timestamp": event.timestamp.isoformat(),
                "properties": {**event.properties, "$groups": dict(event.groups)},
            }
            for event in events
        ]
        content = {"api_key": credentials.values["api_key"], "batch": batch}
        self._caller.call("POST", f"{self._url}/batch/", content=content).json()

    def check(self, credentials: Credentials) -> None:
        """Feature flags are asked for, because capturing takes any key and drops later."""
        content = {"api_key": credentials.values["api_key"], "distinct_id": "loyalnest-check"}
        self._caller.call("POST", f"{self._url}/flags/?v=2", content=content).json()
