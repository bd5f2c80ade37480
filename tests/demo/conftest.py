"""The demo shop on a small extension of its own, and a real HTTP server in the place of our web."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.factories import FixedClock
from webapp.demo.settings import SampleCustomer, ShopConfig
from webapp.demo.shop import create_shop
from webapp.demo.standins.catalogue import shopify
from webapp.demo.standins.shopify import ShopifyAdmin

WHEN = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
BLOCK = """
<div {{ block.shopify_attributes }} class="ln" data-title="{{ block.settings.title }}">
{%- if customer -%}
  {{ 'points.balance' | t: count: customer.metafields['$app:loyalnest'].points_balance.value }}
{%- else -%}
  {{ 'points.guest' | t: shop: shop.name }}
{%- endif -%}
<img src="{{ 'star.svg' | asset_url }}" alt="">{% render 'footer', text: 'snippet' %}
</div>
{% schema %}
{
  "name": "Points", "target": "section", "stylesheet": "points.css", "javascript": "points.js",
  "settings": [{ "type": "text", "id": "title", "label": "Title", "default": "From the schema" }]
}
{% endschema %}
"""
ENGLISH = """{ "points": {
  "balance": { "one": "{{ count }} point", "other": "{{ count }} points" },
  "guest": "Join {{ shop }}", "only": "Only in English" } }"""
ARABIC = """{ "points": { "balance": { "zero": "صفر", "one": "واحدة", "two": "نقطتان",
  "few": "{{ count }} نقاط", "many": "{{ count }} نقطة", "other": "{{ count }} نقطة" },
  "guest": "انضم" } }"""
PORTUGUESE = '{ "points": { "guest": "Participe" } }'


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    root = tmp_path / "extension"
    files = {
        "blocks/points_display.liquid": BLOCK,
        "snippets/footer.liquid": "<i>{{ text }}</i>",
        "locales/en.default.json": ENGLISH,
        "locales/ar.json": ARABIC,
        "locales/pt-BR.json": PORTUGUESE,
        "assets/points.css": ".ln {}",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    return root


@dataclass
class Backend:
    """A web server that remembers what it was asked; `reply` is (status, headers, body), sent
    byte by byte with `pause` seconds between them when that is not 0."""

    url: str = ""
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    reply: tuple[int, dict[str, str], bytes] = (200, {"Content-Type": "text/plain"}, b"fragment")
    pause: float = 0.0
    replies: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)


@pytest.fixture
def backend() -> Iterator[Backend]:
    state = Backend()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.asked.append((self.command, self.path, headers, body))
            status, extra, content = state.replies.get(self.path.partition("?")[0], state.reply)
            self.send_response(status)
            for name, value in {**extra, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            for byte in content if state.pause else ():
                time.sleep(state.pause)
                with suppress(OSError):
                    self.wfile.write(bytes([byte]))
            if not state.pause:
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 - the names http.server looks for.

        def log_message(self, format: str, *args: object) -> None:
            """A test prints no request log."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}"
    yield state
    server.shutdown()
    server.server_close()


@pytest.fixture
def config(tmp_path: Path, extension: Path, backend: Backend) -> ShopConfig:
    return ShopConfig(
        host="127.0.0.1",
        port=0,
        data_dir=tmp_path / "data",
        web_url=backend.url,
        app_secret="hush",
        access_token="shpat_test",
        shop_domain="shop-name.myshopify.com",
        shop_name="Nest & Bloom",
        currency="USD",
        label="simulated",
        customers=(SampleCustomer("7", "de", "Ada <b>", "top"), SampleCustomer("8", role="new")),
        start={"figures": {"Orders": 63753}, "segments": {"Loyal": 10, "New": 5}},
        extension_dir=extension,
    )


@pytest.fixture
def shop(config: ShopConfig) -> Flask:
    return create_shop(config, clock=FixedClock(WHEN))


@pytest.fixture
def admin(config: ShopConfig) -> ShopifyAdmin:
    """Shopify behind that shop, over the same metafields."""
    return shopify([config], config.data_dir, FixedClock(WHEN))


@pytest.fixture
def client(shop: Flask) -> FlaskClient:
    return shop.test_client()


@pytest.fixture
def member(client: FlaskClient) -> FlaskClient:
    """A browser in which customer 7 has signed in."""
    client.get("/account/login?customer_id=7")
    return client
