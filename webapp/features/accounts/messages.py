"""What goes into and comes out of the use cases of accounts."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RegisterApp:
    """A Shopify app and its client secret."""

    app_id: str
    api_key: str
    secret: str


@dataclass(frozen=True, slots=True)
class ConnectStore:
    """A shop to serve: `currency` ISO 4217, `timezone` IANA; no token means nothing is pushed."""

    shop_domain: str
    app_id: str
    currency: str
    timezone: str = "UTC"
    access_token: str | None = None


@dataclass(frozen=True, slots=True)
class CreateServiceKey:
    """A key for programs with the given permissions, until `expires_at` (UTC) if given."""

    permissions: frozenset[str]
    expires_at: datetime | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key as the dashboard shows it; `state` is valid, expired or revoked."""

    key_id: str
    name: str
    prefix: str
    permissions: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_on: date | None
    state: str


@dataclass(frozen=True, slots=True)
class AdminSignedIn:
    """The person behind a session, with what their role permits."""

    admin_user_id: str
    name: str
    locale: str
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Which deliveries that were given up are to be tried again: one (`handler` and `message_id`),
    or with an empty `handler` all of a destination."""

    destination: str
    handler: str = ""
    message_id: int | None = None
