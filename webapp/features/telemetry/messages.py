"""What goes into the use cases of telemetry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


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
