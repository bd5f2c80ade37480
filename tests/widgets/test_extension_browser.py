"""The block in a real browser: interest, click, answer, failure and retry."""

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.widgets.fragment import ENTRIES, fragment
from tests.widgets.shop_server import Answer, Shop
from tests.widgets.storefront import block, member
from webapp.core import i18n

# pytest-playwright 0.10 declares a fixture in a way that pytest 10 will not take any more.
pytestmark = pytest.mark.filterwarnings("ignore:.*instance methods:pytest.PytestRemovedIn10Warning")
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
LONG = "<p>An entry.</p>" * 60
SHIFTS = """() => new Promise(done => { let sum = 0;
  new PerformanceObserver(list => { for (const e of list.getEntries())
    if (!e.hadRecentInput) sum += e.value }).observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 200) })"""


def opened(page: Page, shop: Shop, tag: str = "en", customer: object = None) -> None:
    page.goto(shop.show(block(tag).render(customer)))


def test_interest_loads_htmx_and_a_click_the_fragment(page: Page, shop: Shop) -> None:
    opened(page, shop, customer=member(7))
    page.wait_for_load_state("networkidle")
    assert sorted(shop.asked) == ["/", "/assets/loyalnest.css", "/assets/loyalnest.js"]
    with page.expect_response("**/htmx.min.js*"):
        page.locator(".ln-toggle").hover()
    scripts = [path.split("?")[0] for path in shop.asked[3:]]
    assert scripts == ["/assets/panel.js", "/assets/htmx.min.js"]
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-fragment")).to_have_text("Latest points")
    address = "/apps/loyalnest/widgets/points_display?locale=en&root=%2F&page=home_page"
    assert shop.asked[5] == address
    expect(page.locator(".ln-panel")).to_have_attribute("aria-busy", "false")
    expect(page.locator(".ln-toggle")).to_have_attribute("aria-expanded", "true")
    expect(page.locator(".ln-toggle")).to_be_focused()


def test_ours_leaves_no_global_and_does_not_read_the_page(page: Page, shop: Shop) -> None:
    foreign = '<button id="foreign" hx-get="/apps/foreign">Another app</button>'
    page.goto(shop.show(block("en").render(member(7)) + foreign))
    before = set(page.evaluate("Object.keys(window)"))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    page.locator("#foreign").click()
    assert set(page.evaluate("Object.keys(window)")) - before <= {"htmx"}
    assert page.evaluate("window.htmx") is None
    assert "/apps/foreign" not in shop.asked


def test_the_keyboard_opens_the_panel(page: Page, shop: Shop) -> None:
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".ln-fragment")).to_be_visible()


def test_a_second_click_closes_and_a_third_asks_nothing_again(page: Page, shop: Shop) -> None:
    opened(page, shop, customer=member(7))
    toggle = page.locator(".ln-toggle")
    toggle.click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    toggle.click()
    expect(page.locator(".ln-panel")).to_be_hidden()
    expect(toggle).to_have_attribute("aria-expanded", "false")
    toggle.click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    assert sum(path.startswith("/apps/") for path in shop.asked) == 1


def test_the_pages_own_htmx_is_used_and_kept(page: Page, shop: Shop) -> None:
    theirs = '<script src="/assets/htmx.min.js?theirs"></script>'
    page.goto(shop.show(block("en").render(member(7)), theirs))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    assert [path for path in shop.asked if "htmx" in path] == ["/assets/htmx.min.js?theirs"]
    assert page.evaluate("htmx.version") == "4.0.1"
    assert sum(path.startswith("/apps/") for path in shop.asked) == 1


@pytest.mark.parametrize(("status", "tag"), [(404, "en"), (429, "ja"), (500, "ar"), (503, "he")])
def test_an_error_is_said_in_words_and_can_be_tried_again(
    page: Page, shop: Shop, status: int, tag: str
) -> None:
    shop.answers = [Answer(status, '<div class="ln-fragment"><h1>Proxy error</h1></div>')]
    opened(page, shop, tag, member(7))
    page.locator(".ln-toggle").click()
    said = i18n.text(tag, "panel.failed", "This cannot be loaded right now.")
    expect(page.locator(".ln-panel__failed")).to_contain_text(said)
    expect(page.locator(".ln-panel__failed")).to_be_visible()
    assert page.locator("h1").count() == 0
    page.locator(".ln-panel__retry").click()
    expect(page.locator(".ln-fragment")).to_be_visible()
    expect(page.locator(".ln-panel__failed")).to_be_hidden()
    expect(page.locator(".ln-toggle")).to_be_focused()


def test_a_page_of_the_shop_instead_of_the_fragment_is_an_error(page: Page, shop: Shop) -> None:
    shop.answers = [Answer(200, "<html><head><title>Password</title></head><body>No</body></html>")]
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel__failed")).to_be_visible()
    assert page.title() == "Shop"


@pytest.mark.alone
def test_a_hung_backend_is_given_up_after_four_seconds(page: Page, shop: Shop) -> None:
    shop.answers = [Answer(wait=20)]
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel__loading")).to_be_visible()
    expect(page.locator(".ln-panel__failed")).to_be_visible(timeout=4900)
    page.locator(".ln-panel__retry").click()
    expect(page.locator(".ln-fragment")).to_be_visible()


@pytest.mark.parametrize("name", ["htmx.min.js", "panel.js"])
def test_a_script_that_cannot_be_loaded_is_asked_for_again(
    page: Page, shop: Shop, name: str
) -> None:
    shop.missing = {name}
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel__failed")).to_be_visible()
    shop.missing = set()
    page.locator(".ln-panel__retry").click()
    expect(page.locator(".ln-fragment")).to_be_visible()


def test_a_library_that_comes_without_its_contents_is_asked_for_again(
    page: Page, shop: Shop
) -> None:
    shop.empty = {"htmx.min.js"}
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel__failed")).to_be_visible(timeout=4900)
    shop.empty = set()
    page.locator(".ln-panel__retry").click()
    expect(page.locator(".ln-fragment")).to_be_visible()


@pytest.mark.parametrize("body", ["", LONG], ids=["short", "long"])
def test_nothing_moves_when_the_answer_comes_late(page: Page, shop: Shop, body: str) -> None:
    shop.answers = [Answer(body=f'<div class="ln-fragment"><p>Here.</p>{body}</div>', wait=0.8)]
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    expect(page.locator(".ln-panel")).to_be_visible()
    before = page.locator("#below").bounding_box()
    expect(page.locator(".ln-fragment")).to_be_visible()
    assert page.locator("#below").bounding_box() == before
    assert page.evaluate(SHIFTS) == 0


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_the_open_block_is_accessible_and_fits_a_phone(page: Page, shop: Shop, tag: str) -> None:
    page.set_viewport_size({"width": 360, "height": 800})
    for customer in (member(1234), None):
        shop.answers = [Answer(body=fragment(tag, member=customer is not None))]
        opened(page, shop, tag, customer)
        page.locator(".ln-toggle").click()
        expect(page.locator(".ln-fragment")).to_be_visible()
        found = Axe().run(page, context=".ln-points", options=WCAG)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        direction = page.locator(".ln-points").evaluate("e => getComputedStyle(e).direction")
        assert direction == i18n.direction(tag)


def test_without_scripts_there_is_the_balance_and_a_link(browser: Browser, shop: Shop) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(shop.show(block("en").render(member(7), show_account=False)))
    expect(page.locator(".ln-points__balance")).to_have_text("7 points")
    expect(page.locator("a.ln-link")).to_be_visible()
    expect(page.locator(".ln-toggle")).to_be_hidden()
    page.close()


def test_older_lines_come_where_they_were_asked_for(page: Page, shop: Shop) -> None:
    older = [replace(entry, label="Older") for entry in ENTRIES[:2]]
    rest = fragment("en", entries=older, older=7, continued=True)
    shop.answers = [Answer(body=fragment("en", older=9, root="/en")), Answer(body=rest)]
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    page.get_by_role("link", name="Show older entries").click()
    expect(page.locator(".ln-entry")).to_have_count(len(ENTRIES) + 2)
    assert "&before=9" in shop.asked[-1] and "/widgets/points_display?" in shop.asked[-1]
    expect(page.locator(".ln-entry").nth(len(ENTRIES))).to_be_focused()
    expect(page.locator(".ln-fragment")).to_have_count(1)
    link = page.get_by_role("link", name="Show older entries")
    assert "before=7" in (link.get_attribute("hx-get") or "")


def test_older_lines_that_do_not_come_leave_everything_as_it_was(page: Page, shop: Shop) -> None:
    shop.answers = [
        Answer(body=fragment("en", older=9)),
        Answer(503, '<div class="ln-fragment"></div>'),
        Answer(body=fragment("en", entries=ENTRIES[:1], continued=True)),
    ]
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    link = page.get_by_role("link", name="Show older entries")
    with page.expect_response("**/widgets/points_display?*before=9"):
        link.click()
    expect(page.locator(".ln-entry")).to_have_count(len(ENTRIES))
    link.click()
    expect(page.locator(".ln-entry")).to_have_count(len(ENTRIES) + 1)
    expect(link).to_have_count(0)


def test_own_link_is_shared_or_copied_with_the_address_of_the_shop(page: Page, shop: Shop) -> None:
    share = 'data-share="/de/apps/loyalnest/r/X" data-done="Copied"'
    button = f'<button type="button" {share}>Share</button>'
    body = f'<div class="ln-fragment" lang="en" dir="ltr">{button}</div>'
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shop.answers.append(Answer(body=body))
    opened(page, shop, customer=member(7))
    page.locator(".ln-toggle").click()
    page.locator("[data-share]").click()
    expect(page.locator("[data-share]")).to_have_text("Copied")
    address = f"{shop.url.rstrip('/')}/de/apps/loyalnest/r/X"
    assert page.evaluate("navigator.clipboard.readText()") == address
    # A shopper who changes their mind: the promise is refused.
    asked = "{ url }) => { window.shared = url; return Promise.reject() }"
    page.evaluate(f"() => {{ navigator.share = ({asked} }}")
    page.locator("[data-share]").click()
    assert page.evaluate("window.shared") == address
