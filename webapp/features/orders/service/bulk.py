"""A shop's whole past, read from the file of a bulk operation: an import like that of a file, which
tells nobody of the points it brings.

Every step is one message: begin the operation, look after it while it runs, then read the file part
by part. A part is written in one transaction with the message that asks for the next one, so the
import goes on where it was, whatever is killed; a part that is read again brings nothing new.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.features.orders.messages import BulkTurn, ImportProgress
from webapp.features.orders.service.history import finish, read_nodes, take_rows
from webapp.features.orders.service.imports import note_progress

# How long to wait until an operation is looked after again, in seconds; longer each time.
FIRST_WAIT, LONGEST_WAIT = 5.0, 60.0
_KEPT = ("store_id", "import_id", "since", "operation_id", "cursor")
_COUNTS = ("orders", "refunds", "skipped", "refused")


def prepare_bulk(ctx: Context, payload: Mapping[str, Any]) -> BulkTurn | None:
    """What the next step needs; None for a shop that we may not ask any more."""
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if store.access_token is None:
        note_progress(ctx, _progress(payload, "failed", 0))
        return None
    return BulkTurn(
        store_id=store.store_id,
        shop_domain=store.shop_domain,
        access_token=ctx.keys.open(
            store.access_token, Store.token_place(ctx.merchant_id, store.store_id)
        ),
        breaker=f"shopify:{store.store_id}:{store.token_id}",
        import_id=payload["import_id"],
        since=payload["since"],
        turn=payload.get("turn", 0),
        operation_id=payload.get("operation_id", ""),
        cursor=payload.get("cursor", 0),
        **{name: payload.get(name, 0) for name in _COUNTS},
    )


def take_bulk(ctx: Context, turn: BulkTurn, report: Mapping[str, Any]) -> None:
    """Take in what a step has found: `failed` why there will be no file, `operation_id` of what
    runs, or the `nodes` of a part, where the file goes on (`cursor`) and how long it is (`size`);
    at its end, close the import."""
    if report.get("failed"):
        note_progress(ctx, _progress(asdict(turn), "failed", 0))
        ctx.audit("orders_import_failed", import_id=turn.import_id, reason=report["failed"])
        return
    if "nodes" not in report:
        note_progress(ctx, _progress(asdict(turn), "taking", 0))
        wait = min(FIRST_WAIT * 2 ** min(turn.turn, 10), LONGEST_WAIT)
        ask_bulk(ctx, replace(turn, operation_id=report["operation_id"]), wait)
        return
    store = ctx.db.get_one(Store, (ctx.merchant_id, turn.store_id))
    so_far = _take_part(ctx, store, turn, report["nodes"])
    if report["cursor"] >= report["size"]:
        finish(ctx, so_far)
        return
    so_far = replace(so_far, cursor=report["cursor"])
    percent = 100 * so_far.cursor // max(report["size"], 1)
    note_progress(ctx, _progress(asdict(so_far), "taking", percent))
    ask_bulk(ctx, so_far)


def ask_bulk(ctx: Context, turn: BulkTurn, wait: float = 0.0) -> None:
    """Ask for the next step after `wait` seconds."""
    fields = {**asdict(turn), "turn": turn.turn + 1}
    payload = {name: fields[name] for name in (*_KEPT, *_COUNTS, "turn")}
    ctx.emit("orders.bulk_due", f"{turn.import_id}:{fields['turn']}", payload, wait)


def _take_part(
    ctx: Context, store: Store, turn: BulkTurn, nodes: Sequence[Mapping[str, Any]]
) -> BulkTurn:
    """Write a part's orders and refunds; the step with what is counted now."""
    rows, skipped, refused = read_nodes(store, nodes)
    orders = take_rows(ctx, store, turn.import_id, rows)
    return replace(
        turn,
        orders=turn.orders + orders,
        refunds=turn.refunds + len(rows) - orders,
        skipped=turn.skipped + skipped,
        refused=turn.refused + refused,
    )


def _progress(fields: Mapping[str, Any], state: str, percent: int) -> ImportProgress:
    counts = {name: fields.get(name, 0) for name in _COUNTS}
    read = sum(counts.values())
    return ImportProgress(
        fields["import_id"], state, percent, read, counts["skipped"], counts["refused"]
    )
