"""What rfm does later: absorb new documents, and score a shop when an import is complete.

One handler hears all three topics, so a shop is never scored before its orders are absorbed.
"""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.features.rfm import service
from webapp.features.rfm.messages import DocumentRange

TABLES = {"orders.imported": "orders", "refunds.imported": "refunds"}


def absorb_and_score(ctx: Context, messages: Sequence[Message]) -> None:
    to_score: dict[str, None] = {}
    for message in messages:
        payload = message.payload
        if message.topic in TABLES:
            documents = DocumentRange(
                payload["store_id"], TABLES[message.topic], payload["first"], payload["last"]
            )
            service.absorb(ctx, documents)
        # A document that needed a retry may come after the import was scored.
        if message.topic not in TABLES or message.attempts:
            to_score[payload["store_id"]] = None
    for store_id in to_score:
        service.score_customers(ctx, store_id)


APPLIES = {
    "orders.imported": absorb_and_score,
    "refunds.imported": absorb_and_score,
    "orders.import_finished": absorb_and_score,
}
