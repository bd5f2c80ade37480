"""A tenant with real commits, and a real HTTP server in the place of Shopify."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import redis
from flask import Flask
from rq import Queue
from werkzeug.serving import make_server

from tests.factories import Tenant, make_tenant
from tests.jobs.bench import TOKEN, Bench, ConnectedShop, Standin
from webapp.core.clock import SystemClock
from webapp.demo.standins import shopify
from webapp.demo.standins.metafields import MetafieldStore
from webapp.gateways.redis_cache import QUEUE
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.parts import Parts


@pytest.fixture
def bench(committed: Parts, tmp_path: Path) -> Bench:
    return Bench(committed, make_tenant(committed.database), tmp_path)


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Start a web application on a free port; its address."""
    started = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def standin(tmp_path: Path, serve: Callable[[Flask], str]) -> Standin:
    """Start the stand-in for the Admin API of a tenant's shop; it, and its address for settings."""

    def start(tenant: Tenant) -> tuple[shopify.ShopifyAdmin, str]:
        served = shopify.Shop(tenant.shop, "Nest", "USD", TOKEN)
        store = MetafieldStore(tmp_path / "shopify.db", SystemClock())
        admin = shopify.ShopifyAdmin(store, {tenant.shop: served})
        app = Flask(__name__)
        app.register_blueprint(shopify.create_blueprint(admin))
        return admin, f"{serve(app)}/standin/{{shop}}"

    return start


@pytest.fixture
def shop(committed: Parts, tmp_path: Path, standin: Standin) -> ConnectedShop:
    tenant = make_tenant(committed.database, access_token=TOKEN)
    admin, url = standin(tenant)
    gateways = replace(committed.gateways, shopify=HttpShopifyAdmin(url))
    parts = replace(committed, gateways=gateways)
    return ConnectedShop(parts, tenant, tmp_path, admin)


@pytest.fixture
def queue(committed: Parts) -> Iterator[Queue]:
    """The workers' queue, empty at first; nobody works it."""
    connection = redis.Redis.from_url(committed.settings.redis_url)
    connection.flushdb()
    yield Queue(QUEUE, connection=connection, serializer="json")
    connection.close()
