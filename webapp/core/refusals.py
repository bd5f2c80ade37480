"""Failures of what shoppers do, told as people say it; of the same kinds as those in `errors`."""

from webapp.core.errors import Kind
from webapp.core.i18n import N_

REWARD_NOT_FOUND = Kind(
    "reward_not_found",
    404,
    "NOT_FOUND",
    *N_("error.reward_not_found", "There is no such reward."),
)
REWARD_UNAVAILABLE = Kind(
    "reward_unavailable",
    409,
    "FAILED_PRECONDITION",
    *N_("error.reward_unavailable", "This reward cannot be had in this shop at the moment."),
)
REWARD_SOLD_OUT = Kind(
    "reward_sold_out",
    409,
    "FAILED_PRECONDITION",
    *N_("error.reward_sold_out", "This reward has just run out. Your points are untouched."),
)
REDEMPTION_NOT_FOUND = Kind(
    "redemption_not_found",
    404,
    "NOT_FOUND",
    *N_("error.redemption_not_found", "You have no such code."),
)
REDEMPTION_PREPARING = Kind(
    "redemption_preparing",
    409,
    "FAILED_PRECONDITION",
    *N_("error.redemption_preparing", "This code is still being prepared. Please wait a moment."),
)
REDEMPTION_ENDED = Kind(
    "redemption_ended",
    409,
    "FAILED_PRECONDITION",
    *N_("error.redemption_ended", "This code cannot be given back any more."),
)
TOO_MANY_REWARDS = Kind(
    "too_many_rewards",
    409,
    "FAILED_PRECONDITION",
    *N_("error.too_many_rewards", "There can be %(most)s rewards. Change one that is there."),
)
REFERRALS_OFF = Kind(
    "referrals_off",
    409,
    "FAILED_PRECONDITION",
    *N_("referrals.refused.off", "Invitations are paused in this shop at the moment."),
)
