"""A tenant with real commits, a real HTTP server in the place of Shopify, and processes."""

import base64
import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import redis
from rq import Queue
from sqlalchemy import create_engine, make_url, text

from tests.factories import Tenant, make_tenant
from tests.jobs.bench import TOKEN, Bench, ConnectedShop, Standin
from tests.jobs.processes import Site, eventually
from webapp.core.clock import SystemClock
from webapp.core.config import Settings
from webapp.core.provisioning import provision, upgrade
from webapp.demo.standins import shopify
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.embedded.local import LocalServers, ServerUrls
from webapp.embedded.supervisor import Supervisor
from webapp.gateways.redis_cache import QUEUE
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.parts import Parts, build

TEMPLATE = "loyalnest_template"


@dataclass(frozen=True)
class Ground:
    """PostgreSQL and Valkey that only this module uses, with durable commits."""

    supervisor: Supervisor
    urls: ServerUrls
    app_url: str


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with Supervisor() as supervisor:
        urls = LocalServers(tmp_path_factory.mktemp("ground")).start(supervisor, {})
        app_url, owner_url = provision(urls.admin_url, TEMPLATE)
        upgrade(owner_url)
        yield Ground(supervisor, urls, app_url)


@pytest.fixture
def site(ground: Ground, tmp_path: Path) -> Iterator[Site]:
    """A database from the template, an empty Valkey, and no process yet."""
    with redis.Redis.from_url(ground.urls.redis_url) as valkey:
        eventually(valkey.flushall)
    name = f"t{os.urandom(6).hex()}"
    admin = create_engine(ground.urls.admin_url, isolation_level="AUTOCOMMIT", pool_pre_ping=True)
    with admin.connect() as connection:
        sql = f"create database {name} template {TEMPLATE} owner loyalnest_owner strategy wal_log"
        connection.execute(text(sql))
    url = make_url(ground.app_url).set(database=name).render_as_string(hide_password=False)
    environment = {
        "DATABASE_URL": url,
        "REDIS_URL": ground.urls.redis_url,
        "LOYALNEST_SECRET_KEY": "not a secret: only tests know it",
        "LOYALNEST_ENCRYPTION_KEYS": f"k1:{base64.b64encode(b'1' * 32).decode()}",
    }
    parts = build(Settings.from_env(environment))
    tenant = make_tenant(parts.database, timezone="America/New_York")
    with Supervisor() as processes:
        yield Site(ground.supervisor, processes, environment, parts, tenant, tmp_path)
    parts.close()
    with admin.connect() as connection:
        connection.execute(text(f"drop database {name} with (force)"))
    admin.dispose()


@pytest.fixture
def bench(committed: Parts, tmp_path: Path) -> Bench:
    return Bench(committed, make_tenant(committed.database), tmp_path)


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    """Start the stand-in for the Admin API of a tenant's shop; it, and its address for settings."""
    with ExitStack() as servers:

        def start(tenant: Tenant) -> tuple[shopify.ShopifyAdmin, str]:
            served = shopify.Shop(tenant.shop, "Nest", "USD", TOKEN)
            store = MetafieldStore(tmp_path / "shopify.db", SystemClock())
            admin = shopify.ShopifyAdmin(store, {tenant.shop: served})
            return admin, f"{servers.enter_context(StandinServer(admin)).url}/{{shop}}"

        yield start


@pytest.fixture
def shop(committed: Parts, tmp_path: Path, standin: Standin) -> ConnectedShop:
    tenant = make_tenant(committed.database, access_token=TOKEN)
    admin, url = standin(tenant)
    gateways = replace(committed.gateways, shopify=HttpShopifyAdmin(url, committed.gateways.caller))
    parts = replace(committed, gateways=gateways)
    return ConnectedShop(parts, tenant, tmp_path, admin)


@pytest.fixture
def queue(committed: Parts) -> Iterator[Queue]:
    """The workers' queue, empty at first; nobody works it."""
    connection = redis.Redis.from_url(committed.settings.redis_url)
    connection.flushdb()
    yield Queue(QUEUE, connection=connection, serializer="json")
    connection.close()
