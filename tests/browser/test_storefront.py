"""The storefront in a real browser: five languages, two widths, members and guests."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from webapp.core import i18n

LOOKS = [(tag, width) for tag in ("ar", "fa", "he", "ja", "de") for width in (390, 1280)]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


def open_account(page: Page, demo: Demo, tag: str, position: int = 0) -> None:
    """Sign in as one of the demo's customers and look at the account."""
    back = f"/{tag}/account" if tag != "en" else "/account"
    prefix = f"/{tag}" if tag != "en" else ""
    page.goto(
        f"{demo.shop}{prefix}/account/login?customer_id={demo.customer(position)}&return_to={back}"
    )


@pytest.mark.parametrize(("tag", "width"), LOOKS)
def test_member_sees_balance_and_history(page: Page, demo: Demo, tag: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    open_account(page, demo, tag)
    block = page.locator(".ln-points").first
    expect(block).to_have_attribute("dir", i18n.direction(tag))
    assert re.search(r"\d", block.locator(".ln-points__balance").inner_text())
    block.get_by_role("button").click()
    expect(block.locator(".ln-entry").first).to_be_visible()
    assert block.locator(".ln-fragment").get_attribute("lang") == tag
    found = Axe().run(page, context=".ln-points", options=RULES)
    assert found.violations_count == 0, found.generate_report()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


@pytest.mark.parametrize("tag", ["ar", "de"])
def test_guest_is_invited(page: Page, demo: Demo, tag: str) -> None:
    page.goto(f"{demo.shop}/{tag}/")
    block = page.locator(".ln-points").first
    expect(block.get_by_role("link").first).to_be_visible()
    found = Axe().run(page, context=".ln-points", options=RULES)
    assert found.violations_count == 0, found.generate_report()


def test_first_paint_asks_our_backend_for_nothing(page: Page, demo: Demo) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_account(page, demo, "en")
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "/apps/" in url or "htmx" in url] == []


def test_balance_is_there_without_javascript(browser, demo: Demo) -> None:  # type: ignore[no-untyped-def]  # the plugin's fixture
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    open_account(page, demo, "en")
    assert re.search(r"\d", page.locator(".ln-points__balance").first.inner_text())
    context.close()


def test_shop_and_fragment_show_the_same_member(page: Page, demo: Demo) -> None:
    open_account(page, demo, "en", -1)
    poor = page.locator(".ln-points__balance").first.inner_text()
    open_account(page, demo, "en", 0)
    assert page.locator(".ln-points__balance").first.inner_text() != poor
