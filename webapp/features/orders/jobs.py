"""What orders does later: catch up with a shop that had stopped to tell us of its orders."""

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.features.orders import service
from webapp.features.orders.messages import MissedPage
from webapp.gateways import Gateways
from webapp.gateways.calling import GatewayError
from webapp.gateways.shopify_webhooks import orders_changed_since


def prepare(ctx: Context, message: Message) -> MissedPage | None:
    return service.prepare_missed(ctx, message.payload)


def send(gateways: Gateways, page: MissedPage) -> Outcome:
    """Read one page of what has changed since."""
    shop = gateways.shopify, page.shop_domain, page.access_token
    try:
        found = orders_changed_since(*shop, page.since, page.after)
    except GatewayError as error:
        return Outcome(False, str(error), error.final, error.after)
    return Outcome(True, report={"nodes": found.nodes, "next": found.next})


def settle(ctx: Context, page: MissedPage, outcome: Outcome) -> None:
    service.take_missed(ctx, page, outcome.report["nodes"], outcome.report["next"])


LABELS = {"subscriptions.lost": N_("deliveries.missed_orders", "Missed orders")}
SENDS = {"subscriptions.lost": Send(prepare, send, settle, "shopify")}
