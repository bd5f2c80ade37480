"""The rewards panel in a real browser: redeem, wait, copy, give back, with mouse and keyboard."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask, Response, request, send_from_directory
from playwright.sync_api import Page, expect

from tests.browser.served import serving
from tests.factories import signed_query
from tests.features.points.rewarding import END, Rewarding
from tests.standins import Standins
from tests.widgets.shop_server import PAGE, need_htmx
from tests.widgets.storefront import EXTENSION, block, member
from tests.widgets.test_extension_browser import WCAG
from webapp.parts import Parts

pytestmark = pytest.mark.filterwarnings("ignore:.*instance methods:pytest.PytestRemovedIn10Warning")


@dataclass
class Storefront:
    """A page of the shop whose App Proxy is the real application. One request at a time: all of
    them share a transaction that is rolled back."""

    shop: Rewarding
    url: str
    lock: threading.Lock

    def send(self, *handlers: str) -> None:
        with self.lock:
            for handler in handlers:
                self.shop.send(handler)


@pytest.fixture
def front(held: Parts, standins: Standins) -> Iterator[Storefront]:
    """Customer 7, who holds 600 points, looks at a page with the panel."""
    need_htmx()
    shop, lock, app = Rewarding(held, standins), threading.Lock(), Flask(__name__)
    shop.credit(shop.member("7"), 600)
    panel = (
        block("en").render(member(600)).replace("widgets/points_display", "widgets/rewards_panel")
    )

    @app.get("/")
    def page() -> str:
        return PAGE.format(block=panel, head="")

    @app.get("/assets/<name>")
    def asset(name: str) -> Response:
        return send_from_directory(EXTENSION / "assets", name)

    @app.route("/apps/loyalnest/<path:rest>", methods=["GET", "POST"])
    def proxy(rest: str) -> Response:
        query = signed_query(shop.tenant, shop.clock.at, "7", **request.args)
        with lock:
            answer = shop.web.open(
                f"/proxy/{rest}?{query}",
                method=request.method,
                data=request.get_data(),
                content_type=request.content_type,
            )
        return Response(answer.data, answer.status_code, mimetype=answer.mimetype)

    with serving(app) as address:
        yield Storefront(shop, f"{address}/", lock)


@pytest.mark.full
def test_a_member_redeems_and_gives_back(page: Page, front: Storefront) -> None:
    front.shop.reward(500)
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(front.url)
    page.locator(".ln-toggle").click()
    page.locator(".ln-reward summary").click()
    page.get_by_role("button", name="Yes, redeem").click()
    notice = page.locator(".ln-notice")
    expect(notice).to_have_text("Done. Your code is being prepared.")
    expect(notice).to_be_focused()
    expect(page.locator(".ln-wallet__balance")).to_contain_text("100 points to spend")
    front.send("points.send.points.redeemed")
    code = page.locator(".ln-code__text")
    expect(code).to_have_text(front.shop.made()[0].code, timeout=8_000)
    assert Axe().run(page, options=WCAG).response["violations"] == []
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320
    give_back = page.locator(".ln-code summary")
    give_back.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(notice).to_have_text("Done. Your points return in a moment.")
    front.send(END)
    expect(page.locator(".ln-wallet__balance")).to_contain_text("600 points", timeout=8_000)
    expect(page.locator(".ln-code")).to_contain_text("Given back.")


def test_a_code_is_copied(page: Page, front: Storefront) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    front.shop.have(front.shop.reward(500))
    front.send("points.send.points.redeemed")
    page.goto(front.url)
    page.locator(".ln-toggle").click()
    page.get_by_role("button", name="Copy code").click()
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    assert page.evaluate("navigator.clipboard.readText()") == front.shop.made()[0].code
    assert page.locator(".ln-toggle").get_attribute("aria-expanded") == "true"
