"""What goes into and comes out of the use cases of telemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.core.connections import Credentials


@dataclass(frozen=True, slots=True)
class Happened:
    """One product event: `event` is the specification's word, `at` business time, `message_id` its
    place in the outbox. `admin_user_id` is set only for what somebody did at the dashboard."""

    message_id: int
    event: str
    at: datetime
    actor_kind: str
    admin_user_id: str | None
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """One event on its way out. `who` is an admin user or the merchant, by our own id."""

    event: str
    who: str
    uuid: str
    at: datetime
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events of one merchant that are sent in one call. `breaker` names the key that is used."""

    merchant_id: str
    credentials: Credentials
    breaker: str
    events: tuple[Told, ...]
