"""What goes into and comes out of the use cases of telemetry, and what is said about work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.core.connections import Credentials
from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_


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


NOTIFICATIONS = (
    Notification(
        name="delivery_dead",
        topic="delivery.dead",
        audience="merchant",
        title=N_("notification.delivery_dead", "Delivery given up"),
        channels=("dashboard",),
        kind="transactional",
        subject=Wording(
            N_(
                "notification.delivery_dead.subject",
                "%(num)s delivery was given up",
                "%(num)s deliveries were given up",
            ),
            "events",
        ),
        body=(
            Wording(
                N_(
                    "notification.delivery_dead.reason",
                    "The last reason, from %(service)s: %(reason)s",
                )
            ),
            Wording(
                N_(
                    "notification.delivery_dead.how",
                    "Nothing is lost: what was given up can be sent again.",
                )
            ),
        ),
        facts={"service": "Klaviyo", "reason": "HTTP 401"},
        page="deliveries",
        gathered_by="service",
    ),
)
