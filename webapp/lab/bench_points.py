"""`bench points`: orders per CPU second from the webhook to the ledger, against pgbench.

Everything runs as in production: PostgreSQL with fsync, Valkey, gunicorn, two workers and the
relay. Orders come as signed webhooks over HTTP, are kept in the inbox, become orders, entries,
lots, balances and facts. pgbench runs one transaction an order on the same tables, in the same
call, that leaves the same rows behind. They take turns, because a machine that others use as well
is not as fast in one minute as in the next.
"""

import argparse
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from sqlalchemy import Connection, make_url, text

from webapp.core import signatures
from webapp.core.config import Settings
from webapp.demo.services import web_server
from webapp.embedded.postgres import find_programs
from webapp.lab import order_rows
from webapp.lab.bench import BenchError, Result
from webapp.lab.generated_orders import paid_order
from webapp.lab.processes import cpu_seconds
from webapp.lab.shops import SECRET, Shop, connect_shop, superuser
from webapp.lab.stage import POSTGRES, VALKEY, NewDatabase, Stage, free_ports, open_stage
from webapp.parts import Parts, build

FEW, MANY, ORDERS = 10_000, 1_000_000, 9_000
ROUNDS = 6
WORKERS, CLIENTS = 2, 4
QUIET_SECONDS = 300.0
NUMBERED_FROM = 5_000_000_000
GOALS = {"ratio": (">=", 0.25), "flatness": ("<=", 1.3)}
NOTES = (
    "Orders as signed orders/paid webhooks over HTTP, until entries, lots, balances, cards, facts",
    f"and segments are written: gunicorn, {WORKERS} workers and the relay. What is to be sent is",
    "queued and not sent. pgbench: one transaction an order that leaves the same rows behind, on",
    "the same tables, as the same role. *_per_cpu_second: of PostgreSQL, Valkey and our processes;",
    "pgbench's of PostgreSQL alone, its client excluded, as is the client that tells the orders.",
    "flatness: CPU an order with a million ledger entries there, to that with ten thousand, each",
    f"on servers of its own. The three take turns, in {ROUNDS} rounds.",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many orders took: CPU seconds of the stores and of our processes, and the clock."""

    orders: int = 0
    stores: float = 0.0
    python: float = 0.0
    wall: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.orders + other.orders,
            self.stores + other.stores,
            self.python + other.python,
            self.wall + other.wall,
        )

    @property
    def cpu(self) -> float:
        return (self.stores + self.python) / self.orders


@dataclass(frozen=True, slots=True)
class Site:
    """The product on servers of its own, and the shop that tells it orders."""

    stage: Stage
    database: NewDatabase
    db: Connection
    port: int
    pids: tuple[int, ...]
    parts: Parts
    shop: Shop


def run(argv: list[str]) -> Result:
    """Measure with few and with many entries. Raises BenchError when something came out wrong."""
    options = parse(argv)
    each = options.orders // ROUNDS
    told, compared, told_many = Cost(), Cost(), Cost()
    with (
        open_site(options.few, options.orders // 5) as few,
        open_site(options.many, options.orders // 5) as many,
    ):
        bare = connect_shop(few.parts, few.db, 2, options.few)
        before = [order_rows.rows(few.db, shop.merchant_id) for shop in (few.shop, bare)]
        for number in range(ROUNDS):
            told += measure(few, NUMBERED_FROM + number * each, each)
            compared += pgbench(few, bare, each)
            told_many += measure(many, NUMBERED_FROM + number * each, each)
        after = [order_rows.rows(few.db, shop.merchant_id) for shop in (few.shop, bare)]
        check(few.db, few.shop, options.few + options.orders // 5 + options.orders)
        compare_rows(
            *(added(*counts, options.orders) for counts in zip(before, after, strict=True))
        )
    return Result(figures(told, told_many, compared), GOALS, NOTES)


def figures(few: Cost, many: Cost, bare: Cost) -> dict[str, float]:
    """All figures by name; see NOTES."""
    return {
        "orders_per_cpu_second": 1 / few.cpu,
        "orders_per_cpu_second_1m": 1 / many.cpu,
        "pgbench_orders_per_cpu_second": 1 / bare.cpu,
        "orders_per_second": few.orders / few.wall,
        "python_us_per_order": 1e6 * few.python / few.orders,
        "stores_us_per_order": 1e6 * few.stores / few.orders,
        "stores_us_per_order_1m": 1e6 * many.stores / many.orders,
        "pgbench_us_per_order": 1e6 * bare.cpu,
        "ratio": bare.cpu / few.cpu,
        "ratio_stores": bare.cpu * few.orders / few.stores,
        "flatness": many.cpu / few.cpu,
        "flatness_stores": many.stores / few.stores,
    }


@contextmanager
def open_site(entries: int, warm_up: int) -> Iterator[Site]:
    """The product with a shop of so many entries, and so many orders behind it."""
    with open_stage() as stage:
        database = stage.new_database("bench")
        parts = build(Settings.from_env(database.environment))
        with superuser(stage, database) as db, product(stage, database) as (port, pids):
            shop = connect_shop(parts, db, 1, entries)
            tell(port, shop, 1, warm_up)
            settle(db, shop)
            yield Site(stage, database, db, port, pids, parts, shop)
        parts.close()


@contextmanager
def product(stage: Stage, database: NewDatabase) -> Iterator[tuple[int, tuple[int, ...]]]:
    """The product's processes: the port of the web, and the pids of all of them."""
    (port,) = free_ports(1)
    stage.spawn("web", database.environment, *web_server("wsgi:app", f"127.0.0.1:{port}"))
    stage.wait_for("web", port)
    with stage.workers(database.environment, WORKERS) as pids:
        yield port, (stage.pid("web"), *pids)


def measure(site: Site, first: int, orders: int) -> Cost:
    """Tell so many orders, and wait until all is applied."""
    began, stores = time.monotonic(), site.stage.cpu(POSTGRES, VALKEY)
    python = sum(map(cpu_seconds, site.pids))
    tell(site.port, site.shop, first, orders)
    settle(site.db, site.shop)
    wall, used = time.monotonic() - began, sum(map(cpu_seconds, site.pids)) - python
    return Cost(orders, site.stage.cpu(POSTGRES, VALKEY) - stores, used, wall)


def tell(port: int, shop: Shop, first: int, orders: int) -> None:
    """Have several clients tell the shop's orders, each over a connection that stays open."""

    def work(client: int) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=30)
        for number in range(first + client, first + orders, CLIENTS):
            body = json.dumps(paid_order(number, 1 + number % shop.members)).encode()
            headers = {
                "X-Shopify-Topic": "orders/paid",
                "X-Shopify-Webhook-Id": f"bench-{number}",
                "X-Shopify-Shop-Domain": shop.domain,
                "X-Shopify-Hmac-SHA256": signatures.shopify_signature(body, SECRET),
            }
            connection.request("POST", "/webhooks/shopify", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise BenchError(f"A webhook was answered with {answer.status}.")
        connection.close()

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work, client) for client in range(CLIENTS)]:
            done.result()


def settle(db: Connection, shop: Shop) -> None:
    """Return when nothing is left to be applied. Raises BenchError."""
    open_ones = text(
        "select count(*) from deliveries where merchant_id = :m and handler not like '%.send.%'"
    )
    deadline = time.monotonic() + QUIET_SECONDS
    while db.scalar(open_ones, {"m": shop.merchant_id}):
        if time.monotonic() > deadline:
            raise BenchError("The orders are not applied.")
        time.sleep(0.1)


def pgbench(site: Site, shop: Shop, orders: int) -> Cost:
    """What as many orders of another shop cost pgbench. Raises BenchError."""
    script = site.stage.folder / "order.sql"
    url = make_url(site.database.app_url)
    size = "select max(octet_length(body)) from inbound_events where merchant_id = :m"
    body = int(site.db.scalar(text(size), {"m": site.shop.merchant_id}) or 0)
    order_rows.write_script(script, shop.merchant_id, shop.store_id, shop.members, body)
    began, stores = time.monotonic(), site.stage.cpu(POSTGRES)
    command = [str(find_programs() / "pgbench"), "-n", "-M", "prepared", "-f", str(script)]
    command += ["-c", str(CLIENTS), "-t", str(orders // CLIENTS), "-U", str(url.username)]
    command += ["-h", str(url.query["host"]), "-p", str(url.query.get("port", url.port or 5432))]
    done = subprocess.run(
        [*command, str(url.database)], capture_output=True, text=True, check=False
    )
    cost = Cost(orders, site.stage.cpu(POSTGRES) - stores, 0.0, time.monotonic() - began)
    processed = re.search(r"actually processed: (\d+)", done.stdout)
    if done.returncode or not processed or int(processed[1]) != orders:
        raise BenchError(f"pgbench failed: {done.stderr[-500:]}")
    return cost


def added(before: Mapping[str, int], after: Mapping[str, int], orders: int) -> dict[str, int]:
    """Table -> rows an order; what comes once a batch is less than half a row, and left out."""
    found = {table: round((n - before.get(table, 0)) / orders) for table, n in after.items()}
    return {table: n for table, n in found.items() if n}


def compare_rows(ours: Mapping[str, int], theirs: Mapping[str, int]) -> None:
    """Raise BenchError unless an order leaves the same rows behind in both ways."""
    if ours != theirs:
        raise BenchError(f"Rows an order differ: ours {ours}, pgbench's {theirs}")


def check(db: Connection, shop: Shop, orders: int) -> None:
    """Raise BenchError unless every order is in the ledger, and entries, lots and cards agree."""
    found = db.execute(text(_SUMS), {"m": shop.merchant_id}).one()
    if found[0] != orders or len(set(found[1:])) != 1:
        raise BenchError(f"Of {orders} orders these came out: {tuple(found)}")


_SUMS = """
select (select count(*) from orders where merchant_id = :m),
       (select sum(points) from points_transactions where merchant_id = :m),
       (select sum(remaining) from points_lots where merchant_id = :m),
       (select sum(points + pending) from customer_cards where merchant_id = :m)
"""


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp bench points", description="Measure orders on their way in."
    )
    parser.add_argument("--few", type=int, default=FEW, metavar="N", help="entries (10,000)")
    parser.add_argument("--many", type=int, default=MANY, metavar="N", help="entries (1,000,000)")
    parser.add_argument("--orders", type=int, default=ORDERS, metavar="N", help="told (9,000)")
    options = parser.parse_args(argv)
    if (
        not 0 < options.few < options.many
        or options.orders < 1
        or options.orders % (ROUNDS * CLIENTS)
    ):
        parser.error(f"few below many, and orders in multiples of {ROUNDS * CLIENTS}")
    return options
