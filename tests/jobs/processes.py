"""LoyalNest's own processes on servers of their own, and everything that may happen to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError
from rq import Worker
from sqlalchemy import text

from tests.factories import Tenant
from tests.jobs.bench import AWARD, SCORE
from tests.jobs.sample import Figures, figures
from webapp.core import deliveries
from webapp.core.db import DATABASE_ERRORS
from webapp.embedded.supervisor import Supervisor
from webapp.parts import Parts

ROOT = Path(__file__).parents[2]
WORKERS = ("worker-1", "worker-2")
COMMANDS = {**dict.fromkeys(WORKERS, "worker"), "sender": "sender", "relay": "relay"}
FINISH_SECONDS = 60.0
_IMPORT_FINISHED = "select 1 from outbox where topic = 'orders.import_finished'"


def eventually(holds: Callable[[], object], seconds: float = FINISH_SECONDS) -> None:
    """Wait for something to come true; a server that is away says no."""
    deadline = time.monotonic() + seconds
    while True:
        with suppress(*DATABASE_ERRORS, RedisError):
            if holds():
                return
        assert time.monotonic() < deadline, f"it did not come true within {seconds:.0f} s"
        time.sleep(0.01)


@dataclass(frozen=True)
class Site:
    """One tenant's database, and the processes that work it."""

    servers: Supervisor
    processes: Supervisor
    environment: Mapping[str, str]
    parts: Parts
    tenant: Tenant
    folder: Path

    def start(self) -> None:
        """Start the processes, as `demo` does, and wait until they are at their work."""
        for name, verb in COMMANDS.items():
            argv = [sys.executable, "-m", "jobs", verb]
            env = {**self.environment, "PGAPPNAME": name}
            log = self.folder / f"{name}.log"
            self.processes.spawn(name, argv, env=env, cwd=ROOT, log=log)
        others = """
            select count(distinct application_name) from pg_stat_activity
            where application_name in ('sender', 'relay') and datname = current_database()
        """
        eventually(lambda: len(self.redis_workers()) == len(WORKERS) and self.answer(others) == 2)

    def redis_workers(self) -> list[Worker]:
        """The workers that have told Redis of themselves."""
        with Redis.from_url(self.environment["REDIS_URL"]) as connection:
            return Worker.all(connection=connection)

    def answer(self, sql: str) -> object:
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            return ctx.db.scalar(text(sql))

    def open_share(self) -> float:
        """Which part of the deliveries of all orders so far is still open."""
        sql = """
            select (select count(*) from deliveries)::float / greatest(1, 2 * count(*))
            from outbox where topic = 'orders.imported'
        """
        return float(str(self.answer(sql)))

    def orders(self) -> int:
        return int(str(self.answer("select count(*) from orders")))

    def figures(self) -> Figures:
        return figures(self.parts.database, self.tenant)

    @contextmanager
    def lanes_held(self) -> Iterator[None]:
        """Keep the workers from applying anything more, once their present batches are done."""
        lock = text("select pg_advisory_xact_lock(hashtext(:handler), hashtext(:merchant_id))")
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            for handler in (AWARD, SCORE):
                ctx.db.execute(lock, {"handler": handler, "merchant_id": ctx.merchant_id})
            yield

    def in_a_batch(self) -> bool:
        """Whether a worker is applying something at this moment."""
        with self.parts.database.transaction(self.tenant.merchant_id) as ctx:
            lanes = (deliveries.lock_lane(ctx.db, ctx.merchant_id, h) for h in (AWARD, SCORE))
            return not all(lanes)

    def finished(self) -> bool:
        """Whether everything that was taken in is worked, or dead."""
        return self.answer("select count(*) from deliveries where dead_at is null") == 0

    # What may happen. A worker dies together with the child that it forked for its job.

    def kill_one_worker(self) -> None:
        """The one that has most children: it is in the middle of a job."""
        families = [family(self.processes.pid(name)) for name in WORKERS]
        kill(max(families, key=len))

    def kill_all_workers(self) -> None:
        for name in WORKERS:
            kill(family(self.processes.pid(name)))

    def kill_the_sender(self) -> None:
        kill(family(self.processes.pid("sender")))

    def kill_the_relay(self) -> None:
        """And lose every bell that the import has rung, so that only its successor rings."""
        kill(family(self.processes.pid("relay")))
        with self.lanes_held(), Redis.from_url(self.environment["REDIS_URL"]) as valkey:
            eventually(lambda: self.answer(_IMPORT_FINISHED))
            assert self.open_share() > 0
            valkey.flushall()
            eventually(lambda: not any(family(self.processes.pid(name))[1:] for name in WORKERS))

    def stop_postgres_at_once(self) -> None:
        """An immediate shutdown; the supervisor starts it again and it recovers."""
        send(self.servers.pid("postgres"), signal.SIGQUIT)

    def lose_valkey(self, seconds: float) -> None:
        """Kill it, and whatever the supervisor starts in its place, for so long. Meanwhile no lane
        is free, so that what is left cannot be done by a job that runs already."""
        send(self.servers.pid("valkey"), signal.SIGKILL)
        with self.lanes_held():
            deadline = time.monotonic() + seconds
            while time.monotonic() < deadline:
                send(self.servers.pid("valkey"), signal.SIGKILL)
                time.sleep(0.01)
            assert self.open_share() > 0

    @contextmanager
    def frozen_valkey(self) -> Iterator[None]:
        """It takes connections and answers nothing."""
        pid = self.servers.pid("valkey")
        send(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            send(pid, signal.SIGCONT)

    def freeze_valkey(self, seconds: float) -> None:
        with self.frozen_valkey(), self.lanes_held():
            time.sleep(seconds)
            assert self.open_share() > 0


def send(pid: int | None, number: int) -> None:
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill(pids: Sequence[int]) -> None:
    assert pids, "whatever was to be killed does not run"
    for pid in pids:
        send(pid, signal.SIGKILL)


def family(leader: int | None) -> list[int]:
    """A process of the supervisor and everything in its session; empty when it does not run."""
    listed = subprocess.run(["ps", "-e", "-o", "pid="], capture_output=True, text=True, check=True)
    running = map(int, listed.stdout.split())
    return [] if leader is None else [pid for pid in running if session(pid) == leader]


def session(pid: int) -> int | None:
    """The session that a process belongs to, None when it is gone."""
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None
