"""What points does later, one file a subject, gathered here."""

from webapp.core.contract import gathered
from webapp.features.points.jobs import ledger, tiers

APPLIES = gathered(ledger.APPLIES, tiers.APPLIES)
SENDS = {**ledger.SENDS}
LABELS = {**ledger.LABELS, **tiers.LABELS}
EVERY = {**tiers.EVERY}
