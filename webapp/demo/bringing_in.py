"""The orders of a demo: which file, which day it is in business, and the way to the storefront.

PostgreSQL may be restarted at any time meanwhile; whatever is asked of it is asked again.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tqdm import tqdm

from webapp.core import deliveries
from webapp.core.clock import write_offset
from webapp.demo import orders as simulated
from webapp.demo.options import Options
from webapp.demo.seed import DemoShop
from webapp.demo.survey import Survey, survey
from webapp.features.orders import queries as order_queries
from webapp.features.orders.commands import import_files, patiently, sentence, wait_for_handlers
from webapp.features.orders.messages import FileImport
from webapp.features.orders.pages import SIMULATED
from webapp.features.points import queries as points_queries
from webapp.features.points.queries import PointsTotals
from webapp.parts import Parts

SEED = 2_026


def choose_orders(options: Options) -> tuple[Path, Survey]:
    """The order file and what a first look at it says; simulated orders are written once.

    Raises SurveyError for a file that cannot be used.
    """
    file = options.orders
    if file is None:
        file = options.data / "simulated-orders.csv"
        if not file.exists():
            part = file.with_suffix(".part")
            simulated.write_csv(part, simulated.simulate(SEED))
            part.replace(file)
    return file, survey(file)


def set_clock(folder: Path, surveyed: Survey, options: Options) -> None:
    """Business time starts at noon of the day after the last order, or where it was asked to.

    Raises OverflowError beyond the year 9999.
    """
    day = options.as_of or surveyed.last_day + timedelta(days=1)
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    write_offset(folder / "clock.json", start + (options.advance or timedelta()))


def bring_in(parts: Parts, shop: DemoShop, file: Path, options: Options) -> None:
    """Import the orders unless they are in already, and wait until the points are worked out.

    Raises one of IMPORT_ERRORS.
    """
    known = patiently(parts.database, partial(is_imported, parts, shop))
    if not known or options.refunds:
        refused = options.data / "refused" / f"{shop.shop_domain}.csv"
        refused.parent.mkdir(mode=0o700, exist_ok=True)
        label = "" if options.orders else SIMULATED
        wanted = FileImport(shop.shop_domain, (file,), options.refunds, label=label, report=refused)
        print(sentence(import_files(parts.database, wanted)), flush=True)
    given_up = wait_for_handlers(parts.database, shop.shop_domain)
    if given_up:
        print(f"{given_up} pieces of work were given up; the worker logs say why.", file=sys.stderr)


def is_imported(parts: Parts, shop: DemoShop) -> bool:
    """Whether an import has come to its end."""
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        return any(each.state == "done" for each in order_queries.latest_imports(ctx))


def wait_for_storefront(parts: Parts, shop: DemoShop) -> None:
    """Wait until the shop shows every balance (or has refused it for good)."""

    def look() -> tuple[int, PointsTotals]:
        with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
            return deliveries.pending(ctx.db, ctx.merchant_id), points_queries.totals(ctx)

    with tqdm(desc="Storefront", unit=" members") as bar:
        while True:
            left, totals = patiently(parts.database, look)
            bar.total = totals.pushed + totals.to_push
            bar.update(totals.pushed - bar.n)
            if not left:
                return
            time.sleep(0.25)
