"""What points does later, one file a subject, gathered here."""

from webapp.core.applies import gathered
from webapp.features.points.jobs import (
    identities,
    leaderboard,
    ledger,
    reconciliation,
    referrals,
    rewards,
    sync,
    tiers,
)

APPLIES = gathered(
    identities.APPLIES,
    leaderboard.APPLIES,
    ledger.APPLIES,
    reconciliation.APPLIES,
    referrals.APPLIES,
    rewards.APPLIES,
    sync.APPLIES,
    tiers.APPLIES,
)
SENDS = {
    **leaderboard.SENDS,
    **reconciliation.SENDS,
    **referrals.SENDS,
    **rewards.SENDS,
    **sync.SENDS,
}
LABELS = {
    **leaderboard.LABELS,
    **identities.LABELS,
    **ledger.LABELS,
    **reconciliation.LABELS,
    **referrals.LABELS,
    **rewards.LABELS,
    **sync.LABELS,
    **tiers.LABELS,
}
EVERY = gathered(
    leaderboard.EVERY,
    identities.EVERY,
    ledger.EVERY,
    reconciliation.EVERY,
    referrals.EVERY,
    rewards.EVERY,
    tiers.EVERY,
)
