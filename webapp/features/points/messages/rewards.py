"""Rewards, redemptions and what carries them to the shop."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

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
