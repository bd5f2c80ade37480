"""Orders and refunds from files. A command calls these chunk by chunk; each chunk is one commit, so
an import can be interrupted anywhere and run again without a double.

Staging is a temporary table of the importing session: bulk rows cost no write-ahead log, and
nothing is left over when the session ends. One sort gives every row its place (customers together)
and its ordinal among identical rows of the whole input.
"""

import secrets
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import text

from webapp.core.context import Context
from webapp.features.orders.domain.order_file import ORDER, REFUND
from webapp.features.orders.messages import BeginImport, ImportProgress, Staged, TakeChunk
from webapp.features.orders.models import Import
from webapp.features.orders.service.refunds import settle_waiting
from webapp.features.orders.service.rows import add_rows

IMPORTED = {"o": "orders.imported", "r": "refunds.imported"}
_STAGED_ROWS = """
    select seq, external_id, customer, at, minor, basis as basis_minor, included as taxes_included,
           order_key
    from taking where seq between :first and :last
"""
# What a file tells beside the total, of each kind.
TOLD_BY_FILES = {ORDER: ("basis_minor", "taxes_included"), REFUND: ("basis_minor", "order_key")}


def begin_import(ctx: Context, message: BeginImport) -> str:
    """Note that files are being read; gives back the import id."""
    import_id = f"imp_{secrets.token_urlsafe(16)}"
    ctx.db.add(
        Import(
            merchant_id=ctx.merchant_id,
            import_id=import_id,
            store_id=message.store_id,
            file_names=list(message.file_names),
            label=message.label,
            started_at=ctx.wall,
            told_at=ctx.wall,
        )
    )
    ctx.db.flush()
    ctx.audit("orders_import_started", import_id=import_id, files=list(message.file_names))
    return import_id


def note_progress(ctx: Context, message: ImportProgress) -> None:
    """Let the dashboard know where an import is."""
    sql = text(
        """
        update imports
        set state = :state, percent = :percent, read = :read, skipped = :skipped,
            refused = :refused, told_at = :wall,
            finished_at = case when :state in ('done', 'failed') then :wall end
        where merchant_id = :merchant_id and import_id = :import_id
        """
    )
    values = {field: getattr(message, field) for field in ImportProgress.__slots__}
    ctx.db.execute(sql, {**values, "merchant_id": ctx.merchant_id, "wall": ctx.wall})


def stage(ctx: Context, timezone: str, lines: Iterable[bytes]) -> Staged:
    """Copy rows (`kind, line, customer, at, minor, key, basis, included, order_key` in COPY's text
    form) into the staging table and give every row its place and its external id.

    Times without a zone are read in `timezone`. Rows without a key of the shop's own get one made
    of customer, time, amount and their ordinal among identical rows.
    """
    ctx.db.execute(text("select set_config('timezone', :zone, true)"), {"zone": timezone})
    ctx.db.execute(text("set local work_mem = '64MB'; set local default_statistics_target = 10"))
    ctx.db.execute(text(_CREATE_STAGED))
    driver: Any = ctx.db.connection().connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for line in lines:
            copy.write(line)
    ctx.db.execute(text(_CREATE_TAKING))
    ctx.db.execute(text("create unique index on taking (seq)"))
    ctx.db.execute(text("analyze taking"))
    row = ctx.db.execute(text("select count(*) filter (where kind = 'o'), count(*) from taking"))
    orders, both = row.one()
    return Staged(orders, both - orders)


_CREATE_STAGED = """
drop table if exists staged, taking;
create temporary table staged (
    kind "char", line bigint, customer text, at timestamptz(3), minor bigint, key text,
    basis bigint, included boolean, order_key text
)
"""
_COPY = "copy staged (kind, line, customer, at, minor, key, basis, included, order_key) from stdin"
_CREATE_TAKING = """
create temporary table taking as
select kind, customer, at, minor, basis, included, order_key,
       row_number() over (order by kind, customer, at, minor, line) as seq,
       coalesce(
           key,
           customer || '|' || (date_part('epoch', at) * 1000)::bigint || '|' || minor || '|' ||
           row_number() over (partition by kind, customer, at, minor order by line)
       ) as external_id
from staged
"""


def take_chunk(ctx: Context, message: TakeChunk) -> int:
    """Write one chunk of staged rows that are new, and say so by topic; gives back their number."""
    found = {"first": message.first, "last": message.last}
    told = TOLD_BY_FILES[message.kind]
    taken, low, high = add_rows(ctx, message.store_id, message.kind, _STAGED_ROWS, found, told)
    if taken:
        if message.kind == ORDER:
            settle_waiting(ctx, message.store_id)
        count_taken(ctx, message.import_id, taken)
        payload = {"store_id": message.store_id, "first": low, "last": high}
        ctx.emit(IMPORTED[message.kind], f"{message.import_id}:{low}", payload)
    return taken


def count_taken(ctx: Context, import_id: str, taken: int) -> None:
    """Add to what an import has brought."""
    count = text(
        "update imports set taken = taken + :taken "
        "where merchant_id = :merchant_id and import_id = :import_id"
    )
    values = {"merchant_id": ctx.merchant_id, "import_id": import_id, "taken": taken}
    ctx.db.execute(count, values)


def refresh_statistics(ctx: Context) -> None:
    """Let the planner see how the tables have grown, in the transaction that made them grow.

    A shop's first import fills empty tables within seconds; without this, joins are planned for
    empty tables until autovacuum comes by, and take minutes. A small sample is enough for that.
    """
    ctx.db.execute(text("set local default_statistics_target = 10"))
    ctx.db.execute(text("analyze users, customer_identities, orders"))


def finish_import(
    ctx: Context, progress: ImportProgress, store_id: str, staged: Staged
) -> tuple[int, int]:
    """Close an import; gives back (taken, skipped) over all attempts. Rows that were staged but
    not taken were in the store already, and count as skipped."""
    refresh_statistics(ctx)
    sql = text("select taken from imports where merchant_id = :m and import_id = :i")
    taken = int(ctx.db.scalar(sql, {"m": ctx.merchant_id, "i": progress.import_id}) or 0)
    skipped = progress.skipped + staged.orders + staged.refunds - taken
    note_progress(ctx, replace(progress, skipped=skipped))
    ctx.audit("orders_import_finished", import_id=progress.import_id, taken=taken)
    # Also when nothing was new: an attempt that was killed may have taken it all without a word.
    if staged.orders or staged.refunds:
        finished = {"store_id": store_id, "taken": taken}
        ctx.emit("orders.import_finished", progress.import_id, finished)
    return taken, skipped
