"""`bench contract`: calls per CPU second of one row, against bare servers that run its statements.

Everything runs as in production: an own PostgreSQL and Valkey, gunicorn as `serve` starts it, the
gRPC server as `rpc` starts it. The bare peers (`bare.py`) run in the same call with the same
settings, and with the very statements that the row's use case was seen to run.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, TextClause, event

from webapp.core import discovery, messages
from webapp.core.config import Settings
from webapp.core.words import new_id
from webapp.demo.services import web_server
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore, CreateServiceKey, RegisterApp
from webapp.features.orders.commands import import_files
from webapp.features.orders.messages import FileImport
from webapp.lab import bare
from webapp.lab.bench import BenchError, Result
from webapp.lab.callers import over_grpc, over_http, repeat
from webapp.lab.stage import POSTGRES, VALKEY, Stage, free_ports, open_stage
from webapp.parts import Parts, build

ROW = "sync_points"
SHOP = "bench.myshopify.com"
CUSTOMER = "7104466075915"
# Many short rounds, so that what else the machine does meets all four alike.
CALLS, ROUNDS, WARM_UP = 50, 16, 100
GOALS = {"rest_ratio": (">=", 0.5), "grpc_ratio": (">=", 0.5)}
NOTES = (
    "POST /v1/api/points/sync and points.v1.PointsService/SyncPoints of a member, with a service",
    "key, against a bare Flask route (same gunicorn settings) and a bare grpcio method that run",
    "the same statements in the same order, as the same role, for the same tenant, and commit,",
    "through SQLAlchemy's core and the same pool. After the commit ours also drops a cache tag and",
    "rings a bell in Valkey, which the bare ones do not.",
    "The bare ones check no key, count no call, decode no message and answer without envelope.",
    "*_ratio: calls per CPU second of everything that works for the call (the server's processes,",
    "PostgreSQL and Valkey), ours to bare; *_ratio_python: of the server's processes alone.",
    "*_us: CPU microseconds a call; *_contract_us: what the contract layer adds to the bare call.",
)


@dataclass(slots=True)
class Cost:
    """What the calls to one server took: CPU seconds of its own processes, and of the stores."""

    calls: int = 0
    python: float = 0.0
    stores: float = 0.0

    @property
    def microseconds(self) -> float:
        return 1e6 * (self.python + self.stores) / self.calls

    @property
    def python_microseconds(self) -> float:
        return 1e6 * self.python / self.calls


@dataclass(frozen=True, slots=True)
class Peer:
    """One server under measurement, and how to call it."""

    name: str
    connect: Callable[[], Any]
    cost: Cost = field(default_factory=Cost)


def run(argv: list[str]) -> Result:
    """Measure all four. Raises BenchError when an answer is not the expected one."""
    options = parse(argv)
    with open_stage() as stage:
        peers = start(stage)
        for peer in peers:
            repeat(peer.connect, WARM_UP, check)
        for _ in range(options.rounds):
            for peer in peers:
                measure(stage, peer, options.calls)
    return Result(figures({peer.name: peer.cost for peer in peers}), GOALS, NOTES)


def figures(costs: Mapping[str, Cost]) -> dict[str, float]:
    """All figures by name; see NOTES."""
    found: dict[str, float] = {}
    for way in ("rest", "grpc"):
        ours, plain = costs[way], costs[f"bare_{way}"]
        found[f"{way}_calls_per_cpu_second"] = 1e6 / ours.microseconds
        found[f"bare_{way}_calls_per_cpu_second"] = 1e6 / plain.microseconds
        found[f"{way}_ratio"] = plain.microseconds / ours.microseconds
        found[f"{way}_ratio_python"] = plain.python_microseconds / ours.python_microseconds
        found[f"{way}_us"], found[f"bare_{way}_us"] = ours.microseconds, plain.microseconds
        found[f"{way}_contract_us"] = ours.microseconds - plain.microseconds
        found[f"{way}_python_us"] = ours.python_microseconds
        found[f"bare_{way}_python_us"] = plain.python_microseconds
    return found


def measure(stage: Stage, peer: Peer, calls: int) -> None:
    """Make the calls, and add what they took to the peer's cost."""
    python, stored = stage.cpu(peer.name), stage.cpu(POSTGRES, VALKEY)
    peer.cost.calls += repeat(peer.connect, calls, check)
    peer.cost.python += stage.cpu(peer.name) - python
    peer.cost.stores += stage.cpu(POSTGRES, VALKEY) - stored


def check(fields: Mapping[str, Any]) -> None:
    if (fields.get("status"), fields.get("points_balance")) != ("ok", 0):
        raise BenchError(f"A call was answered with {dict(fields)}.")


def start(stage: Stage) -> list[Peer]:
    """All four, once each of them answers."""
    environment = stage.new_database("bench").environment
    parts = build(Settings.from_env(environment))
    merchant_id, key = connect_shop(parts, stage.folder)
    _, row = discovery.use_cases()[ROW]
    given = {"customer_id": CUSTOMER, "store_ids": [SHOP], "locale": "en"}
    told = stage.folder / "recorded.json"
    record(parts, merchant_id, given).write(told)
    parts.close()
    ports = free_ports(4)
    headers = {"Authorization": f"Bearer {key}"}
    peers = [
        Peer("rest", over_http(ports[0], row.path, given, headers)),
        Peer("bare_rest", over_http(ports[1], bare.PATH, given, {})),
        Peer("grpc", over_grpc(ports[2], str(row.grpc), given, {"authorization": f"Bearer {key}"})),
        Peer("bare_grpc", over_grpc(ports[3], bare.METHOD, given, {})),
    ]
    factory = f"webapp.lab.bare:create_web('{told}')"
    commands = {
        "rest": web_server("wsgi:app", f"127.0.0.1:{ports[0]}"),
        "bare_rest": web_server(factory, f"127.0.0.1:{ports[1]}"),
        "grpc": ("-m", "webapp.rpc", "--bind", f"127.0.0.1:{ports[2]}"),
        "bare_grpc": ("-m", "webapp.lab.bare", str(told), f"127.0.0.1:{ports[3]}"),
    }
    for name, argv in commands.items():
        stage.spawn(name, environment, *argv)
    for peer, port in zip(peers, ports, strict=True):
        stage.wait_for(peer.name, port)
    return peers


def connect_shop(parts: Parts, folder: Path) -> tuple[str, str]:
    """A merchant with one store that we may write to, one member and a key: (merchant id, key)."""
    merchant_id = new_id("mer_")
    with parts.database.transaction(merchant_id) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp("app_bench", "bench", "bench"))
        accounts.create_merchant(ctx, "Bench")
        accounts.connect_store(ctx, ConnectStore(SHOP, "app_bench", "USD", "UTC", "bench"))
        key = accounts.create_service_key(ctx, CreateServiceKey(frozenset({"admin:points"})))
    orders = folder / "orders.csv"
    orders.write_text(f"customer_id,ordered_at,amount,currency\n{CUSTOMER},2026-01-05,9.00,USD\n")
    import_files(parts.database, FileImport(SHOP, (orders,), quiet=True))
    return merchant_id, key


def record(parts: Parts, merchant_id: str, given: Mapping[str, Any]) -> bare.Recorded:
    """The statements that the use case runs for `given`, the tenant's scope included, which we set
    together with the beginning of a transaction."""
    scope = "select set_config('app.merchant_id', :merchant_id, true)"
    seen: list[tuple[str, Mapping[str, Any]]] = [(scope, {"merchant_id": merchant_id})]

    def note(_connection: object, clause: Any, _many: object, values: Any, _: object) -> None:
        if not isinstance(clause, TextClause):
            raise BenchError(f"The use case runs {clause}, which cannot be replayed as text.")
        seen.append((clause.text, values))

    _, row = discovery.use_cases()[ROW]
    event.listen(Engine, "before_execute", note)
    with parts.database.transaction(merchant_id) as ctx:
        row.run(ctx, messages.decode(row.message, given))
    event.remove(Engine, "before_execute", note)
    return bare.Recorded(parts.settings.database_url, tuple(seen))


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m webapp bench contract", description="Measure what a call costs."
    )
    parser.add_argument(
        "--calls", type=int, default=CALLS, metavar="N", help="calls of a client a round (50)"
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help="rounds (16)")
    options = parser.parse_args(argv)
    if options.calls < 1 or options.rounds < 1:
        parser.error("there must be at least one call and one round")
    return options
