"""The Messages page in a real browser: accessible, mirrored, previews in both directions."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo


@pytest.mark.parametrize(("tag", "width", "language"), [("en", 1280, "he"), ("ar", 390, "de")])
def test_messages_are_accessible(
    page: Page, demo: Demo, tag: str, width: int, language: str
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(demo.facts["admin_url"])
    page.goto(f"{demo.facts['base_url']}/admin/messages?locale={tag}&language={language}")
    expect(page.locator(f".letter[lang={language}]")).to_be_visible()
    expect(page.locator(f".bubble[lang={language}]")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_a_preview_is_chosen_without_javascript(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.facts["admin_url"])
    page.goto(f"{demo.facts['base_url']}/admin/messages")
    page.locator("#field-language").select_option("fa")
    page.locator("#preview button").click()
    expect(page.locator(".letter[lang=fa][dir=rtl]")).to_be_visible()
    context.close()
