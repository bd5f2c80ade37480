"""What programs may ask of points."""

from webapp.core.contract import Example, UseCase
from webapp.core.errors import CUSTOMER_AMBIGUOUS, CUSTOMER_NOT_FOUND, STORE_NOT_FOUND
from webapp.core.i18n import N_
from webapp.core.refusals import (
    REDEMPTION_ENDED,
    REDEMPTION_NOT_FOUND,
    REDEMPTION_PREPARING,
    REWARD_NOT_FOUND,
    REWARD_SOLD_OUT,
    REWARD_UNAVAILABLE,
)
from webapp.features.points import service
from webapp.features.points.messages import (
    CancelRedemption,
    PointsSynced,
    RedeemReward,
    RedemptionCancelled,
    RewardRedeemed,
    SyncPoints,
)

USE_CASES = (
    UseCase(
        name="sync_points",
        permission="admin:points",
        rest="POST /v1/api/points/sync",
        grpc="points.v1.PointsService/SyncPoints",
        message=SyncPoints,
        result=PointsSynced,
        run=service.sync_points,
        summary="Show a member's balance in some stores",
        detail="The stores are asked to show the balance once more even when they should be "
        "showing it, so a metafield that somebody changed by hand is repaired. The answer comes at "
        "once, the stores follow within seconds. Stores that do not know the member are left "
        "alone. No points are earned or spent.",
        examples=(
            Example(
                {
                    "customer_id": "gid://shopify/Customer/7104466075915",
                    "store_ids": ["fern-and-clay.myshopify.com"],
                    "locale": "de",
                },
                {"points_balance": 340},
            ),
        ),
        errors=(CUSTOMER_NOT_FOUND, CUSTOMER_AMBIGUOUS, STORE_NOT_FOUND),
    ),
    UseCase(
        name="redeem_reward",
        permission="customer:frontend",
        proxy="redeem",
        message=RedeemReward,
        result=RewardRedeemed,
        run=service.redeem,
        said=N_("rewards.said.redeemed", "Done. Your code is being prepared."),
        summary="Have a reward for points",
        detail="The points are taken at once; the shop then makes a code for one use by this "
        "customer. Should it not be able to, the points return.",
        errors=(REWARD_NOT_FOUND, REWARD_UNAVAILABLE, REWARD_SOLD_OUT),
    ),
    UseCase(
        name="cancel_redemption",
        permission="customer:frontend",
        proxy="cancel-redemption",
        message=CancelRedemption,
        result=RedemptionCancelled,
        run=service.cancel_redemption,
        said=N_("rewards.said.cancelled", "Done. Your points return in a moment."),
        summary="Give an unused code back",
        detail="The shop is asked whether the code was used, and ends it; only then the points "
        "return.",
        errors=(REDEMPTION_NOT_FOUND, REDEMPTION_PREPARING, REDEMPTION_ENDED),
    ),
)
