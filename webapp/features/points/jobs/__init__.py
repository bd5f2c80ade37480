"""What points does later, one file a subject, gathered here."""

from webapp.features.points.jobs import ledger

APPLIES = {**ledger.APPLIES}
SENDS = {**ledger.SENDS}
LABELS = {**ledger.LABELS}
