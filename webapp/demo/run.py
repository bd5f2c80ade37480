"""`demo`: a whole shop on this machine, from real or simulated orders.

Everything it starts is a child of this process and ends with it; the data stay in DIR. Each order
file has a merchant of its own, so that the figures on its dashboard are the file's.
"""

import argparse
import os
import re
import signal
import sys
import time
import webbrowser
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import date as calendar_date
from pathlib import Path

from tqdm import tqdm

from webapp.core import outbox
from webapp.core.clock import SystemClock, write_offset
from webapp.core.config import Settings
from webapp.core.db import DATABASE_ERRORS
from webapp.core.extension import ROOT, copy_htmx
from webapp.demo import orders as simulated
from webapp.demo.join import DATA
from webapp.demo.seed import DemoShop, Member, members, seed
from webapp.demo.services import (
    Ports,
    choose_ports,
    start_processes,
    start_servers,
    write_private,
)
from webapp.demo.survey import Survey, SurveyError, survey
from webapp.embedded.local import running_pid
from webapp.embedded.supervisor import ServerError, Supervisor
from webapp.features.orders import queries as order_queries
from webapp.features.orders.commands import FileImport, import_files, wait_for_handlers
from webapp.features.orders.pages import SIMULATED
from webapp.features.points import queries as points_queries
from webapp.features.rfm import queries as rfm_queries
from webapp.features.rfm.domain.scoring import SEGMENTS
from webapp.parts import Parts, build

DEFAULT_PORT = 8710
SEED = 2_026
STOP_SECONDS = 60.0
_SPAN = re.compile(r"(\d{1,4})([dhw])")
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line."""

    orders: Path | None
    refunds: tuple[Path, ...]
    as_of: calendar_date | None
    advance: timedelta | None
    port: int
    data: Path
    browser: bool
    stop: bool


def main(argv: list[str]) -> int:
    """The verb; exits 0 when it was stopped in order, 1 with a sentence when it cannot run."""
    options = parse(argv)
    try:
        if options.stop:
            return stop(options.data)
        if options.advance and running_pid(options.data):
            return advance(options.data, options.advance)
        with Supervisor() as supervisor:
            return run(supervisor, options)
    except (ServerError, SurveyError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    except DATABASE_ERRORS as error:
        print(f"demo: the database does not answer: {error}", file=sys.stderr)
        return 1


def run(supervisor: Supervisor, options: Options) -> int:
    """Start everything, bring the orders in, say that it is ready, and wait to be stopped."""
    began = time.monotonic()
    ports, folder = choose_ports(options.port), options.data
    folder.mkdir(parents=True, exist_ok=True)
    file, surveyed = choose_orders(options)
    print(f"Starting PostgreSQL and Valkey in {folder}", flush=True)
    environment = start_servers(supervisor, folder, ports)
    set_clock(folder, surveyed, options)
    parts = build(Settings.from_env(environment))
    stem = re.sub(r"[^a-z0-9]+", "-", file.name.split(".")[0].lower()).strip("-")[:30] or "orders"
    domain = f"{stem}-{surveyed.digest[:6]}.myshopify.com"
    shop = seed(parts, folder / "state.json", domain, "Nest & Bloom", surveyed.currency)
    describe_shop(folder, ports, shop, parts, options, ())
    copy_htmx(ROOT)
    print("Starting web, workers, relay and shop", flush=True)
    start_processes(supervisor, folder, ports, environment)
    bring_in(parts, shop, file, options)
    sample = tuple(members(parts, shop))
    describe_shop(folder, ports, shop, parts, options, sample)
    write_description(folder, ports, shop, environment, sample)
    start_page = f"{ports.shop_url}/demo"
    print(f"ready {start_page}  ({time.monotonic() - began:.0f} s; Ctrl-C stops it)", flush=True)
    if options.browser:
        webbrowser.open(start_page)
    supervisor.wait()
    print("Stopping", flush=True)
    parts.database.close()
    return 0


def choose_orders(options: Options) -> tuple[Path, Survey]:
    """The order file and what a first look at it says; simulated orders are written once."""
    file = options.orders
    if file is None:
        file = options.data / "simulated-orders.csv"
        if not file.exists():
            simulated.write_csv(file, simulated.simulate(SEED))
    return file, survey(file)


def set_clock(folder: Path, surveyed: Survey, options: Options) -> None:
    """Business time starts at noon of the day after the last order, or where it was asked to."""
    day = options.as_of or surveyed.last_day + timedelta(days=1)
    start = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    write_offset(folder / "clock.json", start + (options.advance or timedelta()))


def bring_in(parts: Parts, shop: DemoShop, file: Path, options: Options) -> None:
    """Import the orders unless they are in already, and wait until all work behind it is done."""
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        known = any(i.state == "done" for i in order_queries.latest_imports(ctx))
    if not known or options.refunds:
        label = "" if options.orders else SIMULATED
        wanted = FileImport(shop.shop_domain, (file,), options.refunds, label=label)
        import_files(parts.database, wanted)
    wait_for_handlers(parts.database, shop.shop_domain)
    with tqdm(desc="Storefront", unit=" members") as bar:
        while True:
            with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
                open_ = outbox.pending(ctx.db, ctx.merchant_id)
                totals = points_queries.totals(ctx)
            bar.total = totals.pushed + totals.to_push
            bar.update(totals.pushed - bar.n)
            if not open_:
                return
            time.sleep(0.25)


def describe_shop(
    folder: Path,
    ports: Ports,
    shop: DemoShop,
    parts: Parts,
    options: Options,
    sample: tuple[Member, ...],
) -> None:
    """Tell the shop who it is and what to show; it reads the file again when it changes."""
    with parts.database.transaction(shop.merchant_id, readonly=True) as ctx:
        orders, points = order_queries.totals(ctx), points_queries.totals(ctx)
        shops = rfm_queries.shops(ctx)
    content = {
        "host": "127.0.0.1",
        "port": ports.shop,
        "data_dir": folder / "shop",
        "web_url": ports.web_url,
        "app": {
            "api_key": shop.api_key,
            "app_secret": shop.app_secret,
            "access_token": shop.access_token,
        },
        "store": {
            "shop_domain": shop.shop_domain,
            "name": "Nest & Bloom",
            "currency": shop.currency,
            "locale": "en",
        },
        "admin": {"merchant_id": shop.merchant_id, "admin_user_id": shop.admin_user_id},
        "label": "" if options.orders else SIMULATED,
        "customers": [
            {"customer_id": m.customer_id, "role": m.role, "locale": m.locale} for m in sample
        ],
        "start": {
            "figures": {
                "Orders": orders.orders,
                "Customers": orders.customers,
                "Points": points.points,
            },
            "segments": {name: s.segments[name] for s in shops for name in SEGMENTS if s.segments},
            "services": {"LoyalNest web": ports.web_url, "Shop": ports.shop_url},
        },
    }
    (folder / "shop").mkdir(exist_ok=True)
    write_private(folder / "shop.json", content)


def write_description(
    folder: Path,
    ports: Ports,
    shop: DemoShop,
    environment: dict[str, str],
    sample: tuple[Member, ...],
) -> None:
    """`demo.json`: what programs need to use the demo. Development secrets only."""
    content = {
        "base_url": ports.web_url,
        "storefront_url": ports.shop_url,
        "admin_url": f"{ports.shop_url}/demo/admin",
        "database_url": environment["DATABASE_URL"],
        "redis_url": environment["REDIS_URL"],
        "merchant_id": shop.merchant_id,
        "app": {"api_key": shop.api_key, "app_secret": shop.app_secret},
        "stores": [{"store_id": shop.store_id, "shop_domain": shop.shop_domain}],
        "keys": {"admin": shop.admin_key, "customer": shop.customer_key},
        "customers": [
            {"customer_id": m.customer_id, "shop_domain": shop.shop_domain, "locale": m.locale}
            for m in sample
        ],
    }
    write_private(folder / "demo.json", content)


def stop(folder: Path) -> int:
    """Stop the demo that runs in `folder`, if one does."""
    pid = running_pid(folder)
    if pid is None:
        print(f"No demo is running in {folder}.")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while running_pid(folder) == pid:
        if time.monotonic() > deadline:
            raise ServerError(f"The demo (pid {pid}) does not stop; end it by its pid.")
        time.sleep(0.1)
    print("Stopped.")
    return 0


def advance(folder: Path, by: timedelta) -> int:
    """Move the business clock of the running demo."""
    clock = folder / "clock.json"
    now = SystemClock(clock).now() + by
    write_offset(clock, now)
    print(f"Business time is now {now:%Y-%m-%d %H:%M} UTC.")
    return 0


def parse(argv: list[str]) -> Options:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp demo",
        description="Run a whole shop on this machine: storefront, dashboard, workers, servers.",
    )
    add = parser.add_argument
    add("--orders", type=existing, metavar="FILE", help="real orders instead of simulated ones")
    add("--refunds", type=existing, action="append", default=[], metavar="FILE")
    add("--as-of", type=calendar_date.fromisoformat, metavar="DATE", help="business date to start")
    add("--advance", type=span, metavar="3d", help="move the business clock (of a running demo)")
    add("--port", type=int, default=DEFAULT_PORT, help="the shop's port; the web has the next one")
    add("--data", type=Path, default=DATA, metavar="DIR")
    add("--no-browser", action="store_true")
    add("--stop", action="store_true", help="stop the demo that runs in DIR")
    given = parser.parse_args(argv)
    return Options(
        given.orders,
        tuple(given.refunds),
        given.as_of,
        given.advance,
        given.port,
        given.data.resolve(),
        not given.no_browser,
        given.stop,
    )


def existing(value: str) -> Path:
    """An argument that names a file which can be read."""
    path = Path(value)
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {value}")
    return path


def span(value: str) -> timedelta:
    """`3d`, `12h` or `2w`."""
    match = _SPAN.fullmatch(value)
    if match is None:
        raise argparse.ArgumentTypeError("write it like 3d, 12h or 2w")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})
