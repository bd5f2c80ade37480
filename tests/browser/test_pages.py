"""Every page of the dashboard in a real browser: accessible, usable by keyboard, on a phone, in
four scripts, with and without JavaScript, directly and inside Shopify's admin.

Pages are found, so one that is added is tested from its first day.
"""

from collections.abc import Iterable, Iterator
from itertools import cycle, product

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from tests.browser.pages_of_a_merchant import Opened, open_account
from tests.browser.served import served
from tests.entry.embedding import api_key_of, claims, signed
from tests.factories import FixedClock
from webapp.core import discovery
from webapp.parts import Parts

LOOKS = [(tag, width) for tag in ("en", "ar", "de", "ja") for width in (390, 1280)]
RULES = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# The browser itself shows which part of a time or a day has the focus.
SHOWN = """
getComputedStyle(document.activeElement).outlineStyle !== 'none'
|| ['time', 'date', 'datetime-local'].includes(document.activeElement.type)
"""
PATHS = ("", *discovery.pages())
# What App Bridge does for us: a token on demand, and on every fetch.
APP_BRIDGE = """
window.shopify = { idToken: () => window.mintToken() };
const plain = window.fetch;
window.fetch = async (to, options = {}) => {
  const headers = new Headers(options.headers);
  headers.set("Authorization", `Bearer ${await window.mintToken()}`);
  return plain(to, { ...options, headers });
};
"""


@pytest.fixture
def opened(committed: Parts) -> Opened:
    return open_account(committed)


@pytest.fixture
def base(committed: Parts, opened: Opened) -> Iterator[str]:
    with served(committed) as address:
        yield address


def troubles(page: Page) -> list[str]:
    """What the browser complains of from now on."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda line: found.append(line.text) if line.type == "error" else None)
    return found


def look(page: Page, address: str) -> list[str]:
    """What is wrong with the page at this address, as it is now."""
    found = Axe().run(page, options=RULES)
    wrong = [f"{address}: {found.generate_report()}"] if found.violations_count else []
    if page.evaluate(OVERFLOW) > 0:
        wrong.append(f"{address}: wider than the window")
    if page.locator("h1").count() != 1:
        wrong.append(f"{address}: not one heading")
    return wrong


def look_at_all(page: Page, base: str, views: Iterable[tuple[str, tuple[str, int]]]) -> list[str]:
    """What is wrong in any of these (path, (language, width))."""
    failures, wrong = troubles(page), []
    for path, (tag, width) in views:
        page.set_viewport_size({"width": width, "height": 844})
        address = f"{base}/admin/{path}?locale={tag}"
        page.goto(address)
        wrong += look(page, f"{address} at {width}")
    return wrong + failures


def test_every_page_is_accessible(page: Page, base: str, opened: Opened) -> None:
    """Each in one look; which one changes from page to page."""
    page.goto(base + opened.sign_in)
    assert look_at_all(page, base, zip(PATHS, cycle(LOOKS), strict=False)) == []


@pytest.mark.full
def test_every_page_is_accessible_in_every_look(page: Page, base: str, opened: Opened) -> None:
    page.goto(base + opened.sign_in)
    assert look_at_all(page, base, product(PATHS, LOOKS)) == []


def test_every_page_works_without_javascript(browser: Browser, base: str, opened: Opened) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base + opened.sign_in)
    for path in PATHS:
        answer = page.goto(f"{base}/admin/{path}")
        assert answer is not None
        assert answer.status == 200, path
        assert page.get_by_role("heading", level=1).count() == 1
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name="Menu", exact=True).click()
    page.get_by_role("link", name="People").click()
    page.get_by_label("Role of Ada").select_option("manager")
    page.get_by_role("listitem").filter(has_text="Ada").get_by_role("button", name="Save").click()
    assert page.get_by_role("status").inner_text() == "The role is changed."
    context.close()


def test_pages_can_be_used_by_keyboard(page: Page, base: str, opened: Opened) -> None:
    """The first stop leads to the content, every stop shows that it has the focus."""
    page.goto(base + opened.sign_in)
    for path in PATHS:
        page.goto(f"{base}/admin/{path}")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", path
        stops = page.evaluate(
            "[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, "
            'textarea, summary, [tabindex="0"]\')].filter((e) => e.checkVisibility() '
            "&& !e.disabled && e.tabIndex >= 0).length"
        )
        seen = 1
        for _ in range(stops - 1):
            page.keyboard.press("Tab")
            outlined = SHOWN
            what = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
            assert page.evaluate(outlined), f"{path}: stop {seen} is not shown: {what}"
            seen += 1
        assert page.evaluate("document.activeElement !== document.body"), path


def test_dashboard_inside_shopifys_admin(
    page: Page, base: str, committed: Parts, opened: Opened, clock: FixedClock
) -> None:
    key = api_key_of(committed.database, opened.tenant)

    def mint() -> str:
        return signed(claims(clock, opened.tenant.shop, key))

    def cdn(route: Route) -> None:
        body = APP_BRIDGE if "app-bridge" in route.request.url else ""
        route.fulfill(content_type="text/javascript", body=body)

    page.expose_function("mintToken", mint)
    page.route("https://cdn.shopify.com/**", cdn)
    failures = troubles(page)
    # No token yet: the page fetches one and comes back.
    page.goto(f"{base}/app/?shop={opened.tenant.shop}&host=x")
    page.wait_for_selector("s-page")
    page.wait_for_url(lambda url: "id_token" not in url)
    assert "bounced" not in page.url
    # The answer without a token is a 401, which a browser notes; nothing else is wrong.
    assert [line for line in failures if "401" not in line] == []
    wrong = look(page, page.url)
    for path in discovery.pages():
        # Shopify's navigation was used.
        page.evaluate(
            "(href) => document.querySelector(`s-link[href='${href}']`)"
            ".dispatchEvent(new Event('shopify:navigate', {bubbles: true}))",
            f"/app/{path}",
        )
        page.wait_for_url(f"{base}/app/{path}")
        wrong += look(page, page.url)
    assert wrong == []
    # A form is sent with the token, and says what became of it.
    page.goto(f"{base}/app/people?id_token={mint()}")
    page.get_by_label("Role of Ada").select_option("manager")
    page.get_by_role("listitem").filter(has_text="Ada").get_by_role("button", name="Save").click()
    page.get_by_role("status").wait_for()
    assert "said" not in page.url
    # Another language changes the whole document.
    page.get_by_label("Language").select_option("he")
    page.get_by_role("button", name="Apply").click()
    page.wait_for_selector("html[dir=rtl]")
