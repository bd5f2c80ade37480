"""What accounts does later, one file a subject, gathered here."""

from webapp.core.answers import forget_answers
from webapp.features.accounts.jobs import billing, connections, installation, subscriptions
from webapp.features.accounts.service import forget_sessions

SENDS = {**subscriptions.SENDS, **installation.SENDS, **billing.SENDS, **connections.SENDS}
EVERY = {
    "hourly": (forget_answers, subscriptions.check_subscriptions),
    "daily": (subscriptions.forget_events, billing.ask_after_plans, forget_sessions),
}
LABELS = {**subscriptions.LABELS, **installation.LABELS, **billing.LABELS, **connections.LABELS}
