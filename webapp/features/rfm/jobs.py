"""What rfm does later: absorb new documents, and score a shop when an import is complete and every
hour.

One handler hears all topics of documents, so a shop is never scored before its orders are absorbed.
A live order, refund or cancellation changes its customer's facts, and with them their scores, at
once; the cut-points that all are measured by move slowly, and follow every hour.
"""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.rfm import service
from webapp.features.rfm.messages import DocumentRange

TABLES = {
    "orders.imported": "orders",
    "orders.paid": "orders",
    "refunds.imported": "refunds",
    "orders.refunded": "refunds",
}
CANCELLED = "orders.cancelled"


def absorb_and_score(ctx: Context, messages: Sequence[Message]) -> None:
    to_score: set[str] = set()
    for message in messages:
        payload = message.payload
        if message.topic in TABLES:
            documents = DocumentRange(
                payload["store_id"], TABLES[message.topic], payload["first"], payload["last"]
            )
            service.absorb(ctx, documents)
        elif message.topic == CANCELLED:
            service.absorb_cancelled(ctx, payload["store_id"], payload["orders"])
        # A document that needed a retry may come after the import was scored.
        if message.topic == "orders.import_finished" or message.attempts:
            to_score.add(payload["store_id"])
    for store_id in sorted(to_score):
        service.score_customers(ctx, store_id)


def score_hourly(ctx: Context) -> None:
    service.score_all(ctx)


APPLIES = {
    "orders.imported": absorb_and_score,
    "orders.paid": absorb_and_score,
    "refunds.imported": absorb_and_score,
    "orders.refunded": absorb_and_score,
    "orders.cancelled": absorb_and_score,
    "orders.import_finished": absorb_and_score,
}
EVERY = {"hourly": score_hourly}
LABELS = dict.fromkeys(APPLIES, N_("deliveries.rfm.segments", "Customer segments"))
