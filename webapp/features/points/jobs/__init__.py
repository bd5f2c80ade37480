"""What points does later, one file a subject, gathered here."""

from webapp.core.contract import gathered
from webapp.features.points.jobs import identities, ledger, referrals, rewards, sync, tiers

APPLIES = gathered(
    identities.APPLIES,
    ledger.APPLIES,
    referrals.APPLIES,
    rewards.APPLIES,
    tiers.APPLIES,
)
SENDS = {
    **referrals.SENDS,
    **rewards.SENDS,
    **sync.SENDS,
}
LABELS = {
    **identities.LABELS,
    **ledger.LABELS,
    **referrals.LABELS,
    **rewards.LABELS,
    **sync.LABELS,
    **tiers.LABELS,
}
EVERY = gathered(
    identities.EVERY,
    ledger.EVERY,
    referrals.EVERY,
    rewards.EVERY,
    tiers.EVERY,
)
