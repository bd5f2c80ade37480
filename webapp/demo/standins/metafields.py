"""Where the stand-in keeps metafields: one SQLite file, read by the theme as well."""

import hashlib
import os
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from webapp.core.clock import Clock

# Shopify shows an app's own namespace `$app:x` to that app as `app--<number of the app>--x`.
APP_NUMBER = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS metafields (
    id INTEGER PRIMARY KEY, shop TEXT NOT NULL, owner TEXT NOT NULL, namespace TEXT NOT NULL,
    key TEXT NOT NULL, type TEXT NOT NULL, value TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, UNIQUE (shop, owner, namespace, key)
)"""
_UPSERT = """
INSERT INTO metafields (shop, owner, namespace, key, type, value, created_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (shop, owner, namespace, key)
DO UPDATE SET type = excluded.type, value = excluded.value, updated_at = excluded.updated_at
RETURNING id, owner, namespace, key, type, value, created_at, updated_at"""
_READ = "SELECT id, owner, namespace, key, type, value, created_at, updated_at FROM metafields"
ANY_DIGEST = object()


def resolved_namespace(namespace: str) -> str:
    """`$app:loyalnest` -> `app--1--loyalnest`, `$app` -> `app--1`; others stay as they are."""
    if namespace == "$app":
        return f"app--{APP_NUMBER}"
    if namespace.startswith("$app:"):
        return f"app--{APP_NUMBER}--{namespace.removeprefix('$app:')}"
    return namespace


class StaleMetafieldError(Exception):
    """The digest of the entry at `index` is not the one of the stored value."""

    def __init__(self, index: int) -> None:
        super().__init__(f"metafield {index} has changed")
        self.index = index


@dataclass(frozen=True, slots=True)
class Entry:
    """A value to store. `digest`: ANY_DIGEST, or what must be stored now (None: nothing)."""

    owner: str
    namespace: str
    key: str
    type: str
    value: str
    digest: object = ANY_DIGEST


@dataclass(frozen=True, slots=True)
class Metafield:
    """A stored value; `owner` is a global id, times are ISO 8601."""

    id: int
    owner: str
    namespace: str
    key: str
    type: str
    value: str
    created_at: str
    updated_at: str

    @property
    def digest(self) -> str:
        """Changes whenever type or value do."""
        return hashlib.sha256(f"{self.type}\0{self.value}".encode()).hexdigest()


class MetafieldStore:
    """Metafields of all shops. Any thread or process may use one; each has its own connection.

    WAL with synchronous=NORMAL: a killed process loses nothing, a power cut the last moments.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._local = threading.local()

    def write(self, shop: str, entries: Sequence[Entry]) -> list[Metafield]:
        """Store all entries or none; raises StaleMetafieldError."""
        now = self._clock.wall().strftime("%Y-%m-%dT%H:%M:%SZ")
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            stored = [
                self._write_one(connection, shop, index, entry, now)
                for index, entry in enumerate(entries)
            ]
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        return stored

    def of_owner(self, shop: str, owner: str) -> list[Metafield]:
        """All metafields of one owner, by namespace and key."""
        where = " WHERE shop = ? AND owner = ? ORDER BY namespace, key"
        return [Metafield(*row) for row in self._connection().execute(_READ + where, (shop, owner))]

    def one(self, shop: str, owner: str, namespace: str, key: str) -> Metafield | None:
        """The metafield of that name; `namespace` may be written with `$app`."""
        return _find(self._connection(), shop, owner, resolved_namespace(namespace), key)

    def count(self) -> int:
        """How many metafields there are in all shops together."""
        found: tuple[int] = self._connection().execute("SELECT count(*) FROM metafields").fetchone()
        return found[0]

    def _write_one(
        self, connection: sqlite3.Connection, shop: str, index: int, entry: Entry, now: str
    ) -> Metafield:
        namespace = resolved_namespace(entry.namespace)
        if entry.digest is not ANY_DIGEST:
            current = _find(connection, shop, entry.owner, namespace, entry.key)
            if (current.digest if current else None) != entry.digest:
                raise StaleMetafieldError(index)
        values = (shop, entry.owner, namespace, entry.key, entry.type, entry.value, now, now)
        return Metafield(*connection.execute(_UPSERT, values).fetchone())

    def _connection(self) -> sqlite3.Connection:
        # A connection must not cross a fork, so the process id belongs to its identity.
        if getattr(self._local, "process", None) != os.getpid():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, timeout=10, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_SCHEMA)
            self._local.connection, self._local.process = connection, os.getpid()
        found: sqlite3.Connection = self._local.connection
        return found


def _find(
    connection: sqlite3.Connection, shop: str, owner: str, namespace: str, key: str
) -> Metafield | None:
    where = " WHERE shop = ? AND owner = ? AND namespace = ? AND key = ?"
    row = connection.execute(_READ + where, (shop, owner, namespace, key)).fetchone()
    return Metafield(*row) if row else None
