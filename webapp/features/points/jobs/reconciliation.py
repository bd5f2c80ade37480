"""Reads back what the stores show, every night and when somebody asks."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.points import service
from webapp.features.points.jobs.sync import NAMESPACE
from webapp.features.points.messages import ReadBack
from webapp.gateways import Gateways
from webapp.gateways.shopify_cards import ShopCards


def reconcile(ctx: Context) -> None:
    """Begin the night's reconciliation."""
    service.begin_run(ctx, service.NIGHTLY)


def gather_customers(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        said = message.payload
        service.gather(ctx, int(said["run_id"]), said["store"], said["customer"])


def push_everything(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        service.push_next(ctx, message.payload["store_id"], message.payload["after"])


def prepare(ctx: Context, message: Message) -> ReadBack | None:
    return service.prepare_read_back(ctx, message.message_id, message.payload)


def send(gateways: Gateways, read: ReadBack) -> Outcome:
    """Read the customers' metafields in one call."""
    shop = ShopCards(gateways.shopify, read.shop_domain, read.access_token, NAMESPACE)
    found = shop.read(read.customers)
    return Outcome(True, report={"found": {name: one.values for name, one in found.items()}})


def settle(ctx: Context, read: ReadBack, outcome: Outcome) -> None:
    service.judge(ctx, read, outcome.report["found"])


def bury(ctx: Context, message: Message, reason: str) -> None:
    """The run goes on without these customers."""
    service.give_up_reading(ctx, message.message_id, message.payload)


APPLIES = {"points.run_begun": gather_customers, "points.push_asked": push_everything}
SENDS = {"points.read_back_asked": Send(prepare, send, settle, "shopify", bury)}
LABELS = {
    "points.run_begun": N_("deliveries.points.run", "Check of the storefronts"),
    "points.push_asked": N_("deliveries.points.push_all", "All balances of a store once more"),
    "points.read_back_asked": N_("deliveries.points.read_back", "Balances read back"),
}
EVERY = {"daily": reconcile}
