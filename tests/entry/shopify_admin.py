"""A shop's Shopify and our application, each on a port of its own, for tests of installing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from jobs.drain import drain_for
from tests.browser.served import served
from tests.entry.embedding import bearer, claims, signed
from tests.factories import SECRET, FixedClock
from webapp.app import create_app
from webapp.core import routing
from webapp.core.inbox import PLATFORM
from webapp.core.routing import StoreAddress
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import Shop, ShopifyAdmin, oauth
from webapp.demo.standins.shopify.state import ShopState
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import RegisterApp
from webapp.gateways.calling import Caller
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.gateways.shopify_oauth import HttpShopifyOAuth
from webapp.parts import Parts

SHOP, API_KEY = "fresh-shop.myshopify.com", "listed-key"
SCOPES = frozenset(accounts.SCOPES)


@dataclass
class ShopifyShop:
    """`admin` is Shopify's side, at `url`; `parts` and `web` are ours."""

    admin: ShopifyAdmin
    url: str
    parts: Parts
    web: FlaskClient
    clock: FixedClock

    @property
    def state(self) -> ShopState:
        return self.admin.states[SHOP]

    def token(self, user: str = "7") -> str:
        """A session token made now."""
        return signed(claims(self.clock, SHOP, API_KEY, user))

    def open(self, path: str = "", user: str = "7") -> TestResponse:
        """Fetch a page inside Shopify's admin."""
        return self.web.get(f"/app/{path}", headers=bearer(self.token(user)))

    def address(self) -> StoreAddress:
        with self.parts.database.before_tenant() as db:
            found = routing.tenant_of_shop(db, SHOP)
        assert found is not None
        return found

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with self.parts.database.transaction(self.address().merchant_id) as ctx:
            return [tuple(row) for row in ctx.db.execute(text(sql))]

    def work(self, *handlers: str) -> None:
        for handler in handlers:
            while drain_for(self.parts, f"accounts.{handler}", 1):
                continue

    def install(self) -> None:
        """Open the app, and let everything follow that an installation begins."""
        assert self.open().status_code == 200
        self.work("send.store.authorised", "send.subscriptions.due")

    def hear(self) -> None:
        """Let what Shopify tells arrive, and be worked."""
        assert self.admin.deliveries.wait(10)
        self.work("uninstall", "take_scopes", "hear_of_plans")

    def uninstall(self) -> None:
        self.clock.advance(minutes=5)
        oauth.revoke(self.state)
        self.hear()

    def answer(self, confirmation_url: str, decision: str = "approve") -> str:
        """The merchant decides on Shopify's page; where that sends them."""
        with httpx.Client(trust_env=False) as browser:
            answer = browser.post(confirmation_url, data={"decision": decision})
        return answer.headers["Location"]


@contextmanager
def shopify_shop(parts: Parts, clock: FixedClock, folder: Path) -> Iterator[ShopifyShop]:
    """The shop of a merchant who has not installed us yet; our app is the listed one."""
    shop = Shop(SHOP, "Fresh Shop", "EUR", "", API_KEY, SECRET, SCOPES, development=True)
    store = MetafieldStore(folder / "shopify.db", clock)
    admin = ShopifyAdmin(store, {SHOP: shop}, clock=clock)
    admin.deliveries.rules.pause = 0.05
    with StandinServer(admin) as server, served(parts) as base:
        url, caller = f"{server.url}/{{shop}}", Caller()
        gateways = replace(
            parts.gateways,
            shopify=HttpShopifyAdmin(url, caller),
            oauth=HttpShopifyOAuth(url, caller),
            base_url=base,
        )
        settings = replace(parts.settings, shopify_admin_url=url, base_url=base)
        ours = replace(parts, gateways=gateways, settings=settings)
        with parts.database.transaction(PLATFORM) as ctx:
            app = RegisterApp("app_listed", API_KEY, SECRET, listed=True)
            accounts.register_app(ctx.db, ctx.keys, app)
        yield ShopifyShop(admin, server.url, ours, create_app(ours).test_client(), clock)
        caller.close()
