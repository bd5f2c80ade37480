"""A door to the web application, and a program that calls it; all vanishes with the test."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from tests.conftest import KEYS, Servers, settings_for
from tests.entry.door import SLACK_SECRET, Door
from tests.entry.programs import Program, make_program
from tests.factories import FixedClock, NoCache, make_tenant
from webapp.app import create_app
from webapp.core.crypto import KeyRing
from webapp.core.db import Database
from webapp.parts import Parts, build


@pytest.fixture
def door(servers: Servers, database: Database, clock: FixedClock) -> Door:
    settings = replace(
        settings_for(servers.app_url, servers.redis_url), slack_signing_secrets=(SLACK_SECRET,)
    )
    parts = replace(build(settings, clock), database=database)
    return Door(parts, create_app(parts).test_client(), make_tenant(database))


@pytest.fixture
def actions(door: Door, engine: Engine, clock: FixedClock) -> Iterator[Door]:
    """A door behind which somebody takes the Flow action award-badge."""
    with engine.connect() as connection:
        outer = connection.begin()
        handlers = {"in.flow.award-badge": ("some.handler",)}
        database = Database(
            connection,
            clock=clock,
            cache=NoCache(),
            keys=KeyRing(KEYS),
            handlers=handlers,
            ring=lambda names: None,
        )
        parts = replace(door.parts, database=database)
        yield Door(parts, create_app(parts).test_client(), make_tenant(database))
        outer.rollback()


@pytest.fixture
def program(held: Parts) -> Program:
    return make_program(held)
