"""Where a measurement takes place: own servers, a new database, the product's processes, and what
each of them costs."""

import base64
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
from rq import Worker
from sqlalchemy import create_engine, text

from webapp.core.provisioning import provision, upgrade
from webapp.embedded.local import LocalServers, ServerUrls
from webapp.embedded.postgres import NAME as POSTGRES
from webapp.embedded.supervisor import Supervisor
from webapp.embedded.valkey import NAME as VALKEY
from webapp.lab.bench import BenchError
from webapp.lab.processes import cpu_seconds

__all__ = ["POSTGRES", "VALKEY", "NewDatabase", "Stage", "free_ports", "open_stage"]

READY_SECONDS = 60.0
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class NewDatabase:
    """A database with today's schema; `environment` is what our processes are told of it."""

    name: str
    app_url: str
    owner_url: str
    environment: dict[str, str]


class Stage:
    """PostgreSQL with fsync and Valkey, as in production, in a folder that goes away with it."""

    def __init__(self, servers: Supervisor, urls: ServerUrls, folder: Path) -> None:
        self.servers, self.urls, self.folder = servers, urls, folder

    def new_database(self, name: str) -> NewDatabase:
        """Made now, empty."""
        app_url, owner_url = provision(self.urls.admin_url, name)
        upgrade(owner_url)
        environment = {
            "DATABASE_URL": app_url,
            "REDIS_URL": self.urls.redis_url,
            "LOYALNEST_SECRET_KEY": os.urandom(16).hex(),
            "LOYALNEST_ENCRYPTION_KEYS": f"bench:{base64.b64encode(os.urandom(32)).decode()}",
            "LOYALNEST_CALLS_A_MINUTE": "1000000",
        }
        return NewDatabase(name, app_url, owner_url, environment)

    def spawn(self, name: str, environment: dict[str, str], *argv: str) -> None:
        """Start a Python process of ours."""
        log = self.folder / f"{name}.log"
        self.servers.spawn(name, [sys.executable, *argv], env=environment, cwd=ROOT, log=log)

    def wait_for(self, name: str, port: int) -> None:
        """Return when the process takes connections. Raises BenchError."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            self.servers.check(name)
            try:
                socket.create_connection(("127.0.0.1", port), timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise BenchError(f"{name} does not listen after {READY_SECONDS:.0f} s.")

    @contextmanager
    def workers(self, environment: dict[str, str], count: int) -> Iterator[tuple[int, ...]]:
        """Workers and the relay, once the workers listen, as they do in production before work
        comes; gives their pids."""
        commands = {f"worker-{n + 1}": "worker" for n in range(count)} | {"relay": "relay"}
        with Supervisor() as supervisor:
            for title, kind in commands.items():
                argv = [sys.executable, "-m", "jobs", kind]
                log = self.folder / f"{title}.log"
                supervisor.spawn(title, argv, env=environment, cwd=ROOT, log=log)
            self._wait_for_workers(count)
            yield tuple(pid for title in commands if (pid := supervisor.pid(title)))

    def _wait_for_workers(self, count: int) -> None:
        deadline = time.monotonic() + READY_SECONDS
        with redis.Redis.from_url(self.urls.redis_url) as connection:
            while Worker.count(connection) < count:
                if time.monotonic() > deadline:
                    raise BenchError(f"The workers do not listen after {READY_SECONDS:.0f} s.")
                time.sleep(0.1)

    def pid(self, name: str) -> int:
        """Of a server or process that is running. Raises BenchError."""
        found = self.servers.pid(name)
        if found is None:
            raise BenchError(f"{name} is gone.")
        return found

    def cpu(self, *names: str) -> float:
        """CPU seconds so far of these servers and processes together."""
        return sum(cpu_seconds(self.pid(name)) for name in names)

    def administer(self, sql: str) -> None:
        """One statement of the superuser, outside a transaction."""
        engine = create_engine(self.urls.admin_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(sql))
        engine.dispose()


@contextmanager
def open_stage() -> Iterator[Stage]:
    """Servers of its own, until the end of the measurement."""
    with tempfile.TemporaryDirectory(prefix="loyalnest-bench-") as name, Supervisor() as servers:
        folder = Path(name)
        yield Stage(servers, LocalServers(folder / "data").start(servers, {}), folder)


def free_ports(count: int) -> list[int]:
    """So many ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
