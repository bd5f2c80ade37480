"""Orders as they are paid, changed and cancelled, and what was missed meanwhile. In sets: one
statement a store, however many events came.

Whatever arrives first, the end is the same. An order is written once, when we first hear that it is
paid, or that it is cancelled (then it is never announced). Later words only cancel it, which is for
good, or bring refunds that were not told otherwise. So edits of an order change it like this: what
is taken out comes as a refund, by its own webhook or with the next orders/updated; what is added
after the first payment earns nothing, for nothing is told of it that would be the same each time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.orders.domain.live_order import OrderTold, Payload, node_told, order_told
from webapp.features.orders.domain.order_file import ORDER
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError
from webapp.features.orders.messages import MissedPage
from webapp.features.orders.service.refunds import add_refunds, settle_waiting
from webapp.features.orders.service.rows import add_rows, given, lock

# What a page of orders that have changed makes good when it was not told.
MISSABLE = frozenset({"orders/paid", "orders/updated", "orders/cancelled", "refunds/create"})
CANCELLED_A_MESSAGE = 500
Payloads = Mapping[str, Sequence[Payload]]
Read = Callable[[Payload, str, int], OrderTold]


def take_paid(ctx: Context, payloads: Payloads) -> int:
    """Take orders that were just paid, by store id; the number of those that are new.

    Raises NoResultFound for a store that is not there, RefusedLineError for an order that cannot
    be read; test orders are left out.
    """
    return take_changed(ctx, payloads, paid=True)


def take_changed(ctx: Context, payloads: Payloads, *, paid: bool = False) -> int:
    """Take orders as they are after a change or their cancellation, by store id; the number of
    those that are new and paid. Raises as `take_paid`."""

    def read(payload: Payload, currency: str, exponent: int) -> OrderTold:
        return order_told(payload, currency, exponent, paid=paid)

    return sum(_take(ctx, store_id, found, read) for store_id, found in payloads.items())


def prepare_missed(ctx: Context, payload: Mapping[str, Any]) -> MissedPage | None:
    """Which page to ask a shop for after it had stopped to tell us of orders; None for another
    topic, and for a shop that we may not ask any more."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if payload["topic"] not in MISSABLE or store.access_token is None:
        return None
    place = Store.token_place(ctx.merchant_id, store.store_id)
    token = ctx.keys.open(store.access_token, place)
    since, after = payload["since"], payload.get("after")
    return MissedPage(store.store_id, store.shop_domain, token, payload["topic"], since, after)


def take_missed(
    ctx: Context, page: MissedPage, nodes: Sequence[Mapping[str, Any]], after: str | None
) -> None:
    """Take a page of orders that a shop has, as if it had just told us of them, and ask for the
    next one, which begins `after`. One that cannot be read must not cost us the others: it is left
    out and named in the audit log."""
    refused: list[str] = []

    def read(node: Payload, currency: str, exponent: int) -> OrderTold:
        try:
            return node_told(node, currency, exponent)
        except RefusedLineError as error:
            refused.append(str(node.get("id")))
            raise SkippedLineError(str(error)) from error

    _take(ctx, page.store_id, nodes, read)
    if refused:
        ctx.audit("missed_orders_refused", store_id=page.store_id, orders=refused)
    if after is not None:
        request = {"store_id": page.store_id, "topic": page.topic, "since": page.since}
        key = f"{page.store_id}:{page.topic}:{page.since}:{after}"
        ctx.emit("subscriptions.lost", key, {**request, "after": after})


def _take(ctx: Context, store_id: str, found: Sequence[Payload], read: Read) -> int:
    """Bring orders up to what is told of them, and say by topic what became of them; how many are
    new and paid."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, store_id))
    exponent = currency_exponent(store.currency)
    told: list[OrderTold] = []
    for payload in found:
        try:
            told.append(read(payload, store.currency, exponent))
        except SkippedLineError:
            continue
    if not told:
        return 0
    orders = together(told)
    lock(ctx)
    taken, first, last = _add(ctx, store, [o for o in orders if o.paid and not o.cancelled_at])
    if taken:
        payload = {"store_id": store_id, "first": first, "last": last}
        ctx.emit("orders.paid", f"{store_id}:{first}", payload)
    _cancel(ctx, store, [o for o in orders if o.cancelled_at])
    settle_waiting(ctx, store_id)
    _note_times(ctx, store, orders)
    add_refunds(ctx, store, [refund for order in orders for refund in order.refunds])
    return taken


def together(told: Iterable[OrderTold]) -> list[OrderTold]:
    """All that is told of each order as one word: the newest, with every refund that any of them
    knew. Who was paid or cancelled once stays so."""
    by_key: defaultdict[str, list[OrderTold]] = defaultdict(list)
    for order in told:
        by_key[str(order.order.key)].append(order)
    return [_one(words) for words in by_key.values()]


def _one(words: Sequence[OrderTold]) -> OrderTold:
    def age(word: OrderTold) -> float:
        return word.updated_at.timestamp() if word.updated_at else 0.0

    refunds = {refund.key: refund for word in words for refund in word.refunds}
    ends: list[datetime] = [word.cancelled_at for word in words if word.cancelled_at]
    return replace(
        max(words, key=age),
        paid=any(word.paid for word in words),
        cancelled_at=min(ends, default=None),
        refunds=tuple(refunds[key] for key in sorted(refunds)),
    )


def _add(ctx: Context, store: Store, orders: Sequence[OrderTold]) -> tuple[int, int, int]:
    """Add those that are new: (how many, first id, last id)."""
    if not orders:
        return 0, 0, 0
    values = {
        **given([order.order for order in orders], store),
        "codes": ["\n".join(order.codes) or None for order in orders],
        "updated": [order.updated_at for order in orders],
        "cancelled": [order.cancelled_at for order in orders],
    }
    return add_rows(ctx, store.store_id, ORDER, _ORDERS, values, _TOLD)


_TOLD = ("basis_minor", "taxes_included", "discount_codes", "updated_at", "cancelled_at")
# Codes come as lines, for an array of arrays could not have rows of different lengths.
_ORDERS = """
    select row_number() over () as seq, external_id, customer, at, minor, basis_minor,
           taxes_included, string_to_array(codes, chr(10)) as discount_codes, updated_at,
           cancelled_at
    from unnest(
        cast(:keys as text[]), cast(:customers as text[]), cast(:ats as timestamptz[]),
        cast(:minors as bigint[]), cast(:bases as bigint[]), cast(:included as boolean[]),
        cast(:codes as text[]), cast(:updated as timestamptz[]), cast(:cancelled as timestamptz[])
    ) as given(
        external_id, customer, at, minor, basis_minor, taxes_included, codes, updated_at,
        cancelled_at
    )
"""


def _cancel(ctx: Context, store: Store, orders: Sequence[OrderTold]) -> None:
    """Cancel orders. Who hears of it has heard that they were paid; what we did not know is written
    without a word, so that a late orders/paid finds it cancelled."""
    if not orders:
        return
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store.store_id,
        "keys": [order.order.key for order in orders],
        "ats": [order.cancelled_at for order in orders],
    }
    cancelled = sorted(int(order_id) for order_id in ctx.db.scalars(_CANCEL, values))
    for start in range(0, len(cancelled), CANCELLED_A_MESSAGE):
        group = cancelled[start : start + CANCELLED_A_MESSAGE]
        payload = {"store_id": store.store_id, "orders": group}
        ctx.emit("orders.cancelled", f"{store.store_id}:{group[0]}", payload)
    _add(ctx, store, orders)


_CANCEL = text(
    """
    update orders o set cancelled_at = told.at
    from unnest(cast(:keys as text[]), cast(:ats as timestamptz[])) as told(external_id, at)
    where o.merchant_id = :merchant_id and o.store_id = :store_id
      and o.external_id = told.external_id and o.cancelled_at is null
    returning o.order_id
    """
)


def _note_times(ctx: Context, store: Store, orders: Sequence[OrderTold]) -> None:
    """Keep when the newest word of each order is from; older words change nothing."""
    values = {
        "merchant_id": ctx.merchant_id,
        "store_id": store.store_id,
        "keys": [order.order.key for order in orders],
        "ats": [order.updated_at for order in orders],
    }
    ctx.db.execute(_NOTE_TIMES, values)


_NOTE_TIMES = text(
    """
    update orders o set updated_at = told.at
    from unnest(cast(:keys as text[]), cast(:ats as timestamptz[])) as told(external_id, at)
    where o.merchant_id = :merchant_id and o.store_id = :store_id
      and o.external_id = told.external_id
      and (o.updated_at is null or o.updated_at < told.at)
    """
)
