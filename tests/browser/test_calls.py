"""The pages for those who let programs call us, in a real browser: accessible, also on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.served import served
from tests.factories import make_tenant
from webapp.core.tenancy import ADMIN_PERMISSIONS
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import CreateServiceKey
from webapp.parts import Parts

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def check(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize(("tag", "width"), [("en", 1280), ("ar", 390)])
def test_pages_are_accessible(committed: Parts, page: Page, tag: str, width: int) -> None:
    tenant = make_tenant(committed.database)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        accounts.create_service_key(ctx, CreateServiceKey(ADMIN_PERMISSIONS, None, "ERP"))
        person = accounts.add_admin(ctx, "Robin", "owner")
        token = accounts.create_sign_in_link(ctx, person)
    page.set_viewport_size({"width": width, "height": 844})
    with served(committed) as address:
        page.goto(f"{address}/docs")
        check(page)
        page.goto(f"{address}/admin/sign-in?token={token}")
        page.goto(f"{address}/admin/keys?locale={tag}")
        page.locator("summary").last.click()
        check(page)
