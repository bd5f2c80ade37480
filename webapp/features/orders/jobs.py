"""What orders does later: catch up with a shop that had stopped to tell us of its orders, read its
past ones, and hash addresses that were kept before there were hashes."""

from collections.abc import Sequence

from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.deliveries import Message
from webapp.core.i18n import N_
from webapp.core.inbox import PLATFORM
from webapp.features.orders import service
from webapp.features.orders.messages import BulkTurn, HistoryPage, MissedPage
from webapp.gateways import Gateways
from webapp.gateways.shopify_bulk import bulk_operation
from webapp.gateways.shopify_history import begin_history, orders_created_since, read_part
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


def prepare_bulk(ctx: Context, message: Message) -> BulkTurn | None:
    return service.prepare_bulk(ctx, message.payload)


def read_bulk(gateways: Gateways, turn: BulkTurn) -> Outcome:
    """One step: begin the operation, look after it, or read a part of its file. The address of the
    file is asked for each time, for it holds only for a while. Beginning twice does no harm: the
    shop runs one at a time, and the one that runs is found again."""
    shop = gateways.shopify, turn.shop_domain, turn.access_token
    if not turn.operation_id:
        return Outcome(True, report={"operation_id": begin_history(*shop, turn.since).id})
    operation = bulk_operation(*shop, turn.operation_id)
    if operation is None:
        return Outcome(True, report={"failed": "the shop does not know the operation any more"})
    if not operation.over:
        return Outcome(True, report={"operation_id": operation.id})
    if operation.status != "COMPLETED":
        return Outcome(
            True, report={"failed": f"{operation.status} {operation.error_code}".strip()}
        )
    part = read_part(gateways.caller, operation, turn.cursor)
    report = {"nodes": part.nodes, "cursor": part.cursor, "size": part.size}
    return Outcome(True, report=report)


def settle_bulk(ctx: Context, turn: BulkTurn, outcome: Outcome) -> None:
    service.take_bulk(ctx, turn, outcome.report)


def hash_addresses(ctx: Context) -> None:
    """Begin to hash what has no hash yet."""
    if ctx.merchant_id != PLATFORM:
        hash_from(ctx, "", "")


def hash_more(ctx: Context, messages: Sequence[Message]) -> None:
    for message in messages:
        hash_from(ctx, message.payload["store"], message.payload["customer"])


def hash_from(ctx: Context, store: str, customer: str) -> None:
    """Hash some, and say where to go on; each piece is a transaction of its own."""
    after = service.hash_contacts(ctx, (store, customer))
    if after is not None:
        payload = {"store": after[0], "customer": after[1]}
        key = f"{ctx.wall.date()}:{after[0]}:{after[1]}"
        ctx.emit("orders.contacts_unhashed", key, payload)


APPLIES = {"orders.contacts_unhashed": hash_more}
EVERY = {"daily": hash_addresses}
LABELS = {
    "subscriptions.lost": N_("deliveries.missed_orders", "Missed orders"),
    "orders.history_asked": N_("deliveries.past_orders", "Past orders"),
    "orders.bulk_due": N_("deliveries.all_past_orders", "All past orders"),
    "orders.contacts_unhashed": N_("deliveries.unhashed", "Recognising addresses"),
}
SENDS = {
    "subscriptions.lost": Send(prepare, send, settle, "shopify"),
    "orders.history_asked": Send(prepare_history, read_history, settle_history, "shopify"),
    "orders.bulk_due": Send(prepare_bulk, read_bulk, settle_bulk, "shopify"),
}
