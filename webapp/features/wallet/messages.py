"""What is asked of cards, what they look like, and what is told of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from webapp.core import i18n
from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_
from webapp.core.messages import Id, LocaleTag

MOST_TERMS = 1_000
MOST_NAME = 40
# Under this name a shop remembers that a customer has a card.
METAFIELD = "wallet_export"
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$", to_lower=True)]
Language = Annotated[str, Field(json_schema_extra={"enum": list(i18n.LOCALES)})]
WalletType = Literal["apple", "google"]


@dataclass(frozen=True, slots=True)
class ExportToWallet:
    """A member's card for one kind of wallet."""

    customer_id: Annotated[Id, Field(description="Our id, a Shopify GID or a store's bare id.")]
    wallet_type: WalletType
    locale: LocaleTag | None = None


@dataclass(frozen=True, slots=True)
class WalletExported:
    """Where the card is to be had: an address for the member's own browser, which holds for ten
    minutes and should be shown to nobody else."""

    pass_url: str


@dataclass(frozen=True, slots=True)
class Design:
    """What a merchant's cards look like. An empty name is the shop's own; `terms` are the
    merchant's words by language."""

    background: Colour = "#1f6f5c"
    foreground: Colour = "#ffffff"
    label: Colour = "#d9efe8"
    name: Annotated[str, StringConstraints(max_length=MOST_NAME)] = ""
    tier: bool = True
    next_reward: bool = True
    since: bool = False
    terms: Mapping[Language, Annotated[str, StringConstraints(max_length=MOST_TERMS)]] = field(
        default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class PushCall:
    """A device that is to be told that a card has changed; `topic` is the pass type. `breaker` is
    the key that is used, `sealed_token` the token as it is kept."""

    export_id: str
    device_hash: bytes
    token: str = field(repr=False)
    sealed_token: bytes = field(repr=False)
    topic: str
    credentials: Any = field(repr=False)

    @property
    def breaker(self) -> str:
        return str(self.credentials.ref)


@dataclass(frozen=True, slots=True)
class GoogleCall:
    """A class or an object that Google is to have as it is in `body`. `known` says that Google has
    had it before; `revision` and `alerts` are noted of an object when it is told."""

    kind: Literal["loyaltyClass", "loyaltyObject"]
    body: Mapping[str, Any]
    known: bool
    credentials: Any = field(repr=False)
    export_id: str = ""
    revision: int = 0
    alerts: tuple[str, ...] = ()

    @property
    def breaker(self) -> str:
        return str(self.credentials.ref)


@dataclass(frozen=True, slots=True)
class MetafieldCall:
    """That a shop's customer has a card, for a metafield of theirs."""

    shop_domain: str
    access_token: str = field(repr=False)
    customer: str
    value: Mapping[str, str]


NOTIFICATIONS = (
    Notification(
        name="wallet_exported",
        topic="wallet.exported",
        audience="shopper",
        title=N_("notification.wallet_exported", "Card in a wallet"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.wallet_exported.subject", "Your %(shop)s card is on your phone")
        ),
        body=(
            Wording(
                N_(
                    "notification.wallet_exported.body",
                    "Your card is ready for %(wallet)s. It shows your points, and changes by "
                    "itself whenever they do.",
                )
            ),
            Wording(
                N_(
                    "notification.wallet_exported.not_you",
                    "If you did not ask for it, you can ignore this message: only who was signed "
                    "in as you could.",
                )
            ),
        ),
        short=Wording(
            N_(
                "notification.wallet_exported.short",
                "%(shop)s: your card is ready for %(wallet)s and shows your points.",
            )
        ),
        facts={"wallet": "Apple Wallet"},
        metric="Exported Wallet Card",
    ),
)
