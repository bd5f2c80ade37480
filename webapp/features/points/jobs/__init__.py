"""What points does later, one file a subject, gathered here."""

from webapp.core.contract import gathered
from webapp.features.points.jobs import identities, ledger, rewards, tiers

APPLIES = gathered(ledger.APPLIES, rewards.APPLIES, tiers.APPLIES, identities.APPLIES)
SENDS = {**ledger.SENDS, **rewards.SENDS}
LABELS = {**ledger.LABELS, **rewards.LABELS, **tiers.LABELS, **identities.LABELS}
EVERY = {"hourly": (rewards.expire_codes, tiers.look_for_due, identities.grant_birthdays)}
