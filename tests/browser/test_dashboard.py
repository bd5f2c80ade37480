"""The dashboard in a real browser: one click away, accessible, mirrored, without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Demo


@pytest.mark.parametrize(("tag", "width"), [("en", 1280), ("ar", 390), ("ja", 1280), ("de", 390)])
def test_overview_is_accessible(page: Page, demo: Demo, tag: str, width: int) -> None:
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(demo.facts["admin_url"])
    page.goto(f"{demo.facts['base_url']}/admin/?locale={tag}")
    expect(page.locator("canvas").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    assert failures == []


def test_overview_works_without_javascript(browser: Browser, demo: Demo) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo.facts["admin_url"])
    expect(page.get_by_role("table").first).to_be_visible()
    expect(page.locator("[data-chart-fallback]").first).to_be_visible()
    context.close()


def test_start_page_leads_to_shop_and_dashboard(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo")
    expect(page.locator("a[href='/demo/admin']").first).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
