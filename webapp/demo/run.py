"""`demo`: a whole shop on this machine, from real or simulated orders.

Everything it starts is a child of this process and ends with it; the data stay in DIR. Each order
file has a merchant of its own, so that the figures on its dashboard are the file's.
"""

import os
import re
import signal
import sys
import time
import webbrowser
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from webapp.core.clock import SystemClock, write_offset
from webapp.core.config import Settings
from webapp.core.extension import ROOT, copy_htmx
from webapp.demo.authority import kept_authority
from webapp.demo.bringing_in import bring_in, choose_orders, set_clock, wait_for_storefront
from webapp.demo.connections import connect_services
from webapp.demo.description import SHOP_NAME, describe_shops, write_description
from webapp.demo.options import Options, parse
from webapp.demo.second import introduce, open_second
from webapp.demo.seed import DemoShop, DemoStore, remember, seed, with_second
from webapp.demo.services import (
    authority_file,
    choose_ports,
    shop_files,
    start_processes,
    start_servers,
)
from webapp.demo.survey import Survey, SurveyError
from webapp.embedded.local import running_pid
from webapp.embedded.supervisor import ServerError, Supervisor
from webapp.features.orders.commands import IMPORT_ERRORS, patiently, reason
from webapp.parts import Parts, build

STOP_SECONDS = 60.0


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
    except (ServerError, SurveyError, *IMPORT_ERRORS) as error:
        print(f"demo: {reason(error)}", file=sys.stderr)
    except OverflowError:
        print("demo: business time cannot go beyond the year 9999.", file=sys.stderr)
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
    domain = domain_for(file, surveyed)
    planted = partial(seed, parts, folder / "state.json", domain, SHOP_NAME, surveyed.currency)
    shop = patiently(parts.database, planted)
    shop, other = second_of(parts, folder, domain, shop)
    describe_shops(folder, ports, shop, other, parts, options)
    copy_htmx(ROOT)
    authority = kept_authority(authority_file(folder), SystemClock().wall())
    print("Starting web, rpc, workers, sender, relay and shop", flush=True)
    start_processes(supervisor, folder, ports, environment)
    patiently(parts.database, partial(connect_services, parts, shop.merchant_id, authority))
    bring_in(parts, shop, file, options)
    shop = open_second(parts, folder, domain, shop, other, surveyed.last_day)
    describe_shops(folder, ports, shop, other, parts, options)
    if not shop.introduced and introduce(parts, ports, shop, other, shop_files(folder)):
        shop = replace(shop, introduced=True)
        remember(folder / "state.json", domain, shop)
        describe_shops(folder, ports, shop, other, parts, options)
    wait_for_storefront(parts, shop)
    write_description(folder, ports, shop, other, environment)
    start_page = f"{ports.shop_url}/demo"
    print(f"ready {start_page}  ({time.monotonic() - began:.0f} s; Ctrl-C stops it)", flush=True)
    if options.browser:
        webbrowser.open(start_page)
    supervisor.wait()
    print("Stopping", flush=True)
    parts.close()
    return 0


def second_of(
    parts: Parts, folder: Path, domain: str, shop: DemoShop
) -> tuple[DemoShop, DemoStore]:
    """The merchant with its second shop, and that shop."""
    planted = partial(with_second, parts, folder / "state.json", domain, shop)
    both = patiently(parts.database, planted)
    if both.second is None:
        raise ServerError("The second shop could not be made.")
    return both, both.second


def domain_for(file: Path, surveyed: Survey) -> str:
    """The domain of the shop with these orders, named after file and content."""
    stem = re.sub(r"[^a-z0-9]+", "-", file.name.split(".")[0].lower()).strip("-")[:30] or "orders"
    return f"{stem}-{surveyed.digest[:6]}.myshopify.com"


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
