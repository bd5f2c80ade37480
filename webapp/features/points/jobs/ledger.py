"""What points does later: enter the points of new orders."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.messages import OrderRange


def award_orders(ctx: Context, messages: Sequence[Message]) -> None:
    """Points that orders bring, and that their refunds and cancellations take back: one handler, so
    that they are heard in the order they were told."""
    for message in messages:
        payload = message.payload
        if message.topic == "orders.cancelled":
            service.take_back_cancelled(ctx, payload["orders"])
            continue
        told = OrderRange(payload["store_id"], payload["first"], payload["last"])
        if message.topic in ("orders.refunded", "refunds.imported"):
            service.take_back_refunds(ctx, told)
        else:
            service.award_orders(ctx, told, live=message.topic == "orders.paid")


def look_for_due_points(ctx: Context) -> None:
    service.ask_to_settle(ctx)


def settle_due_points(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        service.settle_members(ctx, message.payload["customers"])


APPLIES = {
    "orders.imported": award_orders,
    "orders.paid": award_orders,
    "orders.refunded": award_orders,
    "refunds.imported": award_orders,
    "orders.cancelled": award_orders,
    "points.due": settle_due_points,
}
EVERY = {"hourly": look_for_due_points}
LABELS = {
    **dict.fromkeys(APPLIES, N_("deliveries.points.orders", "Points for orders")),
    "points.due": N_("deliveries.points.due", "Points that expire or can be spent now"),
}
