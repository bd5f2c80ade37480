"""Tables that only points writes, one file a subject, gathered here."""

from webapp.features.points.models.identities import (
    LINK_REASONS,
    Birthday,
    IdentityLink,
    SharingChange,
    ShopifyMerge,
)
from webapp.features.points.models.ledger import (
    ENTRY_TYPES,
    LotAllocation,
    PointsDeficit,
    PointsLot,
    PointsTransaction,
)
from webapp.features.points.models.referrals import (
    ReferralClaim,
    ReferralClick,
    ReferralRefusal,
    ReferralSettings,
)
from webapp.features.points.models.rewards import Redemption, Reward
from webapp.features.points.models.rules import PointsRate, PointsRule
from webapp.features.points.models.sync import (
    RUN_KINDS,
    MetafieldProjection,
    SharedBoard,
    SyncMismatch,
    SyncRun,
)
from webapp.features.points.models.tiers import MemberTier, TierSettings, VipTier

__all__ = [
    "ENTRY_TYPES",
    "LINK_REASONS",
    "RUN_KINDS",
    "Birthday",
    "IdentityLink",
    "LotAllocation",
    "MemberTier",
    "MetafieldProjection",
    "PointsDeficit",
    "PointsLot",
    "PointsRate",
    "PointsRule",
    "PointsTransaction",
    "Redemption",
    "ReferralClaim",
    "ReferralClick",
    "ReferralRefusal",
    "ReferralSettings",
    "Reward",
    "SharedBoard",
    "SharingChange",
    "ShopifyMerge",
    "SyncMismatch",
    "SyncRun",
    "TierSettings",
    "VipTier",
]
