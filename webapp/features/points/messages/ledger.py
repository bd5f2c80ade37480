"""Entries, balances and what carries them, and what members hear of them."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_


@dataclass(frozen=True, slots=True)
class OrderRange:
    """New orders, or refunds, of one store: ids `first..last` of this merchant."""

    store_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One line of a member's history, explained. `points` of an order are `basis_minor` of
    `currency` at `rate` points for a whole unit, under `rule_version` of the rules; `order_key` is
    the shop's own id of the order. They can be spent from `available_at` until `expires_at` (None:
    for ever). `day` is in the store's zone, and so are `ordered_on`, the day of the order, and the
    `first_day` and the `last_day` on which the points can be spent. `reason` is a person's words
    for a correction, or says what a bonus is for; `reward` what was had, in the reader's
    language."""

    entry_id: int
    at: datetime
    day: date
    type: str
    points: int
    store_id: str
    store_name: str
    order_key: str | None
    rule_version: int
    rate: Decimal | None
    basis_minor: int
    currency: str | None
    available_at: datetime | None
    expires_at: datetime | None
    redemption_id: str | None
    reason: str | None
    ordered_on: date | None = None
    first_day: date | None = None
    last_day: date | None = None
    reward: str | None = None


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
