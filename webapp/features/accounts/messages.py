"""What goes into and comes out of the use cases of accounts."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RegisterApp:
    """A Shopify app and its client secret; the `listed` one is installed by new shops."""

    app_id: str
    api_key: str
    secret: str
    listed: bool = False


@dataclass(frozen=True, slots=True)
class AppIdentity:
    """An app as Shopify knows it, with the secrets that may have signed for it, newest first."""

    app_id: str
    api_key: str
    secrets: tuple[str, ...]


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
    """The person behind a session, with what their role permits, and the store they look at (None
    is all of them)."""

    admin_user_id: str
    name: str
    locale: str
    permissions: frozenset[str]
    role: str
    store_id: str | None


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person as the shop knows them; `external_id` is Shopify's number for them there."""

    external_id: str
    name: str
    account_owner: bool
    locale: str


@dataclass(frozen=True, slots=True)
class TokenGranted:
    """What Shopify gave an app for a shop. An expiring token has `expires_in` seconds and a refresh
    token; scopes are as Shopify names them."""

    access_token: str
    scopes: tuple[str, ...]
    expires_in: float | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class InstallStore:
    """A shop that has installed this app, with the token it granted."""

    shop_domain: str
    app_id: str
    token: TokenGranted


@dataclass(frozen=True, slots=True)
class StoreVisit:
    """A store that somebody opens us in. `state` is `foreign` (another app of ours serves it),
    `gone` (it has uninstalled us), `stale` (its token is missing, or has run out within a minute)
    or `connected`; `admin_user_id` of the visitor, if they were here before."""

    state: str
    admin_user_id: str | None


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What Shopify says of a shop: currency ISO 4217, zone IANA, the name of its plan, and whether
    it is a development shop, which cannot be charged."""

    name: str
    currency: str
    timezone: str
    plan: str
    development: bool


@dataclass(frozen=True, slots=True)
class StoreCall:
    """What a call to a store's Admin API needs."""

    store_id: str
    shop_domain: str
    access_token: str


@dataclass(frozen=True, slots=True)
class TokenRefresh:
    """What a new token in the place of the one called `token_id` is asked with."""

    store_id: str
    token_id: str
    shop_domain: str
    api_key: str
    secret: str
    refresh_token: str


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Which deliveries that were given up are to be tried again: one (`handler` and `message_id`),
    or with an empty `handler` all of a destination."""

    destination: str
    handler: str = ""
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionCheck:
    """A store whose shop is asked whether it tells us of `topics`."""

    store_id: str
    shop_domain: str
    access_token: str
    topics: tuple[str, ...]
