"""What shoppers may ask of rewards."""

from webapp.core.contract import UseCase
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
    RedeemReward,
    RedemptionCancelled,
    RewardRedeemed,
)

USE_CASES = (
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
