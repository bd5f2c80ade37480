"""The database: engine, the tenant scope, and the only commit there is.

Every process logs in as `loyalnest_app`, which row-level security binds to one tenant per
transaction: a statement without a tenant raises, it never quietly sees nothing.
"""

import logging
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any, Final

import psycopg
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.sql import Literal
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from webapp.core.breakers import Breakers, NoBreakers
from webapp.core.cache import Cache
from webapp.core.clock import Clock
from webapp.core.config import ConfigurationError
from webapp.core.context import Context, HandlerNames
from webapp.core.crypto import KeyRing
from webapp.core.tenancy import SYSTEM, Actor

log = logging.getLogger(__name__)

# What a statement raises when the server goes away: SQLAlchemy's wrapping, or the driver's own.
DATABASE_ERRORS = (DBAPIError, psycopg.Error)


class Database:
    """Opens units of work. `bind` is an engine, or in tests a connection whose outer transaction
    is rolled back at the end; then a unit of work commits a savepoint."""

    def __init__(
        self,
        bind: Engine | Connection,
        *,
        clock: Clock,
        cache: Cache,
        keys: KeyRing,
        handlers: HandlerNames,
        ring: Callable[[Collection[str]], None],
        breakers: Breakers | None = None,
        base_url: str = "http://127.0.0.1:8000",
    ) -> None:
        self._bind = bind
        self._clock, self._cache, self._keys = clock, cache, keys
        self._handlers, self._ring = handlers, ring
        self._breakers = breakers or NoBreakers()
        self._base_url = base_url

    @contextmanager
    def transaction(
        self,
        merchant_id: str,
        actor: Actor = SYSTEM,
        locale: str = "en",
        *,
        readonly: bool = False,
        within: float | None = None,
    ) -> Iterator[Context]:
        """One unit of work of one tenant; commits at the end, rolls back on any exception.

        No statement may take longer than `within` seconds, see `timed_out`. After the commit the
        named cache tags are dropped and the doorbells rung; both are best effort, for the relay
        rings again whatever is due.
        """
        with begun(self._bind, merchant_id, readonly=readonly, within=within) as session:
            ctx = Context(
                db=session,
                merchant_id=merchant_id,
                actor=actor,
                locale=locale,
                now=milliseconds(self._clock.now()),
                wall=self._clock.wall(),
                keys=self._keys,
                handlers=self._handlers,
                breakers=self._breakers,
                base_url=self._base_url,
            )
            yield ctx
        self._after_commit(ctx)

    @contextmanager
    def before_tenant(self) -> Iterator[Session]:
        """A session without a tenant, for the closed list of questions in `core.routing` and for
        the tables that belong to no tenant."""
        with begun(self._bind, "") as session:
            yield session

    @property
    def keys(self) -> KeyRing:
        """What secrets at rest are sealed with."""
        return self._keys

    @contextmanager
    def pinned(self) -> Iterator["Database"]:
        """The same database on one connection of its own, so that temporary tables outlive a unit
        of work. Raises one of DATABASE_ERRORS when the connection is lost."""
        if isinstance(self._bind, Connection):
            raise TypeError("a database on one connection has no other to pin")
        with self._bind.connect() as connection:
            yield Database(
                connection,
                clock=self._clock,
                cache=self._cache,
                keys=self._keys,
                handlers=self._handlers,
                ring=self._ring,
                breakers=self._breakers,
                base_url=self._base_url,
            )

    def close(self) -> None:
        """Close the connections of this process; those in use as soon as they are not."""
        if isinstance(self._bind, Engine):
            self._bind.dispose()

    def _after_commit(self, ctx: Context) -> None:
        try:
            if ctx.stale_tags:
                self._cache.drop(ctx.stale_tags)
            if ctx.rings:
                self._ring(sorted(ctx.rings))
        except Exception:
            log.warning("after-commit work failed; the relay will ring again", exc_info=True)


def milliseconds(at: datetime) -> datetime:
    """A moment as the database keeps it, but never later than it is: what is written at a moment
    must not lie in its own future."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def connection_lost(error: BaseException) -> bool:
    """Whether the database went away (or could not go on), rather than refused a statement: trying
    again later may help."""
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.orig or error
    if isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_TOO_MUCH):
        return False
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


# Class 54 of SQLSTATE, e.g. a value too long for its index: the driver files it with lost
# connections, but it is as much of a refusal the next time.
_TOO_MUCH = "54"


def timed_out(error: BaseException) -> bool:
    """Whether a statement was ended because it took longer than its transaction allowed."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return isinstance(error, psycopg.errors.QueryCanceled)


@contextmanager
def begun(
    bind: Engine | Connection,
    merchant_id: str,
    *,
    readonly: bool = False,
    within: float | None = None,
) -> Iterator[Session]:
    """A session whose transaction is bound to one tenant, and its statements to `within` seconds.
    It commits at the end, and rolls back on any exception; on a connection that is in a transaction
    already, as in tests, that is a savepoint."""
    settings = {"app.merchant_id": merchant_id}
    if within is not None:
        settings["statement_timeout"] = str(max(1, round(1000 * within)))
    mode = "set transaction read only; " if readonly else ""
    calls = (f"set_config('{name}', {_quoted(value)}, true)" for name, value in settings.items())
    opening = f"{mode}select {', '.join(calls)}"
    with bind.connect() if isinstance(bind, Engine) else nullcontext(bind) as connection:
        joins = connection.in_transaction()
        if not joins:
            _begin(connection, opening)
        with (
            Session(connection, expire_on_commit=False, join_transaction_mode=_JOIN) as session,
            session.begin(),
        ):
            if joins:
                _tell(session.connection(), opening)
            yield session


_JOIN: Final = "create_savepoint"


def _begin(connection: Connection, opening: str) -> None:
    """Begin a transaction in one round trip. That is also how a connection which the server has
    closed while it lay in the pool is noticed, and then replaced: a statement of its own that only
    asks would cost as much as the work of many transactions."""
    try:
        _tell(connection, f"begin; {opening}")
    except psycopg.OperationalError:
        connection.invalidate()
        connection.engine.dispose()
        _tell(connection, f"begin; {opening}")


def _tell(connection: Connection, sql: str) -> None:
    """Have several statements done at once. The driver finds itself in the transaction that they
    have begun, and ends it like one of its own. Raises psycopg.Error."""
    server: Any = connection.connection.driver_connection
    answer = server.pgconn.exec_(sql.encode())
    if answer.status == ExecStatus.TUPLES_OK:
        return
    # An error without a state is the client library's own: nobody has answered.
    if not answer.error_field(DiagnosticField.SQLSTATE):
        raise psycopg.OperationalError("the connection was lost")
    raise psycopg.errors.error_from_result(answer)


def _quoted(value: str) -> str:
    return Literal(value).as_string(None)


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine that survives a fork.

    It refuses a login that row-level security does not bind. Values of statements stay out of
    error messages, for they reach logs.
    """
    engine = create_engine(url, pool_size=pool_size, max_overflow=8, hide_parameters=True)
    # A forked child must not share sockets with its parent; see the RQ notes in `jobs`.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["pool"] = engine.pool
        with connection.cursor() as cursor:
            cursor.execute(_SESSION)
            if cursor.fetchone()[0]:
                raise ConfigurationError(
                    "DATABASE_URL logs in as a role that row-level security does not bind: "
                    "use loyalnest_app."
                )
        connection.commit()

    # A pool that was disposed of meanwhile takes back what was in use, and would leave it open.
    @event.listens_for(engine, "checkin")
    def _close_late(_connection: object, record: ConnectionPoolEntry) -> None:
        if record.info.get("pool") is not engine.pool:
            record.close()

    return engine


# A worker that freezes inside a transaction must not hold its lane for ever.
_SESSION = """
select rolsuper or rolbypassrls, set_config('timezone', 'UTC', false),
       set_config('idle_in_transaction_session_timeout', '60s', false)
from pg_roles where rolname = current_user
"""
