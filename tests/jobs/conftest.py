"""A tenant with real commits, and a real HTTP server in the place of Shopify."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from rq import Queue

from tests.factories import Tenant, make_tenant
from tests.jobs.bench import TOKEN, Bench, ConnectedShop, Standin
from webapp.core.clock import SystemClock
from webapp.demo.standins import shopify
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.gateways.redis_cache import QUEUE
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.parts import Parts


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
