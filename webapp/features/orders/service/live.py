"""Orders as they are paid, and what was missed meanwhile. In sets: one statement a store, however
many events came."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.orders.domain.live_order import paid_order
from webapp.features.orders.domain.order_file import (
    ORDER,
    RefusedLineError,
    Row,
    SkippedLineError,
    node_rows,
)
from webapp.features.orders.messages import MissedPage
from webapp.features.orders.service.rows import add_given

PAID_TOPIC = "orders/paid"
Payloads = Mapping[str, Sequence[Mapping[str, Any]]]
Read = Callable[[Mapping[str, Any], str, int], Row]


def take_paid(ctx: Context, payloads: Payloads) -> int:
    """Take orders that were just paid, by store id; the number of those that are new.

    Raises NoResultFound for a store that is not there, RefusedLineError for an order that cannot
    be read; test orders and cancelled ones are left out.
    """
    return sum(_take(ctx, store_id, found, paid_order) for store_id, found in payloads.items())


def prepare_missed(ctx: Context, payload: Mapping[str, Any]) -> MissedPage | None:
    """Which page to ask a shop for after it had stopped to tell us of paid orders; None for
    another topic, and for a shop that we may not ask any more."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if payload["topic"] != PAID_TOPIC or store.access_token is None:
        return None
    place = Store.token_place(ctx.merchant_id, store.store_id)
    token = ctx.keys.open(store.access_token, place)
    since, after = payload["since"], payload.get("after")
    return MissedPage(store.store_id, store.shop_domain, token, since, after)


def take_missed(
    ctx: Context, page: MissedPage, nodes: Sequence[Mapping[str, Any]], after: str | None
) -> None:
    """Take a page of orders that a shop has, as if those that are new to us had just been paid, and
    ask for the next one, which begins `after`. One that cannot be read must not cost us the others:
    it is left out and named in the audit log."""
    refused: list[str] = []

    def read(node: Mapping[str, Any], currency: str, exponent: int) -> Row:
        try:
            return _node_order(node, currency, exponent)
        except RefusedLineError as error:
            refused.append(str(node.get("id")))
            raise SkippedLineError(str(error)) from error

    _take(ctx, page.store_id, nodes, read)
    if refused:
        ctx.audit("missed_orders_refused", store_id=page.store_id, orders=refused)
    if after is not None:
        request = {"store_id": page.store_id, "topic": PAID_TOPIC, "since": page.since}
        key = f"{page.store_id}:{page.since}:{after}"
        ctx.emit("subscriptions.lost", key, {**request, "after": after})


def _node_order(node: Mapping[str, Any], currency: str, exponent: int) -> Row:
    return next(row for row in node_rows(dict(node), currency, exponent) if row.kind == ORDER)


def _take(ctx: Context, store_id: str, found: Sequence[Mapping[str, Any]], read: Read) -> int:
    """Write the orders that are new and say so by topic; their number."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    exponent = currency_exponent(store.currency)
    rows: list[Row] = []
    for payload in found:
        try:
            rows.append(read(payload, store.currency, exponent))
        except SkippedLineError:
            continue
    taken, first, last = add_given(ctx, store, ORDER, rows)
    if taken:
        payload = {"store_id": store_id, "first": first, "last": last}
        ctx.emit("orders.paid", f"{store_id}:{first}", payload)
    return taken
