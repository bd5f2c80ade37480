"""Past orders, read from the shop itself page by page: an import like that of a file, which tells
nobody of the points it brings."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from webapp.core.context import Context
from webapp.core.errors import STORE_NOT_FOUND, AppError
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.orders.domain.order_file import (
    ORDER,
    REFUND,
    RefusedLineError,
    Row,
    SkippedLineError,
    node_rows,
)
from webapp.features.orders.messages import BeginImport, HistoryPage, ImportProgress, Staged
from webapp.features.orders.service.imports import (
    IMPORTED,
    begin_import,
    count_taken,
    finish_import,
    note_progress,
)
from webapp.features.orders.service.rows import add_given

# What the dashboard shows in the place of a file's name.
SOURCE = "Shopify"
# Without read_all_orders Shopify shows an app no order that is older.
HISTORY_DAYS = 60
ALL_ORDERS = "read_all_orders"
FIRST_YEAR = "2006-01-01T00:00:00Z"


def ask_history(ctx: Context, store_id: str) -> None:
    """Begin to import what the shop lets us see of its orders. Raises AppError(store_not_found)
    for a store that is not connected."""
    store = ctx.db.get(Store, (ctx.merchant_id, store_id))
    if store is None or store.access_token is None:
        raise AppError(STORE_NOT_FOUND, store=store_id)
    begins = ctx.now - timedelta(days=HISTORY_DAYS)
    since = FIRST_YEAR if ALL_ORDERS in store.scopes else begins.strftime("%Y-%m-%dT%H:%M:%SZ")
    import_id = begin_import(ctx, BeginImport(store_id, (SOURCE,)))
    note_progress(ctx, ImportProgress(import_id, "taking", 0, 0, 0, 0))
    _ask(ctx, {"store_id": store_id, "import_id": import_id, "since": since})


def prepare_history(ctx: Context, payload: Mapping[str, Any]) -> HistoryPage | None:
    """Which page to ask for; None for a shop that we may not ask any more."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if store.access_token is None:
        return None
    return HistoryPage(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        access_token=ctx.keys.open(
            store.access_token, Store.token_place(ctx.merchant_id, store.store_id)
        ),
        breaker=f"shopify:{store.store_id}:{store.token_id}",
        import_id=payload["import_id"],
        since=payload["since"],
        after=payload.get("after"),
        orders=payload.get("orders", 0),
        refunds=payload.get("refunds", 0),
        skipped=payload.get("skipped", 0),
        refused=payload.get("refused", 0),
    )


def take_history(
    ctx: Context, page: HistoryPage, nodes: Sequence[Mapping[str, Any]], after: str | None
) -> None:
    """Take a page of orders and refunds, and ask for the next one, or close the import."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, page.store_id))
    rows, skipped, refused = _read(store, nodes)
    for kind in (ORDER, REFUND):
        given = [row for row in rows if row.kind == kind]
        taken, first, last = add_given(ctx, store, kind, given)
        if taken:
            count_taken(ctx, page.import_id, taken)
            payload = {"store_id": page.store_id, "first": first, "last": last}
            ctx.emit(IMPORTED[kind], f"{page.import_id}:{kind}:{first}", payload)
    orders = sum(row.kind == ORDER for row in rows)
    so_far = replace(
        page,
        after=after,
        orders=page.orders + orders,
        refunds=page.refunds + len(rows) - orders,
        skipped=page.skipped + skipped,
        refused=page.refused + refused,
    )
    read = so_far.orders + so_far.refunds + so_far.skipped + so_far.refused
    state, percent = ("done", 100) if after is None else ("taking", 0)
    progress = ImportProgress(page.import_id, state, percent, read, so_far.skipped, so_far.refused)
    if after is None:
        staged = Staged(so_far.orders, so_far.refunds)
        finish_import(ctx, progress, page.store_id, staged)
        return
    note_progress(ctx, progress)
    names = ("store_id", "import_id", "since", "after", "orders", "refunds", "skipped", "refused")
    _ask(ctx, {name: getattr(so_far, name) for name in names})


def _read(store: Store, nodes: Sequence[Mapping[str, Any]]) -> tuple[list[Row], int, int]:
    """(rows, how many orders were skipped, how many refused) of some orders."""
    exponent, rows, skipped, refused = currency_exponent(store.currency), [], 0, 0
    for node in nodes:
        try:
            rows += node_rows(dict(node), store.currency, exponent)
        except SkippedLineError:
            skipped += 1
        except RefusedLineError:
            refused += 1
    return rows, skipped, refused


def _ask(ctx: Context, payload: Mapping[str, Any]) -> None:
    key = f"{payload['import_id']}:{payload.get('after') or 'first'}"
    ctx.emit("orders.history_asked", key, payload)
