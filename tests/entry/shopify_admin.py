"""A shop's Shopify, over real HTTP, for tests of installing and billing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from tests.entry.embedding import bearer, claims, signed
from tests.factories import SECRET, FixedClock
from webapp.app import create_app
from webapp.core.clock import SystemClock
from webapp.core.inbox import PLATFORM
from webapp.demo.standins import shopify, shopify_consent
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.shopify_installs import Installs
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import RegisterApp
from webapp.gateways.calling import Caller
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.gateways.shopify_oauth import HttpShopifyOAuth
from webapp.parts import Parts

SHOP, API_KEY = "fresh-shop.myshopify.com", "listed-key"
SCOPES = "read_orders,write_customers,write_app_proxy"


@dataclass
class ShopifyShop:
    """`installs` is Shopify's side; `parts` and `web` ours, which call it."""

    installs: Installs
    parts: Parts
    web: FlaskClient
    clock: FixedClock
    told: list[tuple[str, str, dict[str, object]]]

    def token(self, user: str = "7", shop: str = SHOP) -> str:
        """A session token made now."""
        return signed(claims(self.clock, shop, API_KEY, user))

    def open(self, path: str = "", user: str = "7", shop: str = SHOP) -> "object":
        """Fetch a page inside Shopify's admin."""
        return self.web.get(f"/app/{path}", headers=bearer(self.token(user, shop)))


@contextmanager
def shopify_shop(parts: Parts, clock: FixedClock, folder: Path) -> Iterator[ShopifyShop]:
    """The stand-in on a port, and our application pointed at it; our app is the listed one."""
    told: list[tuple[str, str, dict[str, object]]] = []
    installs = Installs({API_KEY: SECRET}, SCOPES, "http://127.0.0.1/standin")
    installs.tell = lambda shop, topic, document: told.append((shop, topic, dict(document)))
    store = MetafieldStore(folder / "shopify.db", SystemClock())
    shops = {SHOP: shopify.Shop(SHOP, "Fresh Shop", "EUR", "")}
    app = Flask(__name__)
    app.register_blueprint(
        shopify.create_blueprint(shopify.ShopifyAdmin(store, shops, installs=installs))
    )
    app.register_blueprint(shopify_consent.create_blueprint(installs))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/standin/{{shop}}"
    gateways = replace(
        parts.gateways, shopify=HttpShopifyAdmin(url), oauth=HttpShopifyOAuth(url, Caller())
    )
    settings = replace(parts.settings, shopify_admin_url=url)
    pointed = replace(parts, gateways=gateways, settings=settings)
    with parts.database.transaction(PLATFORM) as ctx:
        accounts.register_app(ctx.db, ctx.keys, RegisterApp("app_listed", API_KEY, SECRET, True))
    yield ShopifyShop(installs, pointed, create_app(pointed).test_client(), clock, told)
    server.shutdown()
    thread.join()
    server.server_close()
