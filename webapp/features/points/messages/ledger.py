"""Entries, balances and what carries them, and what members hear of them."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_
from webapp.core.messages import Id, LocaleTag


@dataclass(frozen=True, slots=True)
class OrderRange:
    """New orders, or refunds, of one store: ids `first..last` of this merchant."""

    store_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class CardPush:
    """The newest cards of a few customers on their way to one shop's metafields.

    `cards` holds (the shop's customer id, points, card version).
    """

    store_id: str
    shop_domain: str
    access_token: str
    cards: tuple[tuple[str, int, int], ...]

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One ledger entry as a shopper sees it; `day` is in the store's zone."""

    day: date
    type: str
    points: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A member's balance and the last entries, newest first."""

    balance: int
    entries: tuple[Entry, ...]
    to_next_hundred: int


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


NOTIFICATIONS = (
    Notification(
        name="points_earned",
        topic="points.earned",
        audience="shopper",
        title=N_("notification.points_earned", "Points earned"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_(
                "notification.points_earned.subject",
                "You earned %(num)s point at %(shop)s",
                "You earned %(num)s points at %(shop)s",
            ),
            "points",
        ),
        body=(
            Wording(
                N_(
                    "notification.points_earned.earned",
                    "Thank you for your order. You earned %(num)s point.",
                    "Thank you for your order. You earned %(num)s points.",
                ),
                "points",
            ),
            Wording(
                N_(
                    "notification.points_earned.balance",
                    "Your balance at %(shop)s is now %(num)s point.",
                    "Your balance at %(shop)s is now %(num)s points.",
                ),
                "balance",
            ),
        ),
        short=Wording(
            N_(
                "notification.points_earned.short",
                "%(shop)s: you earned %(num)s point. Your balance: %(balance)s.",
                "%(shop)s: you earned %(num)s points. Your balance: %(balance)s.",
            ),
            "points",
        ),
        facts={"points": 120, "balance": 1480},
        metric="Earned Points",
        profile={"balance": "points_balance"},
    ),
)
