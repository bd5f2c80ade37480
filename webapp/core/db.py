"""The database: engine, provisioning, the tenant scope, and the only commit there is.

Every process logs in as `loyalnest_app`, which row-level security binds to one tenant per
transaction: a statement without a tenant raises, it never quietly sees nothing.
"""

import logging
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

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
ROLES = ("loyalnest_owner", "loyalnest_app", "loyalnest_dispatch")


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
        ring: Callable[[Iterable[str]], None],
        breakers: Breakers | None = None,
    ) -> None:
        self._bind = bind
        self._sessions = sessionmaker(
            bind, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        self._clock, self._cache, self._keys = clock, cache, keys
        self._handlers, self._ring = handlers, ring
        self._breakers = breakers or NoBreakers()

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
        with self._sessions() as session, session.begin():
            if readonly:
                session.execute(text("set transaction read only"))
            set_tenant(session, merchant_id, within)
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
            )
            yield ctx
        self._after_commit(ctx)

    @contextmanager
    def before_tenant(self) -> Iterator[Session]:
        """A session without a tenant, for the closed list of questions in `core.routing` and for
        the tables that belong to no tenant."""
        with self._sessions() as session, session.begin():
            set_tenant(session, "")
            yield session

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
            )

    def close(self) -> None:
        """Close the connections of this process."""
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


def set_tenant(session: Session, merchant_id: str, within: float | None = None) -> None:
    """Bind the transaction of `session` to one tenant, and its statements to `within` seconds."""
    if within is None:
        session.execute(_SET_TENANT, {"merchant_id": merchant_id})
    else:
        milliseconds = str(max(1, round(1000 * within)))
        values = {"merchant_id": merchant_id, "milliseconds": milliseconds}
        session.execute(_SET_TENANT_AND_TIME, values)


_SET_TENANT = text("select set_config('app.merchant_id', :merchant_id, true)")
_SET_TENANT_AND_TIME = text(
    "select set_config('app.merchant_id', :merchant_id, true),"
    " set_config('statement_timeout', :milliseconds, true)"
)


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """An engine that tests connections before use and survives a fork.

    It refuses a login that row-level security does not bind. Values of statements stay out of
    error messages, for they reach logs.
    """
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=8, pool_pre_ping=True, hide_parameters=True
    )
    # A forked child must not share sockets with its parent; see the RQ notes in `jobs`.
    os.register_at_fork(after_in_child=lambda: engine.dispose(close=False))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_SESSION)
            if cursor.fetchone()[0]:
                raise ConfigurationError(
                    "DATABASE_URL logs in as a role that row-level security does not bind: "
                    "use loyalnest_app."
                )
        connection.commit()

    return engine


# A worker that freezes inside a transaction must not hold its lane for ever.
_SESSION = """
select rolsuper or rolbypassrls, set_config('timezone', 'UTC', false),
       set_config('idle_in_transaction_session_timeout', '60s', false)
from pg_roles where rolname = current_user
"""


def provision(admin_url: str, database: str, password: str | None = None) -> tuple[str, str]:
    """Create the three roles and the database, unless they are there; (app URL, owner URL).

    `admin_url` must log in as a role that may create roles and databases. `password` is set for
    the two roles that log in; None where the server trusts its socket.
    """
    admin = create_engine(admin_url, isolation_level="AUTOCOMMIT", hide_parameters=True)
    with admin.connect() as connection:
        connection.execute(text("select pg_advisory_lock(hashtext('loyalnest provision'))"))
        for role in ROLES:
            _create_role(connection, role, password)
        connection.execute(text("grant loyalnest_dispatch to loyalnest_owner"))
        connection.execute(text("grant loyalnest_owner to current_user"))
        found = text("select 1 from pg_database where datname = :name")
        if not connection.scalar(found, {"name": database}):
            quoted = connection.dialect.identifier_preparer.quote(database)
            connection.execute(text(f"create database {quoted} owner loyalnest_owner"))
    admin.dispose()
    url = make_url(admin_url).set(database=database)
    app, owner = (
        url.set(username=r, password=password) for r in ("loyalnest_app", "loyalnest_owner")
    )
    return app.render_as_string(hide_password=False), owner.render_as_string(hide_password=False)


def _create_role(connection: Connection, role: str, password: str | None) -> None:
    if not connection.scalar(text("select 1 from pg_roles where rolname = :r"), {"r": role}):
        connection.execute(text(f"create role {role} nobypassrls"))
    if role == "loyalnest_dispatch":
        return
    connection.execute(text(f"alter role {role} login"))
    if password is not None:
        # ALTER ROLE takes no bind parameters, so the server quotes the literal.
        sql = connection.scalar(
            text(f"select format('alter role {role} password %L', cast(:p as text))"),
            {"p": password},
        )
        connection.exec_driver_sql(str(sql))


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema of the database at `owner_url` to `revision`."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    config.attributes["url"] = owner_url
    command.upgrade(config, revision)


@contextmanager
def as_owner(owner_url: str) -> Iterator[Connection]:
    """One transaction of the schema's owner, for the few things that the application may not do."""
    engine = create_engine(owner_url, hide_parameters=True)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def migrate_command(argv: list[str]) -> int:
    """`python3 -m webapp migrate`: upgrade the database named by DATABASE_OWNER_URL."""
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    if argv or not owner_url:
        print("Usage: DATABASE_OWNER_URL=postgresql+psycopg://... python3 -m webapp migrate")
        return 2
    upgrade(owner_url)
    print("The schema is up to date.")
    return 0
