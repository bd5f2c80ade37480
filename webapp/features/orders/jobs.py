"""What orders does later: catch up with a shop that had stopped to tell us of its orders, and read
its past ones."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.orders import service
from webapp.features.orders.messages import HistoryPage, MissedPage
from webapp.gateways import Gateways
from webapp.gateways.shopify_history import orders_created_since
from webapp.gateways.shopify_webhooks import orders_changed_since


def prepare(ctx: Context, message: Message) -> MissedPage | None:
    return service.prepare_missed(ctx, message.payload)


def send(gateways: Gateways, page: MissedPage) -> Outcome:
    """Read one page of what has changed since."""
    shop = gateways.shopify, page.shop_domain, page.access_token
    found = orders_changed_since(*shop, page.since, page.after)
    return Outcome(True, report={"nodes": found.nodes, "next": found.next})


def settle(ctx: Context, page: MissedPage, outcome: Outcome) -> None:
    service.take_missed(ctx, page, outcome.report["nodes"], outcome.report["next"])


def prepare_history(ctx: Context, message: Message) -> HistoryPage | None:
    return service.prepare_history(ctx, message.payload)


def read_history(gateways: Gateways, page: HistoryPage) -> Outcome:
    """Read one page of past orders."""
    shop = gateways.shopify, page.shop_domain, page.access_token
    found = orders_created_since(*shop, page.since, page.after)
    return Outcome(True, report={"nodes": found.nodes, "next": found.next})


def settle_history(ctx: Context, page: HistoryPage, outcome: Outcome) -> None:
    service.take_history(ctx, page, outcome.report["nodes"], outcome.report["next"])


LABELS = {
    "subscriptions.lost": N_("deliveries.missed_orders", "Missed orders"),
    "orders.history_asked": N_("deliveries.past_orders", "Past orders"),
}
SENDS = {
    "subscriptions.lost": Send(prepare, send, settle, "shopify"),
    "orders.history_asked": Send(prepare_history, read_history, settle_history, "shopify"),
}
