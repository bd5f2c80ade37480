"""`import-orders`: files of orders and refunds into one store.

The command only reads, stages and takes rows in, a commit a chunk; points and scores are worked
by the handlers meanwhile. Whatever interrupts it, running it again adds what is missing.
"""

import argparse
import json
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Never, TextIO, TypeVar

from tqdm import tqdm

from webapp.core import deliveries, discovery, routing
from webapp.core.contract import Command, Send
from webapp.core.db import DATABASE_ERRORS, Database, connection_lost
from webapp.core.errors import INVALID_VALUE, SHOP_UNKNOWN, AppError
from webapp.core.words import currency_exponent, shop_domain, zone
from webapp.features.orders import service
from webapp.features.orders.domain.input_lines import (
    RefusalReport,
    Source,
    Tally,
    copy_blocks,
    unpacked,
)
from webapp.features.orders.domain.order_file import ORDER, REFUND
from webapp.features.orders.domain.refused import RefusedLineError
from webapp.features.orders.messages import (
    BeginImport,
    FileImport,
    ImportProgress,
    ImportResult,
    StoreFound,
    TakeChunk,
)

CHUNK_ROWS = 10_000
ATTEMPTS = 5
AWAY_SECONDS = 60.0
TELL_EVERY_SECONDS = 1.0
# Why an import may fail: what was asked for, a file, or the database.
IMPORT_ERRORS = (AppError, RefusedLineError, OSError, EOFError, zlib.error, *DATABASE_ERRORS)
T = TypeVar("T")


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
        counts = self.tally.read, self.tally.skipped, self.tally.refused
        return ImportProgress(self.import_id, state, percent, *counts)


def import_files(database: Database, wanted: FileImport) -> ImportResult:
    """Import, and go on by itself when the database is away for less than a minute.

    Raises one of IMPORT_ERRORS; RefusedLineError is about a file's header.
    """
    started = time.monotonic()
    run = begin(database, wanted)
    try:
        taken, skipped = patiently(database, partial(attempt_import, run))
    except BaseException:
        with suppress(*DATABASE_ERRORS):
            run.tell("failed", 0, now=True)
        raise
    refusals = str(report_path(wanted)) if run.tally.refused else None
    seconds = time.monotonic() - started
    return ImportResult(run.tally.read, taken, skipped, run.tally.refused, seconds, refusals)


def begin(database: Database, wanted: FileImport) -> Run:
    """Find the store and open an import for it. Raises AppError."""
    domain, merchant_id = find_shop(database, wanted.shop)
    if wanted.timezone and zone(wanted.timezone) is None:
        raise AppError(INVALID_VALUE, field="--timezone", value=wanted.timezone)
    names = tuple(path.name for path in (*wanted.files, *wanted.refunds))
    with database.transaction(merchant_id) as ctx:
        store = service.find_store(ctx, domain)
        import_id = service.begin_import(ctx, BeginImport(store.store_id, names, wanted.label))
    return Run(database, wanted, merchant_id, store, import_id)


def find_shop(database: Database, shop: str) -> tuple[str, str]:
    """(domain as stored, merchant id) of a shop. Raises AppError(shop_unknown)."""
    domain = shop_domain(shop)
    with database.before_tenant() as db:
        address = routing.tenant_of_shop(db, domain) if domain else None
    if address is None or domain is None:
        raise AppError(SHOP_UNKNOWN, shop=shop)
    return domain, address.merchant_id


def attempt_import(run: Run) -> tuple[int, int]:
    """Stage everything, take it in chunk by chunk, close the import; (taken, skipped)."""
    run.tally = Tally()
    with run.database.pinned() as pinned:
        with pinned.transaction(run.merchant_id) as ctx:
            staged = service.stage(ctx, run.wanted.timezone or run.store.timezone, read_files(run))
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
        done = run.progress("done", 100)
        with pinned.transaction(run.merchant_id) as ctx:
            return service.finish_import(ctx, done, run.store.store_id, staged)


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
    report = RefusalReport(partial(open_report, report_path(wanted)))
    done = 0
    with bar_for(run, "Reading", total, "B") as bar, ExitStack() as stack:
        stack.callback(report.close)
        for path, kind in paths:
            raw = stack.enter_context(path.open("rb"))
            source = Source(path.name, unpacked(raw), kind)
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


def open_report(path: Path) -> TextIO:
    """The report, to write. A new one is for this user only: refused lines name customers."""
    path.touch(mode=0o600)
    return path.open("w", newline="", encoding="utf-8")


def patiently(database: Database, work: Callable[[], T]) -> T:
    """What `work` gives back. When the connection is lost meanwhile, `work` is done again as soon
    as the database is back, ATTEMPTS times in all; it must not mind to be done twice."""
    for _ in range(ATTEMPTS - 1):
        try:
            return work()
        except DATABASE_ERRORS as error:
            if not connection_lost(error):
                raise
            wait_until_back(database)
    return work()


def wait_until_back(database: Database) -> None:
    """Wait for the database to answer; raises its last error after a minute."""
    deadline = time.monotonic() + AWAY_SECONDS
    while True:
        try:
            with database.before_tenant():
                return
        except DATABASE_ERRORS as error:
            if not connection_lost(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def wait_for_handlers(database: Database, shop: str, *, quiet: bool = False) -> int:
    """Wait until everything that was taken in has been applied (points, facts, scores); gives back
    how much of it was given up."""
    names = [name for name, work in discovery.handlers().items() if not isinstance(work, Send)]
    _, merchant_id = patiently(database, partial(find_shop, database, shop))

    def pending() -> int:
        with database.transaction(merchant_id, readonly=True) as ctx:
            return deliveries.pending(ctx.db, merchant_id, names)

    def dead() -> int:
        with database.transaction(merchant_id, readonly=True) as ctx:
            return deliveries.dead(ctx.db, merchant_id, names)

    with tqdm(desc="Points and scores", unit=" chunks", disable=quiet) as bar:
        while left := patiently(database, pending):
            bar.total = max(bar.total or 0, left)
            bar.update(bar.total - left - bar.n)
            time.sleep(0.2)
        bar.update((bar.total or 0) - bar.n)
    return patiently(database, dead)


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp import-orders",
        description="Bring orders and refunds into a store. A second time adds only what is new.",
        epilog="Files: Shopify bulk-operation JSONL, or CSV with the columns customer_id, "
        "ordered_at, amount, currency and optionally order_id (refunds: refunded_at, refund_id); "
        "gzipped or not. Name files that belong together, e.g. one split in two, in ONE command: "
        "identical rows are told apart by counting over all. --data DIR joins the demo in DIR.",
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
    """The verb. Exits 0 when the files were read to their end, whatever lines were refused, and
    all work behind them was done."""
    options = parse(argv)
    files = tuple(options.files), tuple(options.refunds)
    wanted = FileImport(
        options.shop, *files, options.timezone, report=options.report, quiet=options.json
    )
    try:
        result = import_files(database, wanted)
        wait = partial(wait_for_handlers, database, options.shop, quiet=options.json)
        dead = 0 if options.no_wait else wait()
    except IMPORT_ERRORS as error:
        print(f"import-orders: {reason(error)}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(result)) if options.json else sentence(result))
    if dead:
        print(f"import-orders: {dead} pieces of work behind it were given up.", file=sys.stderr)
    return 1 if dead else 0


def reason(error: Exception) -> str:
    """One of IMPORT_ERRORS in a sentence. Of the database's, the first line says it."""
    if not isinstance(error, DATABASE_ERRORS):
        return str(error)
    what = "does not answer" if connection_lost(error) else "refuses the work"
    return f"the database {what}: " + str(error).partition("\n")[0]


def sentence(result: ImportResult) -> str:
    """The result in words."""
    said = (
        f"Read {result.read:,} lines in {result.seconds:.1f} s: took {result.taken:,}, "
        f"skipped {result.skipped:,}, refused {result.refused:,}."
    )
    return f"{said} Refused lines: {result.refusals}" if result.refusals else said


COMMANDS = {"import-orders": Command("bring orders and refunds from files into a store", main)}
