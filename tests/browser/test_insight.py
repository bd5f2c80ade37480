"""Deliveries and Success in a real browser: accessible, mirrored, alive, and without scripts."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import served
from tests.factories import make_tenant
from tests.features.accounts.test_deliveries import AWARD, DEAD, PUSH, STATES, Desk
from tests.features.telemetry.test_success import member
from webapp.app import create_app
from webapp.features.accounts import service as accounts
from webapp.parts import Parts


@pytest.fixture
def desk(committed: Parts) -> Desk:
    """A merchant with a delivery in every state, a month of sent ones, and figures of success."""
    tenant = make_tenant(committed.database, access_token="shpat_insight")
    made = Desk(committed, create_app(committed).test_client(), tenant)
    for columns, _ in STATES.values():
        made.put(PUSH, "points.changed", **columns)
    made.put(AWARD, "orders.imported", **DEAD)
    made.note(range(1, 61))
    member(committed, tenant, "7", pushed=2)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        ctx.track("multi_store_sync", stores=2)
    return made


@pytest.fixture
def site(desk: Desk) -> Iterator[str]:
    with served(desk.parts) as address:
        yield address


def sign_in(page: Page, desk: Desk, site: str) -> None:
    with desk.parts.database.transaction(desk.tenant.merchant_id) as ctx:
        token = accounts.create_sign_in_link(ctx, accounts.add_admin(ctx, "Robin", "owner"))
    page.goto(f"{site}/admin/sign-in?token={token}")


@pytest.mark.full
def test_pages_are_accessible_and_as_wide_as_the_screen(page: Page, desk: Desk, site: str) -> None:
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda line: failures.append(line.text) if line.type == "error" else None)
    sign_in(page, desk, site)
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for path in ("deliveries", "deliveries?state=sent", "success"):
        for tag, width in (("en", 1280), ("ar", 390)):
            page.set_viewport_size({"width": width, "height": 844})
            page.goto(f"{site}/admin/{path}{'&' if '?' in path else '?'}locale={tag}")
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate(overflow) <= 0, (path, tag)
    assert failures == []


def test_list_follows_what_happens(page: Page, desk: Desk, site: str) -> None:
    sign_in(page, desk, site)
    page.goto(f"{site}/admin/deliveries?state=dead")
    lines = page.locator("#delivery-list tbody tr")
    expect(lines).to_have_count(2)
    desk.put(PUSH, "points.changed", **DEAD)
    expect(lines).to_have_count(3, timeout=10_000)


def test_everything_of_a_destination_is_sent_again_without_scripts(
    browser: Browser, desk: Desk, site: str
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, desk, site)
    page.goto(f"{site}/admin/deliveries")
    page.locator("#field-state").select_option("dead")
    page.locator(".filter button").click()
    expect(page.locator("#delivery-list tbody tr")).to_have_count(2)
    page.get_by_role("row", name="Shopify").get_by_role("button").first.click()
    expect(page.locator(".notice-line")).to_have_text("1 delivery is being tried again.")
    expect(page.locator("#delivery-list tbody tr")).to_have_count(0)
    context.close()
