"""Lets devices, Google and the shops know of cards, and keeps cards as their members are."""

from collections.abc import Sequence

from webapp.core.applies import taking
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.wallet import service
from webapp.features.wallet.messages import METAFIELD, GoogleCall, MetafieldCall, PushCall
from webapp.gateways import Gateways
from webapp.gateways.shopify_wallet import ShopWallets

# A message names 500 members at the most, and mostly one.
FOLLOWED_AT_ONCE = 40


@taking(FOLLOWED_AT_ONCE)
def follow_points(ctx: Context, messages: Sequence[Message]) -> None:
    service.follow(ctx, {one for m in messages for one in m.payload["members"]})


def follow_links(ctx: Context, messages: Sequence[Message]) -> None:
    """Whose card a home shows is another's now, and two cards may have had as many changes."""
    told = [message.payload for message in messages]
    service.follow(ctx, {one for t in told for one in (t["member"], *t["homes"])}, anyway=True)


def follow_names(ctx: Context, messages: Sequence[Message]) -> None:
    """Those with an `after` are the rounds of a change that was heard of already."""
    if any(not message.payload.get("after") for message in messages):
        service.ask_to_reissue(ctx)


def reissue_cards(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        service.reissue(ctx, message.payload["after"])


def void_cards(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        said = message.payload
        service.void_cards(ctx, said["store_id"], said["customers"])


def prepare_push(ctx: Context, message: Message) -> PushCall | None:
    said = message.payload
    return service.prepare_push(ctx, said["export_id"], said["device"])


def push(gateways: Gateways, call: PushCall) -> Outcome:
    held = gateways.apple_wallet.push(call.credentials, call.topic, call.token)
    return Outcome(True, report={"held": held})


def settle_push(ctx: Context, call: PushCall, outcome: Outcome) -> None:
    if not outcome.report["held"]:
        service.forget_device(ctx, call)


def prepare_class(ctx: Context, message: Message) -> GoogleCall | None:
    return service.prepare_class(ctx)


def prepare_object(ctx: Context, message: Message) -> GoogleCall | None:
    return service.prepare_object(ctx, message.payload["export_id"])


def tell_google(gateways: Gateways, call: GoogleCall) -> Outcome:
    gateways.google_wallet.put(call.credentials, call.kind, call.body, known=call.known)
    return Outcome(True)


def settle_class(ctx: Context, call: GoogleCall, outcome: Outcome) -> None:
    service.settle_class(ctx, call)


def settle_object(ctx: Context, call: GoogleCall, outcome: Outcome) -> None:
    service.settle_object(ctx, call)


def bury_push(ctx: Context, message: Message, reason: str) -> None:
    said = message.payload
    service.give_up_push(ctx, said["export_id"], said["device"])


def bury_class(ctx: Context, message: Message, reason: str) -> None:
    service.give_up_class(ctx)


def bury_object(ctx: Context, message: Message, reason: str) -> None:
    service.give_up_object(ctx, message.payload["export_id"])


def prepare_metafield(ctx: Context, message: Message) -> MetafieldCall | None:
    return service.prepare_metafield(ctx, message.payload["export_id"])


def tell_shop(gateways: Gateways, call: MetafieldCall) -> Outcome:
    shop = ShopWallets(gateways.shopify, call.shop_domain, call.access_token)
    shop.remember(call.customer, METAFIELD, call.value)
    return Outcome(True)


def settle_metafield(ctx: Context, call: MetafieldCall, outcome: Outcome) -> None:
    """Nothing waits for it."""


APPLIES = {
    "points.cards_changed": follow_points,
    "members.merged": follow_links,
    "members.parted": follow_links,
    "points.tiers_changed": follow_names,
    "points.catalogue_changed": follow_names,
    "points.reward_sold_out": follow_names,
    "wallet.reissue_due": reissue_cards,
    "customers.redacted": void_cards,
}
SENDS = {
    "wallet.push_due": Send(prepare_push, push, settle_push, "apple_wallet", bury_push),
    "wallet.class_due": Send(prepare_class, tell_google, settle_class, "google_wallet", bury_class),
    "wallet.object_due": Send(
        prepare_object, tell_google, settle_object, "google_wallet", bury_object
    ),
    "wallet.metafield_due": Send(prepare_metafield, tell_shop, settle_metafield, "shopify"),
}
LABELS = {
    "points.cards_changed": N_("deliveries.wallet.points", "Points on cards"),
    "members.merged": N_("deliveries.wallet.links", "Cards of linked members"),
    "members.parted": N_("deliveries.wallet.links", "Cards of linked members"),
    "points.tiers_changed": N_("deliveries.wallet.tiers", "Names of tiers on cards"),
    "points.catalogue_changed": N_("deliveries.wallet.rewards", "Names of rewards on cards"),
    "points.reward_sold_out": N_("deliveries.wallet.rewards", "Names of rewards on cards"),
    "wallet.reissue_due": N_("deliveries.wallet.reissue", "Cards made anew"),
    "customers.redacted": N_("deliveries.wallet.void", "Cards to make void"),
    "wallet.push_due": N_("deliveries.wallet.push", "Call of a device"),
    "wallet.class_due": N_("deliveries.wallet.class", "Look of cards at Google"),
    "wallet.object_due": N_("deliveries.wallet.object", "Card at Google"),
    "wallet.metafield_due": N_("deliveries.wallet.metafield", "Note of a card in the shop"),
}
