"""What goes into and comes out of the use cases of points, and what is said about them; one file a
subject, gathered here."""

from webapp.core.contract import Notification
from webapp.features.points.messages import ledger, referrals, rewards, sync, tiers
from webapp.features.points.messages.ledger import (
    OrderRange,
    Receipt,
)
from webapp.features.points.messages.rewards import (
    CancelRedemption,
    CodeToEnd,
    CodeToMake,
    RedeemReward,
    RedemptionCancelled,
    RewardRedeemed,
    SaveReward,
)
from webapp.features.points.messages.sync import (
    BoardPush,
    BoardShared,
    Card,
    CardPush,
    CardsAsked,
    CardsPushed,
    PointsSynced,
    ReadBack,
    SyncPoints,
)

NOTIFICATIONS: tuple[Notification, ...] = (
    *ledger.NOTIFICATIONS,
    *rewards.NOTIFICATIONS,
    *tiers.NOTIFICATIONS,
    *referrals.NOTIFICATIONS,
    *sync.NOTIFICATIONS,
)

__all__ = [
    "BoardPush",
    "BoardShared",
    "CancelRedemption",
    "Card",
    "CardPush",
    "CardsAsked",
    "CardsPushed",
    "CodeToEnd",
    "CodeToMake",
    "OrderRange",
    "PointsSynced",
    "ReadBack",
    "Receipt",
    "RedeemReward",
    "RedemptionCancelled",
    "RewardRedeemed",
    "SaveReward",
    "SyncPoints",
]
