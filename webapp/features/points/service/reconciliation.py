"""The reconciliation: entries against lots and cards, and cards against what the stores show.

A run first compares the books with each other. Then it gathers the customers whose metafields are
to be read back: those pushed since the last run or not shown yet, those that were wrong then, and
some at random. They are read in chunks; what is wrong is named and pushed again.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.models import Store
from webapp.features.points.messages import ReadBack
from webapp.features.points.queries.accuracy import SHOWN
from webapp.features.points.queries.checks import Imbalance, replayed, sample, unbalanced

NIGHTLY, ASKED = "nightly", "asked"
CHECK_ASKED = "sync_check_asked"
# Of the whole programme, and at least so many customers, so that a small one is read as a whole.
RANDOM_SHARE = 0.01
RANDOM_AT_LEAST = 200
GATHERED_AT_ONCE = 10_000
CUSTOMERS_A_CHUNK = 50
MEMBERS_REPLAYED = 100
DIFFERENCES_COUNTED, DIFFERENCES_NAMED = 1_000, 20
# A run that has not ended by then has been lost, and a new one may begin.
LONGEST_RUN = timedelta(hours=6)
KEPT = timedelta(days=90)


def begin_run(ctx: Context, kind: str) -> int | None:
    """Begin a reconciliation, unless one is going on; its id. Of the platform there is none."""
    values = {
        "merchant_id": ctx.merchant_id,
        "kind": kind,
        "wall": ctx.wall,
        "lost": ctx.wall - LONGEST_RUN,
        "forgotten": ctx.wall - KEPT,
    }
    ctx.db.execute(_FORGET, values)
    if not ctx.db.scalar(_MAY_BEGIN, values):
        return None
    off = check_books(ctx)
    found = {
        "ok": not off,
        "off": len({one.customer_id for one in off}),
        "differences": json.dumps([asdict(one) for one in off[:DIFFERENCES_NAMED]]),
    }
    run_id = int(ctx.db.scalar(_BEGIN, {**values, **found}) or 0)
    ctx.emit("points.run_begun", f"{run_id}", {"run_id": run_id, "store": "", "customer": ""})
    return run_id


def check_books(ctx: Context) -> list[Imbalance]:
    """Where entries, lots, cards and balances differ, and where a replay of some members' entries
    comes to something else than the tables say."""
    seed = ctx.wall.isoformat()
    replay = replayed(ctx, sample(ctx, MEMBERS_REPLAYED, seed))
    return [*unbalanced(ctx, DIFFERENCES_COUNTED), *replay]


def ask_check(ctx: Context) -> bool:
    """Begin a reconciliation because somebody asks for it; False when one is going on."""
    begun = begin_run(ctx, ASKED) is not None
    if begun:
        ctx.audit(CHECK_ASKED)
    return begun


_FORGET = text("delete from sync_runs where merchant_id = :merchant_id and started_at < :forgotten")
_MAY_BEGIN = text(
    """
    select exists (select from merchants where merchant_id = :merchant_id) and not exists (
        select from sync_runs
        where merchant_id = :merchant_id and finished_at is null and started_at > :lost
    )
    """
)
_BEGIN = text(
    """
    insert into sync_runs
        (merchant_id, kind, started_at, ledger_ok, off, differences, p95_lag_ms)
    select :merchant_id, :kind, :wall, :ok, :off, cast(:differences as jsonb), (
        select round(percentile_cont(0.95) within group (order by lag_ms))
        from metafield_projections
        where merchant_id = :merchant_id and lag_ms is not null and pushed_at >= coalesce((
            select max(started_at) from sync_runs where merchant_id = :merchant_id
        ), '-infinity')
    )
    returning run_id
    """
)


def gather(ctx: Context, run_id: int, store: str, customer: str) -> None:
    """Ask for the next customers to be read, those behind (store, customer), and for the step after
    this one."""
    values = {
        "merchant_id": ctx.merchant_id,
        "run_id": run_id,
        "store": store,
        "customer": customer,
        "share": RANDOM_SHARE,
        "at_least": RANDOM_AT_LEAST,
        "most": GATHERED_AT_ONCE,
    }
    found = [(row.store_id, row.external_id) for row in ctx.db.execute(_GATHER, values)]
    chunks = [
        (f"{run_id}:{store_id}:{group[0]}", {"run_id": run_id, "store_id": store_id, "ids": group})
        for store_id, group in chunked(found, CUSTOMERS_A_CHUNK)
    ]
    ctx.emit_all("points.read_back_asked", chunks)
    last = len(found) < GATHERED_AT_ONCE
    ctx.db.execute(_GATHERED, {**values, "chunks": len(chunks), "last": last})
    if not last:
        store, customer = found[-1]
        payload = {"run_id": run_id, "store": store, "customer": customer}
        ctx.emit("points.run_begun", f"{run_id}:{store}:{customer}", payload)
    _finish(ctx, run_id)


def chunked(found: Iterable[tuple[str, str]], most: int) -> Iterator[tuple[str, list[str]]]:
    """(store, customers) in groups of at most so many customers of one store."""
    for store_id, rows in groupby(found, key=lambda row: row[0]):
        customers = [customer for _, customer in rows]
        for start in range(0, len(customers), most):
            yield store_id, customers[start : start + most]


_GATHER = text(
    f"""
    with before as (
        select run_id, started_at from sync_runs
        where merchant_id = :merchant_id and run_id < :run_id order by run_id desc limit 1
    ), size as (
        select 10000 * greatest(
            cast(:share as float), :at_least / greatest(1, count(*))::float
        ) as share
        from customer_identities where merchant_id = :merchant_id
    ), shown as ({SHOWN} and (i.store_id, i.external_id) > (:store, :customer))
    select b.store_id, b.external_id
    from shown b
    where not b.pushed
       or b.pushed_at >= coalesce((select started_at from before), '-infinity')
       or (hashtextextended(b.external_id, :run_id) & 9223372036854775807) % 10000
           < (select share from size)
       or exists (
           select from sync_mismatches m
           where m.merchant_id = :merchant_id and m.run_id = (select run_id from before)
             and m.store_id = b.store_id and m.external_id = b.external_id
       )
    order by b.store_id, b.external_id
    limit :most
    """  # noqa: S608 - made of constants
)
_GATHERED = text(
    """
    update sync_runs set chunks = chunks + :chunks, gathered = :last
    where merchant_id = :merchant_id and run_id = :run_id
    """
)


def prepare_read_back(ctx: Context, message_id: int, payload: Mapping[str, Any]) -> ReadBack | None:
    """Whose metafields to read; None for what was given up before, and for a shop that we may not
    ask any more, whose customers then count as unread."""
    run_id, ids = int(payload["run_id"]), [str(one) for one in payload["ids"]]
    values = {"merchant_id": ctx.merchant_id, "run_id": run_id, "message_id": message_id}
    if not ctx.db.scalar(_STILL_OPEN, values):
        return None
    store = ctx.db.get_one(Store, (ctx.merchant_id, payload["store_id"]))
    if store.access_token is None:
        give_up_reading(ctx, message_id, payload)
        return None
    token = ctx.keys.open(store.access_token, Store.token_place(ctx.merchant_id, store.store_id))
    return ReadBack(run_id, store.store_id, store.shop_domain, token, tuple(ids), ctx.wall)


def give_up_reading(ctx: Context, message_id: int, payload: Mapping[str, Any]) -> None:
    """Count customers that a store would not let us read."""
    count(ctx, int(payload["run_id"]), unread=len(payload["ids"]), buried=[message_id])


_STILL_OPEN = text(
    """
    select 1 from sync_runs
    where merchant_id = :merchant_id and run_id = :run_id and finished_at is null
      and not :message_id = any(buried)
    """
)


def count(
    ctx: Context,
    run_id: int,
    *,
    matched: int = 0,
    mismatched: int = 0,
    pending: int = 0,
    unread: int = 0,
    buried: Sequence[int] = (),
) -> None:
    """Add what one chunk gave to its run, which is over with the last one."""
    values = {
        "merchant_id": ctx.merchant_id,
        "run_id": run_id,
        "matched": matched,
        "mismatched": mismatched,
        "pending": pending,
        "unread": unread,
        "buried": list(buried),
    }
    ctx.db.execute(_COUNT, values)
    _finish(ctx, run_id)


_COUNT = text(
    """
    update sync_runs
    set matched = matched + :matched, mismatched = mismatched + :mismatched,
        pending = pending + :pending, unread = unread + :unread,
        buried = buried || cast(:buried as bigint[]), chunks_done = chunks_done + 1
    where merchant_id = :merchant_id and run_id = :run_id
    """
)


def _finish(ctx: Context, run_id: int) -> None:
    values = {"merchant_id": ctx.merchant_id, "run_id": run_id, "wall": ctx.wall}
    ctx.db.execute(_FINISH, values)


_FINISH = text(
    """
    update sync_runs set finished_at = :wall
    where merchant_id = :merchant_id and run_id = :run_id
      and gathered and chunks_done = chunks and finished_at is null
    """
)
