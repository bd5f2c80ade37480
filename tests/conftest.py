"""Fixtures: real PostgreSQL and Valkey, started once for the whole run.

`database` is fast: everything a test does is rolled back. `committed` is a database of its own
with real commits, for locks, leases, other processes and row-level security.
"""

import base64
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import Engine, create_engine, make_url, text

from tests.factories import SECRET, FixedClock, NoCache, NothingNear
from tests.log_scan import LogScanPlugin
from tests.turns import turn
from webapp.app import create_app
from webapp.bootstrap.browser import find_browser
from webapp.core import discovery
from webapp.core.config import Settings
from webapp.core.crypto import KeyRing
from webapp.core.db import Database, open_engine
from webapp.core.provisioning import provision, upgrade
from webapp.embedded.local import LocalServers
from webapp.embedded.supervisor import Supervisor
from webapp.parts import Parts, build

pytest_plugins = ["tests.door", "tests.standins"]
TEMPLATE, SHARED = "loyalnest_template", "loyalnest_shared"
KEYS = {"k1": b"1" * 32}
SECRET_KEY = "not a secret: only tests know it"


@dataclass(frozen=True)
class Servers:
    """Where the servers are: `admin_url` may create databases; the others name the shared one."""

    admin_url: str
    app_url: str
    owner_url: str
    redis_url: str


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "full: a slow gate, run by `test --full`")
    config.addinivalue_line("markers", "alone: a measurement; no other test runs meanwhile")
    known = (SECRET, SECRET_KEY, base64.b64encode(KEYS["k1"]).decode())
    config.pluginmanager.register(LogScanPlugin(known), "log-scan")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a demo, or a file's fixtures, runs in one worker; the longest group begins."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(group_of(item)))
    items.sort(key=lambda item: (group_of(item) != "demo", not item.get_closest_marker("alone")))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """From the set-up of its fixtures on, a test has its turn."""
    with turn(alone=bool(item.get_closest_marker("alone"))):
        return (yield)


def group_of(item: pytest.Item) -> str:
    """What a test shares its fixtures with: every user of the demo, or its file."""
    return "demo" if "demo" in getattr(item, "fixturenames", ()) else item.nodeid.split("::")[0]


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with Supervisor() as supervisor:
        folder = tmp_path_factory.mktemp("servers")
        urls = LocalServers(folder, fast=True).start(supervisor, os.environ)
        _, owner_url = provision(urls.admin_url, TEMPLATE)
        upgrade(owner_url)
        clone(urls.admin_url, SHARED)
        app_url, owner_url = provision(urls.admin_url, SHARED)
        yield Servers(urls.admin_url, app_url, owner_url, urls.redis_url)


def clone(admin_url: str, name: str) -> None:
    """Make a database from the template, which nobody may be connected to meanwhile."""
    admin = create_engine(admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        sql = f"create database {name} template {TEMPLATE} owner loyalnest_owner strategy wal_log"
        connection.execute(text(sql))
    admin.dispose()


@pytest.fixture(scope="session")
def engine(servers: Servers) -> Iterator[Engine]:
    opened = open_engine(servers.app_url)
    yield opened
    opened.dispose()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 14, 12, 0, tzinfo=UTC))


@pytest.fixture
def database(engine: Engine, clock: FixedClock) -> Iterator[Database]:
    """A database whose changes vanish with the test."""
    with engine.connect() as connection:
        outer = connection.begin()
        yield Database(
            connection,
            clock=clock,
            cache=NoCache(),
            keys=KeyRing(KEYS),
            handlers=discovery.handler_names(),
            ring=lambda handlers: None,
        )
        outer.rollback()


@pytest.fixture
def held(servers: Servers, database: Database, clock: FixedClock) -> Iterator[Parts]:
    """Parts whose database forgets everything with the test, and drops no tags."""
    parts = build(settings_for(servers.app_url, servers.redis_url), clock)
    yield replace(parts, database=database, near=NothingNear())
    parts.close()


@pytest.fixture
def committed(servers: Servers, clock: FixedClock) -> Iterator[Parts]:
    """Parts on a database of their own, with real commits; Valkey is shared by the run."""
    with own_parts(servers, clock) as parts:
        yield parts


@contextmanager
def own_parts(servers: Servers, clock: FixedClock, **settings: Any) -> Iterator[Parts]:
    """What `committed` is, for as long as one likes, and with other settings."""
    name = f"t{os.urandom(6).hex()}"
    clone(servers.admin_url, name)
    with Redis.from_url(servers.redis_url) as valkey:
        for key in valkey.scan_iter("loyalnest:breaker:*"):
            valkey.delete(key)
    url = make_url(servers.app_url).set(database=name).render_as_string(hide_password=False)
    parts = build(replace(settings_for(url, servers.redis_url), **settings), clock)
    yield parts
    parts.close()
    admin = create_engine(servers.admin_url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


def settings_for(database_url: str, redis_url: str) -> Settings:
    """Settings of a process in a test."""
    encoded = base64.b64encode(KEYS["k1"]).decode()
    return Settings.from_env(
        {
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "LOYALNEST_SECRET_KEY": SECRET_KEY,
            "LOYALNEST_ENCRYPTION_KEYS": f"k1:{encoded}",
        }
    )


@pytest.fixture
def web(committed: Parts) -> FlaskClient:
    """A client of the web application over `committed`."""
    return create_app(committed).test_client()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, object]) -> dict[str, object]:
    """The installed Chromium; without one, browser tests skip, but fail under CI=true."""
    browser = find_browser(os.environ)
    if browser is None:
        message = "no Chromium: install it or set LOYALNEST_CHROMIUM"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": browser, "args": arguments}
