"""What points does later: enter the points of new orders, and push cards to the storefronts."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.messages import CardPush, OrderRange
from webapp.gateways import Gateways
from webapp.gateways.shopify_admin import Metafield

NAMESPACE = "$app:loyalnest"
POINTS_BALANCE = ("points_balance", "number_integer")


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


def prepare(ctx: Context, message: Message) -> CardPush | None:
    payload = message.payload
    again = bool(payload.get("again"))
    return service.prepare_push(ctx, payload["store_id"], payload["customers"], again=again)


def send(gateways: Gateways, push: CardPush) -> Outcome:
    """Set the metafields of all customers of the push. A call is all or nothing and names every
    customer the shop refuses, so a second call without them is enough."""
    refused = set_points(gateways, push, push.cards)
    rest = tuple(card for i, card in enumerate(push.cards) if i not in refused)
    if refused and rest and set_points(gateways, push, rest):
        return Outcome(False, "metafieldsSet refused more on the second call")
    return Outcome(True, report={"refused": [push.cards[i][0] for i in sorted(refused)]})


def set_points(
    gateways: Gateways, push: CardPush, cards: tuple[tuple[str, int, int], ...]
) -> frozenset[int]:
    """One call; gives back the positions of the cards that were refused, and then set none."""
    key, value_type = POINTS_BALANCE
    fields = [
        Metafield(f"gid://shopify/Customer/{customer}", NAMESPACE, key, value_type, str(points))
        for customer, points, _ in cards
    ]
    return gateways.shopify.set_metafields(push.shop_domain, push.access_token, fields)


def settle(ctx: Context, push: CardPush, outcome: Outcome) -> None:
    service.record_push(ctx, push, frozenset(outcome.report["refused"]))


APPLIES = {
    "orders.imported": award_orders,
    "orders.paid": award_orders,
    "orders.refunded": award_orders,
    "refunds.imported": award_orders,
    "orders.cancelled": award_orders,
}
SENDS = {"points.changed": Send(prepare, send, settle, "shopify")}
LABELS = {
    **dict.fromkeys(APPLIES, N_("deliveries.points.orders", "Points for orders")),
    "points.changed": N_("deliveries.points.balances", "Balances for the storefront"),
}
