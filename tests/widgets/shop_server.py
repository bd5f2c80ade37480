"""A page of a shop with our block on it, and an App Proxy whose answers a test writes down."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from tests.widgets.storefront import EXTENSION, ROOT
from webapp.core.extension import copy_htmx

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/loyalnest.css">
<script src="/assets/loyalnest.js" async></script>{head}</head>
<body style="font: 16px sans-serif">{block}<p id="below">What the shop sells.</p></body></html>"""
KINDS = {".css": "text/css", ".js": "text/javascript"}


def need_htmx() -> None:
    """Without htmx there is nothing to serve; under CI=true that is a failure of the tests."""
    if not copy_htmx(ROOT) and os.environ.get("CI") != "true":
        pytest.skip("no htmx: `python3 -m webapp test` installs it")


@dataclass
class Answer:
    """What the App Proxy says next; `wait` are seconds before it says it."""

    status: int = 200
    body: str = '<div class="ln-fragment" lang="en" dir="ltr"><p>Latest points</p></div>'
    wait: float = 0


@dataclass
class Shop:
    """The running shop: what it serves, and what was asked of it."""

    url: str
    page: str = ""
    answers: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)
    empty: set[str] = field(default_factory=set)
    closing: threading.Event = field(default_factory=threading.Event)

    def show(self, block: str, head: str = "") -> str:
        """Put the block on the page; the address to open."""
        self.page = PAGE.format(block=block, head=head)
        return self.url

    def answer(self, path: str) -> tuple[Answer, str]:
        """What to say to a request, and as which kind of file."""
        self.asked.append(path)
        name = path.split("?")[0].removeprefix("/assets/")
        if path == "/":
            return Answer(body=self.page), "text/html; charset=utf-8"
        if path.startswith("/apps/"):
            return self.answers.pop(0) if self.answers else Answer(), "text/html; charset=utf-8"
        asset = EXTENSION / "assets" / name
        if name in self.missing or not asset.is_file():
            return Answer(404, "no such file"), "text/plain"
        body = "" if name in self.empty else asset.read_text("utf-8")
        return Answer(body=body), KINDS[asset.suffix]


class _Handler(BaseHTTPRequestHandler):
    shop: ClassVar[Shop]

    def do_GET(self) -> None:
        answer, kind = self.shop.answer(self.path)
        self.shop.closing.wait(answer.wait)
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # A browser that gave up waiting has closed the connection.
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: tests read `asked`."""


@contextmanager
def open_shop() -> Iterator[Shop]:
    """Serve on a free port of this machine until the block is left."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    shop = Shop(f"http://127.0.0.1:{server.server_port}/")
    server.RequestHandlerClass.shop = shop  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield shop
    finally:
        shop.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
