"""Cards on their way to the storefronts, and whom to tell that they are shared."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.jobs.pushing import Pushing
from webapp.features.points.messages import CardPush, CardsAsked, CardsPushed
from webapp.gateways import Gateways
from webapp.gateways.shopify_cards import ShopCards

NAMESPACE = "$app:loyalnest"


def prepare(ctx: Context, message: Message) -> CardPush | None:
    said: dict[str, Any] = dict(message.payload)
    asked = CardsAsked(
        said["store_id"],
        tuple(said["customers"]),
        bool(said.get("again")),
        said.get("since"),
        int(said.get("rounds") or 0),
    )
    return service.prepare_push(ctx, asked, message.message_id)


def send(gateways: Gateways, push: CardPush) -> Outcome:
    """Set the metafields of all customers of the push, see `Pushing`."""
    shop = ShopCards(gateways.shopify, push.shop_domain, push.access_token, NAMESPACE)
    return Outcome(True, report=asdict(Pushing(shop, push).run()))


def settle(ctx: Context, push: CardPush, outcome: Outcome) -> None:
    service.record_push(ctx, push, CardsPushed(**outcome.report))


def tell_shared(ctx: Context, messages: Sequence[Message]) -> None:
    links = {str(m.payload["link_id"]): str(m.payload["member"]) for m in messages}
    service.tell_shared(ctx, links)


APPLIES = {"members.merged": tell_shared}
SENDS = {"points.changed": Send(prepare, send, settle, "shopify")}
LABELS = {"points.changed": N_("deliveries.points.balances", "Balances for the storefront")}
