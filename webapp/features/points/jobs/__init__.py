"""What points does later, one file a subject, gathered here."""

from webapp.core.contract import gathered
from webapp.features.points.jobs import identities, ledger, rewards, sync, tiers

APPLIES = gathered(
    identities.APPLIES,
    ledger.APPLIES,
    rewards.APPLIES,
    tiers.APPLIES,
)
SENDS = {
    **rewards.SENDS,
    **sync.SENDS,
}
LABELS = {
    **identities.LABELS,
    **ledger.LABELS,
    **rewards.LABELS,
    **sync.LABELS,
    **tiers.LABELS,
}
EVERY = {
    "hourly": (
        identities.grant_birthdays,
        rewards.expire_codes,
        tiers.look_for_due,
    ),
}
