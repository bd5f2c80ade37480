"""What goes into and comes out of the use cases of accounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from webapp.core.breakers import BreakerState
from webapp.core.connections import Credentials


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
    """A shop to serve: `currency` ISO 4217, `timezone` IANA; no token means nothing is pushed.
    `scopes` are what the token permits."""

    shop_domain: str
    app_id: str
    currency: str
    timezone: str = "UTC"
    access_token: str | None = None
    scopes: tuple[str, ...] = ()


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
    """What a call to a store's Admin API needs; `breaker` names its token without holding it."""

    store_id: str
    shop_domain: str
    access_token: str = field(repr=False)
    breaker: str


@dataclass(frozen=True, slots=True)
class TokenRefresh:
    """What a new token in the place of the one called `token_id` is asked with."""

    store_id: str
    token_id: str
    shop_domain: str
    api_key: str
    secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PlanChoice:
    """A plan (key of PLANS), billed through one of the merchant's stores."""

    plan: str
    store_id: str


@dataclass(frozen=True, slots=True)
class SubscriptionLine:
    """A subscription as the Plan page shows it; see the table for its states."""

    subscription_id: str
    plan: str
    state: str
    test: bool
    confirmation_url: str | None
    reason: str | None
    requested_at: datetime
    trial_ends_at: datetime | None
    period_ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class PlanState:
    """The plan a merchant has (key of PLANS), what pays for it, and the newest request that is not
    that one."""

    plan: str
    subscription: SubscriptionLine | None
    newest: SubscriptionLine | None


@dataclass(frozen=True, slots=True)
class SubscriptionRequest:
    """What Shopify is asked to bill every thirty days, in the minor unit of `currency`."""

    call: StoreCall
    subscription_id: str
    name: str
    price_minor: int
    currency: str
    trial_days: int
    test: bool

    @property
    def breaker(self) -> str:
        """The token that is used."""
        return self.call.breaker


@dataclass(frozen=True, slots=True)
class SubscriptionCall:
    """A subscription to ask a shop about, by Shopify's global id."""

    call: StoreCall
    external_id: str

    @property
    def breaker(self) -> str:
        """The token that is used."""
        return self.call.breaker


@dataclass(frozen=True, slots=True)
class SubscriptionSaid:
    """Shopify's word on a subscription: its global id there, `status` as Shopify spells it, and
    when the paid period ends, if it was said."""

    external_id: str
    status: str
    period_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SaveConnection:
    """A key of an outside service, by the names of its values (`core.connections`)."""

    service: str
    values: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionShown:
    """What may be shown of a key: `hint` of what it is, and how its last test went. `breaker` says
    whether calls with it, or to the service at all, rest at the moment."""

    service: str
    hint: str
    state: str
    tested_at: datetime | None
    test_result: str
    breaker: BreakerState


@dataclass(frozen=True, slots=True)
class ConnectionTest:
    """A key to try out."""

    service: str
    credential_id: str
    credentials: Credentials


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

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"
