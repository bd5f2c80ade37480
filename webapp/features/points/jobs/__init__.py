"""What points does later, one file a subject, gathered here."""

from webapp.core.contract import gathered
from webapp.features.points.jobs import ledger

APPLIES = gathered(ledger.APPLIES)
SENDS = {**ledger.SENDS}
LABELS = {**ledger.LABELS}
