"""What a buyer sees of us after the purchase, in the demo's checkout."""

import re
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import Demo
from webapp.core import i18n

RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
PENDING = ("post_purchase.pending", "The points for this order are on their way.")
TEASER = (
    "post_purchase.teaser",
    "Create an account and collect points with your next order.",
)


def bought(page: Page, demo: Demo, tag: str, customer: str = "") -> FrameLocator:
    """Buy something; the frame in which our extension runs."""
    prefix = "" if tag == "en" else f"/{tag}"
    if customer:
        page.goto(f"{demo.shop}{prefix}/account/login?customer_id={customer}")
    page.goto(f"{demo.shop}{prefix}/products/fern-in-ribbed-pot")
    page.locator(".buy [type=submit]").click()
    page.locator('[formaction$="/cart/checkout"]').click()
    expect(page).to_have_url(re.compile("/checkout/thank-you"))
    return page.frame_locator("iframe.thanks__points")


@pytest.mark.parametrize("tag", ["en", "ar"])
def test_a_member_hears_what_the_order_brought(page: Page, demo: Demo, tag: str) -> None:
    frame = bought(page, demo, tag, demo.customer(0))
    first = frame.locator("s-paragraph").first
    expect(first).to_contain_text(re.compile(r"\d"), timeout=20_000)
    assert first.inner_text() != i18n.text(tag, *PENDING)
    assert frame.locator("html").get_attribute("dir") == i18n.direction(tag)
    assert frame.locator("s-section").get_attribute("heading")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()


def test_a_guest_is_invited(page: Page, demo: Demo) -> None:
    frame = bought(page, demo, "de")
    expect(frame.locator("s-paragraph")).to_have_text(i18n.text("de", *TEASER))
    assert frame.locator("s-link").get_attribute("href").endswith("/account/register")


@pytest.mark.parametrize("answer", [500, 401, None], ids=["broken", "refused", "unreachable"])
def test_a_failure_leaves_nothing_behind(page: Page, demo: Demo, answer: int | None) -> None:
    def fail(route: Any) -> None:
        route.abort() if answer is None else route.fulfill(status=answer, body="{}")

    page.route("**/checkout/widgets/**", fail)
    frame = bought(page, demo, "en", demo.customer(0))
    expect(frame.locator("s-section")).to_have_count(0)
