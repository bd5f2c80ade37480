"""Cards on their way to the storefronts, what came of them, and how right the stores were found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_
from webapp.core.messages import Id, LocaleTag


@dataclass(frozen=True, slots=True)
class SyncPoints:
    """Ask that some stores show a member's balance as it is now."""

    customer_id: Annotated[
        Id, Field(description="Our id of the member, a Shopify GID, or a store's customer id.")
    ]
    store_ids: Annotated[
        tuple[Id, ...],
        Field(min_length=1, max_length=50, description="Shop domains, or our ids of stores."),
    ]
    locale: LocaleTag | None = None


@dataclass(frozen=True, slots=True)
class PointsSynced:
    """The member's balance."""

    points_balance: int


@dataclass(frozen=True, slots=True)
class CardsAsked:
    """Whose cards a store is to show: ids of homes or members. `again`: also those that it should
    be showing. `since` is when they changed (ISO 8601), where another message said so before this
    one; `rounds` counts how often a state that is not of our making was met."""

    store_id: str
    customers: tuple[str, ...]
    again: bool = False
    since: str | None = None
    rounds: int = 0


@dataclass(frozen=True, slots=True)
class Card:
    """What one customer of a store is to see of the member they are (`customer_id`).

    `version` is the card's, `number` this push's own; `digest` what Shopify last said of the
    metafield `card_version`, None where there was none. `tier` is its name in the shop's language,
    empty without one.
    """

    external_id: str
    customer_id: str
    version: int
    points: int
    number: int = 0
    tier: str = ""
    shared_customer_id: str = ""
    score: int = 0
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class CardPush:
    """The newest cards of a few customers on their way to one shop's metafields. `since` is when
    they changed, None for those that are only shown again."""

    store_id: str
    shop_domain: str
    access_token: str
    cards: tuple[Card, ...]
    since: datetime | None = None
    again: bool = False
    rounds: int = 0

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class CardsPushed:
    """What became of a push, by the shop's customer id: `shown` with the new digest; `refused` with
    the reason; `passed` with the digest of a state that a greater number than ours wrote. All
    others were not reached, and may be tried `after` so many seconds."""

    shown: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    passed: Mapping[str, str] = field(default_factory=dict)
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Customers of one shop whose metafields are to be read, for a reconciliation."""

    run_id: int
    store_id: str
    shop_domain: str
    access_token: str
    customers: tuple[str, ...]
    asked_at: datetime

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class BoardPush:
    """Who is to be tagged as one of the first ten of a cycle in one shop: the shop's customer id ->
    (score, shared customer id), as its metafields show them."""

    store_id: str
    shop_domain: str
    access_token: str
    cycle: str
    wanted: Mapping[str, tuple[str, str]]

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class BoardShared:
    """Who got the tag and who lost it, by the shop's customer id; `verified` is whether the shop
    then named the right ones with the right metafields."""

    added: list[str]
    removed: list[str]
    verified: bool


NOTIFICATIONS = (
    Notification(
        name="points_shared",
        topic="points.shared",
        audience="shopper",
        title=N_("notification.points_shared", "Points shared across stores"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.points_shared.subject", "Your points now count at %(shop)s as well")
        ),
        body=(
            Wording(
                N_(
                    "notification.points_shared.together",
                    "What you earned in our stores is one balance now.",
                )
            ),
            Wording(
                N_(
                    "notification.points_shared.balance",
                    "You have %(num)s point to spend at %(shop)s, wherever you earned it.",
                    "You have %(num)s points to spend at %(shop)s, wherever you earned them.",
                ),
                "balance",
            ),
        ),
        short=Wording(
            N_(
                "notification.points_shared.short",
                "%(shop)s: your points from all our stores are one balance now: %(balance)s.",
            )
        ),
        facts={"balance": 1480},
        metric="Shared Points",
        profile={"balance": "points_balance"},
    ),
)
