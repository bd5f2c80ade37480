"""`import-orders`: files of orders and refunds into one store.

The command only reads, stages and takes rows in, a commit a chunk; points and scores are worked
by the handlers meanwhile. Whatever interrupts it, running it again adds what is missing.
"""

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Never, cast

from tqdm import tqdm

from webapp.core import discovery, outbox, routing
from webapp.core.contract import Command, Send
from webapp.core.db import DATABASE_ERRORS, Database
from webapp.core.errors import INVALID_VALUE, SHOP_UNKNOWN, AppError
from webapp.core.words import currency_exponent, shop_domain, zone
from webapp.features.orders import service
from webapp.features.orders.domain.input_lines import RefusalReport, Source, Tally, copy_blocks
from webapp.features.orders.domain.order_file import ORDER, REFUND, RefusedLineError
from webapp.features.orders.messages import (
    BeginImport,
    ImportProgress,
    StoreFound,
    TakeChunk,
)

CHUNK_ROWS = 10_000
GZIP_MAGIC = b"\x1f\x8b"
ATTEMPTS = 5
AWAY_SECONDS = 60.0
TELL_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class FileImport:
    """What to import. Times without a zone are in `timezone`, else in the store's own zone."""

    shop: str
    files: tuple[Path, ...]
    refunds: tuple[Path, ...] = ()
    timezone: str | None = None
    label: str = ""
    report: Path | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What became of the lines. `taken` are new rows; `refusals` names the report, if any."""

    read: int
    taken: int
    skipped: int
    refused: int
    seconds: float
    refusals: str | None


@dataclass
class Run:
    """One import under way; attempts after a lost connection share its id."""

    database: Database
    wanted: FileImport
    merchant_id: str
    store: StoreFound
    import_id: str
    tally: Tally = field(default_factory=Tally)
    told: float = 0.0

    def tell(self, state: str, percent: int, *, now: bool = False) -> None:
        """Let the dashboard know, at most once a second unless `now`."""
        if not now and time.monotonic() - self.told < TELL_EVERY_SECONDS:
            return
        self.told = time.monotonic()
        with self.database.transaction(self.merchant_id) as ctx:
            service.note_progress(ctx, self.progress(state, percent))

    def progress(self, state: str, percent: int) -> ImportProgress:
        tally = self.tally
        return ImportProgress(
            self.import_id, state, percent, tally.read, tally.skipped, tally.refused
        )


def import_files(database: Database, wanted: FileImport) -> ImportResult:
    """Import, and go on by itself when the database is away for less than a minute.

    Raises AppError (unknown shop or zone), RefusedLineError (a file's header), OSError or EOFError
    (a file that cannot be read), or one of DATABASE_ERRORS.
    """
    started = time.monotonic()
    run = begin(database, wanted)
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                taken, skipped = attempt_import(run)
                break
            except DATABASE_ERRORS:
                if attempt == ATTEMPTS:
                    raise
                wait_until_back(database)
    except BaseException:
        give_up(run)
        raise
    tally = run.tally
    refusals = str(report_path(wanted)) if tally.refused else None
    seconds = time.monotonic() - started
    return ImportResult(tally.read, taken, skipped, tally.refused, seconds, refusals)


def begin(database: Database, wanted: FileImport) -> Run:
    """Find the store and open an import for it. Raises AppError."""
    domain = shop_domain(wanted.shop)
    with database.before_tenant() as db:
        address = routing.tenant_of_shop(db, domain) if domain else None
    if address is None or domain is None:
        raise AppError(SHOP_UNKNOWN, shop=wanted.shop)
    if wanted.timezone and zone(wanted.timezone) is None:
        raise AppError(INVALID_VALUE, field="--timezone", value=wanted.timezone)
    names = tuple(path.name for path in (*wanted.files, *wanted.refunds))
    with database.transaction(address.merchant_id) as ctx:
        store = service.find_store(ctx, domain)
        begun = BeginImport(store.store_id, names, wanted.label)
        import_id = service.begin_import(ctx, begun)
    return Run(database, wanted, address.merchant_id, store, import_id)


def attempt_import(run: Run) -> tuple[int, int]:
    """Stage everything, take it in chunk by chunk, close the import; (taken, skipped)."""
    run.tally = Tally()
    with run.database.pinned() as pinned:
        with pinned.transaction(run.merchant_id) as ctx:
            timezone = run.wanted.timezone or run.store.timezone
            staged = service.stage(ctx, timezone, read_files(run))
        total = staged.orders + staged.refunds
        with bar_for(run, "Taking in", total, " orders") as bar:
            for number, (kind, first, last) in enumerate(chunks(staged.orders, staged.refunds), 1):
                chunk = TakeChunk(run.import_id, run.store.store_id, kind, first, last)
                with pinned.transaction(run.merchant_id) as ctx:
                    service.take_chunk(ctx, chunk)
                    if number.bit_count() == 1:  # 1, 2, 4, 8: each time the tables have doubled
                        service.refresh_statistics(ctx)
                bar.update(last - first + 1)
                run.tell("taking", 100 * last // total)
        with pinned.transaction(run.merchant_id) as ctx:
            progress = run.progress("done", 100)
            return service.finish_import(ctx, progress, run.store.store_id, staged)


def chunks(orders: int, refunds: int) -> Iterator[tuple[str, int, int]]:
    """(kind, first, last) of every chunk: orders are numbered first, refunds after them."""
    for kind, start, end in ((ORDER, 1, orders), (REFUND, orders + 1, orders + refunds)):
        for first in range(start, end + 1, CHUNK_ROWS):
            yield kind, first, min(first + CHUNK_ROWS - 1, end)


def read_files(run: Run) -> Iterator[bytes]:
    """COPY blocks of all files, with a bar over their bytes."""
    wanted, tally = run.wanted, run.tally
    exponent = currency_exponent(run.store.currency)
    paths = [(path, ORDER) for path in wanted.files] + [(path, REFUND) for path in wanted.refunds]
    total = sum(path.stat().st_size for path, _ in paths)
    report = RefusalReport(partial(report_path(wanted).open, "w", newline="", encoding="utf-8"))
    done = 0
    with bar_for(run, "Reading", total, "B") as bar, ExitStack() as stack:
        stack.callback(report.close)
        for path, kind in paths:
            raw = stack.enter_context(path.open("rb"))
            packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            raw.seek(0)
            unpacked = stack.enter_context(gzip.open(raw)) if packed else raw
            source = Source(path.name, cast("BinaryIO", unpacked), kind)
            for block in copy_blocks(source, run.store.currency, exponent, tally, report):
                yield block
                bar.update(done + raw.tell() - bar.n)
                bar.set_postfix_str(f"{tally.read:,} lines", refresh=False)
                run.tell("reading", int(100 * bar.n // max(total, 1)))
            done += path.stat().st_size


def bar_for(run: Run, title: str, total: int, unit: str) -> "tqdm[Never]":
    """A progress bar on standard error with rate and time left; silent when not wanted."""
    return tqdm(total=total, desc=title, unit=unit, unit_scale=True, disable=run.wanted.quiet)


def report_path(wanted: FileImport) -> Path:
    """Where refused lines go: as asked, else beside the command, named after the first file."""
    return wanted.report or Path(f"{(wanted.files or wanted.refunds)[0].name}.refused.csv")


def wait_until_back(database: Database) -> None:
    """Wait for the database to answer; raises its last error after a minute."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            with database.before_tenant() as db:
                routing.due_handlers(db, ())
                return
        except DATABASE_ERRORS:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def give_up(run: Run) -> None:
    """Mark the import as failed, if the database can still be told."""
    try:
        run.tell("failed", 0, now=True)
    except DATABASE_ERRORS:
        print("The database does not answer; run the import again later.", file=sys.stderr)


def wait_for_handlers(database: Database, shop: str, *, quiet: bool = False) -> None:
    """Wait until everything that was taken in has been applied (points, facts, scores)."""
    names = [name for name, work in discovery.handlers().items() if not isinstance(work, Send)]
    with database.before_tenant() as db:
        address = routing.tenant_of_shop(db, shop)
    if address is None:
        raise AppError(SHOP_UNKNOWN, shop=shop)
    with tqdm(desc="Points and scores", unit=" chunks", disable=quiet) as bar:
        while True:
            try:
                with database.transaction(address.merchant_id, readonly=True) as ctx:
                    left = outbox.pending(ctx.db, ctx.merchant_id, names)
            except DATABASE_ERRORS:
                wait_until_back(database)
                continue
            bar.total = max(bar.total or 0, left)
            bar.update(bar.total - left - bar.n)
            if not left:
                return
            time.sleep(0.2)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp import-orders",
        description="Bring orders and refunds into a store. Importing a file again adds only what "
        "is new.",
        epilog="Files: Shopify bulk-operation JSONL, or CSV with the columns customer_id, "
        "ordered_at, amount, currency and optionally order_id (refunds: refunded_at, refund_id). "
        "Either may be gzipped.",
    )
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--shop", required=True, metavar="DOMAIN")
    parser.add_argument("--refunds", action="append", type=Path, default=[], metavar="FILE")
    parser.add_argument("--timezone", metavar="TZ", help="zone of times without one")
    parser.add_argument("--report", type=Path, metavar="FILE", help="where refused lines go")
    parser.add_argument("--no-wait", action="store_true", help="do not wait for points and scores")
    parser.add_argument("--json", action="store_true", help="print the result as JSON only")
    options = parser.parse_args(argv)
    if not options.files and not options.refunds:
        parser.error("name at least one FILE, or --refunds FILE")
    return options


def main(database: Database, argv: list[str]) -> int:
    """The verb. Exits 0 when the files were read to their end, whatever lines were refused."""
    options = parse(argv)
    wanted = FileImport(
        options.shop,
        tuple(options.files),
        tuple(options.refunds),
        options.timezone,
        report=options.report,
        quiet=options.json,
    )
    try:
        result = import_files(database, wanted)
        if not options.no_wait:
            wait_for_handlers(database, options.shop, quiet=options.json)
    except (AppError, RefusedLineError, OSError, EOFError) as error:
        print(f"import-orders: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(result)) if options.json else sentence(result))
    return 0


def sentence(result: ImportResult) -> str:
    """The result in words."""
    said = (
        f"Read {result.read:,} lines in {result.seconds:.1f} s: took {result.taken:,}, "
        f"skipped {result.skipped:,}, refused {result.refused:,}."
    )
    return f"{said} Refused lines: {result.refusals}" if result.refusals else said


COMMANDS = {"import-orders": Command("bring orders and refunds from files into a store", main)}
