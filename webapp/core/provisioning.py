"""Bringing a database up: its roles and its schema, and what only the schema's owner may do."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, make_url, text

ROLES = ("loyalnest_owner", "loyalnest_app", "loyalnest_dispatch")


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


def migrate(argv: list[str]) -> int:
    """`python3 -m webapp migrate`: upgrade the database named by DATABASE_OWNER_URL."""
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    if argv or not owner_url:
        print("Usage: DATABASE_OWNER_URL=postgresql+psycopg://... python3 -m webapp migrate")
        return 2
    upgrade(owner_url)
    print("The schema is up to date.")
    return 0
