"""Rewards, redemptions and what carries them to the shop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from pydantic import Field

from webapp.core.contract import Notification, Wording
from webapp.core.i18n import N_
from webapp.core.messages import Id


@dataclass(frozen=True, slots=True)
class RedeemReward:
    """A member wants a reward for points, at the store where they are signed in."""

    customer_id: Id
    store_id: Id
    external_id: Id
    key: Id
    reward_id: Annotated[Id, Field(description="Our id of the reward.")]


@dataclass(frozen=True, slots=True)
class RewardRedeemed:
    """The redemption, which the shop is preparing now, and what is left to be spent."""

    redemption_id: str
    state: str
    points_balance: int


@dataclass(frozen=True, slots=True)
class CancelRedemption:
    """A member does not want a code that was not used."""

    customer_id: Id
    store_id: Id
    redemption_id: Annotated[Id, Field(description="Our id of the redemption.")]


@dataclass(frozen=True, slots=True)
class RedemptionCancelled:
    """The state after the wish: the shop is asked first whether the code was used."""

    redemption_id: str
    state: str


@dataclass(frozen=True, slots=True)
class CodeToMake:
    """A code on its way to the shop, for one use by one customer of it. Without `access_token` the
    store is not connected. Amounts are decimals in the shop's currency."""

    redemption_id: str
    store_id: str
    shop_domain: str
    access_token: str
    customer: str
    code: str
    title: str
    amount: str | None
    percent: int | None
    product: str | None
    minimum: str | None
    starts_at: datetime
    ends_at: datetime

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class CodeToEnd:
    """A code that nobody may use any more, unless it was used already."""

    redemption_id: str
    store_id: str
    shop_domain: str
    access_token: str
    code: str

    @property
    def breaker(self) -> str:
        """The shop's token, for the breaker."""
        return f"shopify:{self.store_id}"


@dataclass(frozen=True, slots=True)
class SaveReward:
    """A reward as it shall be; without `reward_id` a new one. Amounts are minor units by currency;
    `stores` None is all of them, `stock` None is without end; with `stock_seen` it is what the
    merchant makes of the stock they saw: what was taken meanwhile stays taken. See
    `models.Reward`."""

    kind: str
    points: int
    default_locale: str
    names: Mapping[str, str]
    reward_id: str | None = None
    amounts: Mapping[str, int] = field(default_factory=dict)
    percent: int | None = None
    product: str | None = None
    minimums: Mapping[str, int] = field(default_factory=dict)
    stores: tuple[str, ...] | None = None
    stock: int | None = None
    stock_seen: int | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)
    valid_days: int = 90
    return_on_expiry: str = "return"
    position: int = 0


_CODE = {"reward": "Free shipping", "code": "LN-7KQ4-XW9F"}

NOTIFICATIONS = (
    Notification(
        name="reward_ready",
        topic="points.code_ready",
        audience="shopper",
        title=N_("notification.reward_ready", "Reward ready"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.reward_ready.subject", "Your reward at %(shop)s is ready")
        ),
        body=(
            Wording(
                N_(
                    "notification.reward_ready.code",
                    "%(reward)s: your code is %(code)s. Enter it at the checkout.",
                )
            ),
            Wording(
                N_(
                    "notification.reward_ready.yours",
                    "It works once, and only for you at %(shop)s.",
                )
            ),
        ),
        short=Wording(
            N_("notification.reward_ready.short", "%(shop)s: your code for %(reward)s: %(code)s")
        ),
        facts=_CODE,
        metric="Redeemed Reward",
    ),
    Notification(
        name="reward_expiring",
        topic="points.code_expiring",
        audience="shopper",
        title=N_("notification.reward_expiring", "Reward about to expire"),
        channels=("email", "sms"),
        kind="marketing",
        subject=Wording(
            N_("notification.reward_expiring.subject", "Your reward at %(shop)s ends soon")
        ),
        body=(
            Wording(
                N_(
                    "notification.reward_expiring.code",
                    "%(reward)s: your code %(code)s can be used for three more days at most.",
                )
            ),
        ),
        short=Wording(
            N_(
                "notification.reward_expiring.short",
                "%(shop)s: your code %(code)s for %(reward)s ends within three days.",
            )
        ),
        facts=_CODE,
        metric="Reward Expiring",
    ),
    Notification(
        name="reward_failed",
        topic="points.redemption_failed",
        audience="shopper",
        title=N_("notification.reward_failed", "Reward not possible, points returned"),
        channels=("email", "sms"),
        kind="transactional",
        subject=Wording(
            N_("notification.reward_failed.subject", "Your points at %(shop)s are back")
        ),
        body=(
            Wording(
                N_(
                    "notification.reward_failed.reward",
                    "%(shop)s could not make the code for %(reward)s.",
                )
            ),
            Wording(
                N_(
                    "notification.reward_failed.points",
                    "%(num)s point is back on your balance, as if nothing had been redeemed.",
                    "%(num)s points are back on your balance, as if nothing had been redeemed.",
                ),
                "points",
            ),
        ),
        short=Wording(
            N_(
                "notification.reward_failed.short",
                "%(shop)s: no code for %(reward)s. %(num)s point is back on your balance.",
                "%(shop)s: no code for %(reward)s. %(num)s points are back on your balance.",
            ),
            "points",
        ),
        facts={"reward": "Free shipping", "points": 500},
        metric="Reward Failed",
    ),
    Notification(
        name="reward_sold_out",
        topic="points.reward_sold_out",
        audience="merchant",
        title=N_("notification.reward_sold_out", "Reward out of stock"),
        channels=("dashboard",),
        kind="transactional",
        subject=Wording(N_("notification.reward_sold_out.subject", "%(reward)s has run out")),
        body=(
            Wording(
                N_(
                    "notification.reward_sold_out.body",
                    "The last piece was redeemed. Members see the reward as sold out until there "
                    "are new ones.",
                )
            ),
        ),
        facts={"reward": "Free shipping"},
        page="rewards",
    ),
)
