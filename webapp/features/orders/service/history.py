"""Past orders, read from the shop itself: an import like that of a file, which tells nobody of the
points it brings. Here page by page; all of a shop's past comes in `bulk`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from webapp.core.context import Context
from webapp.core.errors import STORE_NOT_FOUND, AppError
from webapp.core.models import Store
from webapp.core.words import currency_exponent
from webapp.features.orders.domain.order_file import ORDER, REFUND, Row, node_rows
from webapp.features.orders.domain.refused import RefusedLineError, SkippedLineError
from webapp.features.orders.messages import (
    BeginImport,
    BulkTurn,
    HistoryPage,
    ImportProgress,
    Staged,
)
from webapp.features.orders.service.imports import (
    IMPORTED,
    begin_import,
    count_taken,
    finish_import,
    note_progress,
)
from webapp.features.orders.service.refunds import settle_waiting
from webapp.features.orders.service.rows import add_given

# What the dashboard shows in the place of a file's name.
SOURCE = "Shopify"
# Without read_all_orders Shopify shows an app no order that is older.
HISTORY_DAYS = 60
ALL_ORDERS = "read_all_orders"
FIRST_YEAR = "2006-01-01T00:00:00Z"


def ask_history(ctx: Context, store_id: str) -> None:
    """Begin to import what the shop lets us see of its orders: all of them from the file of a bulk
    operation, or those of the last sixty days page by page. Raises AppError(store_not_found) for a
    store that is not connected."""
    store = ctx.db.get(Store, (ctx.merchant_id, store_id))
    if store is None or store.access_token is None:
        raise AppError(STORE_NOT_FOUND, store=store_id)
    import_id = begin_import(ctx, BeginImport(store_id, (SOURCE,)))
    note_progress(ctx, ImportProgress(import_id, "taking", 0, 0, 0, 0))
    asked = {"store_id": store_id, "import_id": import_id}
    if ALL_ORDERS in store.scopes:
        ctx.emit("orders.bulk_due", f"{import_id}:0", {**asked, "since": FIRST_YEAR})
        return
    begins = ctx.now - timedelta(days=HISTORY_DAYS)
    _ask(ctx, {**asked, "since": begins.strftime("%Y-%m-%dT%H:%M:%SZ")})


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
    rows, skipped, refused = read_nodes(store, nodes)
    orders = take_rows(ctx, store, page.import_id, rows)
    so_far = replace(
        page,
        after=after,
        orders=page.orders + orders,
        refunds=page.refunds + len(rows) - orders,
        skipped=page.skipped + skipped,
        refused=page.refused + refused,
    )
    if after is None:
        finish(ctx, so_far)
        return
    read = so_far.orders + so_far.refunds + so_far.skipped + so_far.refused
    progress = page.import_id, "taking", 0, read, so_far.skipped, so_far.refused
    note_progress(ctx, ImportProgress(*progress))
    names = ("store_id", "import_id", "since", "after", "orders", "refunds", "skipped", "refused")
    _ask(ctx, {name: getattr(so_far, name) for name in names})


def take_rows(ctx: Context, store: Store, import_id: str, rows: Sequence[Row]) -> int:
    """Write past orders and refunds that are new, and say so by topic; how many of the rows are
    orders, new or not."""
    for kind in (ORDER, REFUND):
        given = [row for row in rows if row.kind == kind]
        taken, first, last = add_given(ctx, store, kind, given) if given else (0, 0, 0)
        if taken:
            count_taken(ctx, import_id, taken)
            payload = {"store_id": store.store_id, "first": first, "last": last}
            ctx.emit(IMPORTED[kind], f"{import_id}:{kind}:{first}", payload)
    settle_waiting(ctx, store.store_id)
    return sum(row.kind == ORDER for row in rows)


def finish(ctx: Context, read: HistoryPage | BulkTurn) -> None:
    """Close an import, of which so much was `read`."""
    lines = read.orders + read.refunds + read.skipped + read.refused
    progress = ImportProgress(read.import_id, "done", 100, lines, read.skipped, read.refused)
    finish_import(ctx, progress, read.store_id, Staged(read.orders, read.refunds))


def read_nodes(store: Store, nodes: Sequence[Mapping[str, Any]]) -> tuple[list[Row], int, int]:
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
