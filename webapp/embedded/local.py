"""The servers that a machine lacks: started in a data folder, unless the environment names them."""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import psycopg
import redis

from webapp.embedded.postgres import PostgresServer
from webapp.embedded.supervisor import ServerError, Supervisor
from webapp.embedded.valkey import ValkeyServer

LOCK_NAME = "servers.lock"
CONNECT_SECONDS = 5


@dataclass(frozen=True)
class ServerUrls:
    """`admin_url` is for SQLAlchemy, with the rights to make roles and databases."""

    admin_url: str
    redis_url: str


class LocalServers:
    """PostgreSQL and Valkey in `data_dir`, which one process at a time may use."""

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        self.data_dir = data_dir.resolve()
        self.fast = fast

    def start(self, supervisor: Supervisor, environ: Mapping[str, str]) -> ServerUrls:
        """Start what `environ` does not name (DATABASE_URL, REDIS_URL), wait until all answers.

        Raises ServerError with a sentence when the folder is in use, a named server does not
        answer, or a server cannot be started here.
        """
        with _worded(self.data_dir):
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = _take(self.data_dir)
            supervisor.on_stop(lock.close)
            postgres = None if environ.get("DATABASE_URL") else self._postgres(supervisor)
            valkey = None if environ.get("REDIS_URL") else self._valkey(supervisor)
            return ServerUrls(
                _ready(postgres) if postgres else _database_of(environ["DATABASE_URL"]),
                _ready(valkey) if valkey else _redis_of(environ["REDIS_URL"]),
            )

    def _postgres(self, supervisor: Supervisor) -> PostgresServer:
        server = PostgresServer(self.data_dir / "postgres", fast=self.fast)
        server.start(supervisor)
        return server

    def _valkey(self, supervisor: Supervisor) -> ValkeyServer:
        server = ValkeyServer(self.data_dir / "valkey")
        server.start(supervisor)
        return server


def running_pid(data_dir: Path) -> int | None:
    """The process that uses a data folder, None when nobody does."""
    file = data_dir / LOCK_NAME
    if not file.exists():
        return None
    with file.open("r", encoding="ascii") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            text = handle.read().strip()
            return int(text) if text.isdigit() else None
    return None


def _take(data_dir: Path) -> TextIO:
    """Lock the folder until the handle is closed or this process is gone, however it ends."""
    handle = (data_dir / LOCK_NAME).open("a+", encoding="ascii")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.seek(0)
        pid = handle.read().strip() or "unknown"
        handle.close()
        raise ServerError(
            f"{data_dir} is in use by another LoyalNest process (pid {pid}): stop that one first,"
            " or give this one another folder with --data."
        ) from None
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def _ready(server: PostgresServer | ValkeyServer) -> str:
    server.wait_ready()
    return server.url()


def _database_of(url: str) -> str:
    """The named database for SQLAlchemy with psycopg, once it has answered."""
    plain = url.replace("postgresql+psycopg://", "postgresql://", 1)
    try:
        psycopg.connect(plain, connect_timeout=CONNECT_SECONDS).close()
    except psycopg.Error as error:
        raise ServerError(f"The server that DATABASE_URL names does not answer: {error}") from None
    _, _, rest = plain.partition("://")
    return f"postgresql+psycopg://{rest}"


def _redis_of(url: str) -> str:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS) as client:
            client.ping()
    except (redis.RedisError, ValueError) as error:
        raise ServerError(f"The server that REDIS_URL names does not answer: {error}") from None
    return url


@contextmanager
def _worded(data_dir: Path) -> Iterator[None]:
    """A full disk or a folder that cannot be written becomes a sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or data_dir
        raise ServerError(
            f"{where}: {error.strerror}. The data folder needs 1 GB of free space and must be"
            " writable; choose another one with --data."
        ) from error
