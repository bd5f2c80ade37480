"""`bench import`: orders per second from a file to scored segments, against a bare COPY.

Everything runs as in production: an own PostgreSQL with fsync, an own Valkey, the import command's
code, two workers and the relay as processes. Each size has a database of its own on that server.
What it is compared with is measured in the same call, on the same server, from the same file.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import URL, create_engine, make_url, text

from webapp.core.config import Settings
from webapp.core.words import new_id
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, RegisterApp
from webapp.features.orders.commands import import_files, wait_for_handlers
from webapp.features.orders.messages import FileImport
from webapp.lab.bench import BenchError, Result
from webapp.lab.generated_orders import write_orders
from webapp.lab.processes import cpu_seconds
from webapp.lab.stage import POSTGRES, Stage, open_stage
from webapp.parts import Parts, build

SMALL, LARGE = 60_000, 1_000_000
WORKERS = 2
SHOP = "bench.myshopify.com"
COPY_ROUNDS = 3
# A round of COPY takes at least this many rows, since CPU time comes in steps of 10 ms.
COPY_ROWS = 300_000
GOALS = {"ratio": (">=", 0.10), "flatness": ("<=", 1.3)}
NOTES = (
    "End to end: from opening the file until points, facts, cut-points and segments are written,",
    f"worked by {WORKERS} workers and the relay. Compared with a bare COPY of the file's four",
    "columns (customer_id text, ordered_at timestamptz, amount numeric, currency text) into a",
    "logged table with a bigint identity as primary key, on the same server, best of 3.",
    "ratio and flatness are of PostgreSQL's CPU seconds (all its processes); *_wall of the clock.",
)


@dataclass(frozen=True, slots=True)
class Cost:
    """What so many rows took: seconds of the clock, and CPU seconds of PostgreSQL and of our own
    processes (this one, the workers, the relay)."""

    rows: int
    wall: float
    server_cpu: float
    python_cpu: float

    @property
    def rows_per_second(self) -> float:
        return self.rows / self.wall

    @property
    def rows_per_cpu_second(self) -> float:
        return self.rows / max(self.server_cpu, 0.01)


@dataclass(frozen=True, slots=True)
class Measured:
    """One size: the import end to end, and the COPY of the same rows."""

    end_to_end: Cost
    copy: Cost

    @property
    def ratio(self) -> float:
        return self.end_to_end.rows_per_cpu_second / self.copy.rows_per_cpu_second

    @property
    def ratio_wall(self) -> float:
        return self.end_to_end.rows_per_second / self.copy.rows_per_second


def run(argv: list[str]) -> Result:
    """Measure a small and a large import. Raises BenchError when an import's result is wrong."""
    options = parse(argv)
    with open_stage() as stage:
        small, large = (measure(stage, orders) for orders in (options.small, options.large))
    return Result(figures(small, large), GOALS, NOTES)


def figures(small: Measured, large: Measured) -> dict[str, float]:
    """All figures by name; see NOTES."""
    few, many = small.end_to_end, large.end_to_end
    return {
        "orders_small": few.rows,
        "orders_large": many.rows,
        "orders_per_second_60k": few.rows_per_second,
        "orders_per_second_1m": many.rows_per_second,
        "copy_rows_per_second": large.copy.rows_per_second,
        "orders_per_server_cpu_second_60k": few.rows_per_cpu_second,
        "orders_per_server_cpu_second_1m": many.rows_per_cpu_second,
        "copy_rows_per_server_cpu_second_60k": small.copy.rows_per_cpu_second,
        "copy_rows_per_server_cpu_second_1m": large.copy.rows_per_cpu_second,
        "python_cpu_us_per_order_60k": 1e6 * few.python_cpu / few.rows,
        "python_cpu_us_per_order_1m": 1e6 * many.python_cpu / many.rows,
        "ratio": large.ratio,
        "ratio_small": small.ratio,
        "ratio_wall": large.ratio_wall,
        "ratio_wall_small": small.ratio_wall,
        "flatness": few.rows_per_cpu_second / many.rows_per_cpu_second,
        "flatness_wall": few.rows_per_second / many.rows_per_second,
    }


def measure(stage: Stage, orders: int) -> Measured:
    """COPY, then import, one file of `orders` rows in a new database."""
    file = stage.folder / f"{orders}.csv"
    points = write_orders(file, orders)
    database = stage.new_database(f"bench_{orders}")
    copied = copy(stage, database.owner_url, file, orders)
    parts = build(Settings.from_env(database.environment))
    connect_shop(parts)
    with stage.workers(database.environment, WORKERS) as pids:
        imported = bring_in(stage, parts, file, orders, pids)
    parts.close()
    check(make_url(stage.urls.admin_url).set(database=database.name), orders, points)
    stage.administer(f"drop database {database.name} with (force)")
    return Measured(imported, copied)


def copy(stage: Stage, owner_url: str, file: Path, orders: int) -> Cost:
    """The best of several rounds of COPY into a new table, by the clock and by CPU."""
    again = max(1, COPY_ROWS // orders)
    url = owner_url.replace("postgresql+psycopg://", "postgresql://", 1)
    rounds = []
    with psycopg.connect(url, autocommit=True) as connection:
        for _ in range(COPY_ROUNDS):
            connection.execute(_CREATE_BARE)
            stage.administer("checkpoint")

            def fill() -> None:
                for _ in range(again):
                    copy_file(connection, file)

            rounds.append(cost(stage, again * orders, (), fill))
        connection.execute("drop table bare")
    wall, cpu = min(r.wall for r in rounds), min(r.server_cpu for r in rounds)
    return Cost(again * orders, wall, cpu, min(r.python_cpu for r in rounds))


def bring_in(stage: Stage, parts: Parts, file: Path, orders: int, pids: tuple[int, ...]) -> Cost:
    """Import the file and wait for all that follows from it."""
    stage.administer("checkpoint")

    def work() -> None:
        import_files(parts.database, FileImport(SHOP, (file,), quiet=True))
        wait_for_handlers(parts.database, SHOP, quiet=True)

    return cost(stage, orders, pids, work)


def cost(stage: Stage, rows: int, processes: tuple[int, ...], work: Callable[[], None]) -> Cost:
    """What `work` on so many rows takes; `processes` are those that work along."""
    began, server = time.monotonic(), stage.cpu(POSTGRES)
    python = time.process_time() + sum(map(cpu_seconds, processes))
    work()
    wall = time.monotonic() - began
    used = time.process_time() + sum(map(cpu_seconds, processes)) - python
    return Cost(rows, wall, stage.cpu(POSTGRES) - server, used)


_CREATE_BARE = """
drop table if exists bare;
create table bare (
    id bigint generated always as identity primary key,
    customer_id text not null,
    ordered_at timestamptz not null,
    amount numeric not null,
    currency text not null
)
"""
_COPY_BARE = """
copy bare (customer_id, ordered_at, amount, currency) from stdin (format csv, header)
"""


def copy_file(connection: psycopg.Connection, file: Path) -> None:
    """Send the file's bytes as they are."""
    with (
        file.open("rb") as source,
        connection.cursor() as cursor,
        cursor.copy(_COPY_BARE) as copy,
    ):
        while block := source.read(1 << 18):
            copy.write(block)


def connect_shop(parts: Parts) -> None:
    """A merchant with one store, without an access token: there is nothing to push."""
    merchant_id = new_id("mer_")
    with parts.database.transaction(merchant_id) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp("app_bench", "bench", "bench"))
        accounts.create_merchant(ctx, "Bench")
        accounts.connect_store(ctx, ConnectStore(SHOP, "app_bench", "USD"))


_OUTCOME = """
select (select count(*) from orders), (select sum(points) from points_transactions),
       (select sum(points + pending) from customer_cards),
       (select max(customers) from rfm_cutpoints),
       (select count(*) from users)
"""


def check(url: URL, orders: int, points: int) -> None:
    """Raise BenchError unless every order is in, with its points, and every customer is scored."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found, entered, balance, scored, customers = connection.execute(text(_OUTCOME)).one()
    engine.dispose()
    if (found, entered, balance, scored) != (orders, points, points, customers):
        raise BenchError(
            f"Of {orders} orders worth {points} points, {found} came in with {entered} points"
            f" ({balance} in balances); {scored} of {customers} customers have scores."
        )


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp bench import", description="Measure an import end to end."
    )
    parser.add_argument("--small", type=int, default=SMALL, metavar="N", help="orders (60,000)")
    parser.add_argument("--large", type=int, default=LARGE, metavar="N", help="orders (1,000,000)")
    parser.add_argument(
        "--orders", type=int, metavar="N", help="a short run: N orders, and half as many"
    )
    options = parser.parse_args(argv)
    if options.orders is not None:
        options.small, options.large = options.orders // 2, options.orders
    if not 0 < options.small < options.large:
        parser.error("the sizes must be positive, and the small one smaller")
    return options
