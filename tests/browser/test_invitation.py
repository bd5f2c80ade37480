"""A friend's way through the page behind a member's link, in a real theme and a real browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.served import served, serving
from tests.factories import SECRET, FixedClock
from tests.features.points.friends import Friends, begun
from webapp.demo.settings import ShopConfig
from webapp.demo.shop import create_shop
from webapp.parts import Parts

pytestmark = [
    pytest.mark.full,
    # pytest-playwright 0.10 declares a fixture in a way that pytest 10 will not take any more.
    pytest.mark.filterwarnings("ignore:.*instance methods:pytest.PytestRemovedIn10Warning"),
]
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}


@pytest.fixture
def friends(committed: Parts, clock: FixedClock) -> Friends:
    return begun(committed.database, clock)


@pytest.fixture
def shop(committed: Parts, clock: FixedClock, friends: Friends, tmp_path: Path) -> Iterator[str]:
    """The address of a demo shop in front of our web."""
    with served(committed) as web:
        config = ShopConfig(
            host="127.0.0.1",
            port=0,
            data_dir=tmp_path,
            web_url=web,
            app_secret=SECRET,
            access_token="shpat_invitation",
            shop_domain=friends.tenant.shop,
            shop_name="Nest & Bloom",
            currency="USD",
        )
        with serving(create_shop(config, clock=clock)) as address:
            yield address


def made(friends: Friends) -> str:
    """The shop has made the code."""
    ((code,),) = friends.ask(
        "update referral_claims set discount_state = 'made' returning discount_code"
    )
    return str(code)


def test_guest_accepts_in_place_and_sees_the_code_come(
    page: Page, shop: str, friends: Friends
) -> None:
    code = friends.link(friends.member())
    page.goto(f"{shop}/de/apps/loyalnest/r/{code}")
    section = page.locator(".ln-page")
    expect(section).to_have_attribute("lang", "de")
    expect(page.locator("header").first).to_be_visible()
    violations = Axe().run(page, options=WCAG).response["violations"]
    assert violations == []
    page.evaluate("window.kept = true")
    page.wait_for_load_state("networkidle")
    page.locator(".ln-page input[type=email]").fill("new@shop.example")
    page.locator(".ln-page form button").click()
    expect(page.locator(".ln-page__notice")).to_be_visible()
    discount = made(friends)
    expect(page.locator(".ln-page__code")).to_have_text(discount, timeout=10_000)
    assert page.evaluate("window.kept") is True
    assert page.evaluate("window.htmx") is None


def test_guest_accepts_without_scripts(browser: Browser, shop: str, friends: Friends) -> None:
    code = friends.link(friends.member())
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{shop}/ar/apps/loyalnest/r/{code}")
    expect(page.locator(".ln-page")).to_have_attribute("dir", "rtl")
    page.locator(".ln-page input[type=email]").fill("new@shop.example")
    page.locator(".ln-page form button").click()
    expect(page.locator(".ln-page__notice")).to_be_visible()
    assert "/ar/apps/loyalnest/r/" in page.url
    discount = made(friends)
    page.locator('.ln-page a[href^="?claim="]').click()
    expect(page.locator(".ln-page__code")).to_have_text(discount)
    context.close()


def test_member_who_signs_in_first_comes_back_to_the_invitation(
    page: Page, shop: str, friends: Friends
) -> None:
    code = friends.link(friends.member())
    page.goto(f"{shop}/apps/loyalnest/r/{code}")
    address = page.locator(".ln-page a[href*='/account/login']").get_attribute("href")
    page.goto(f"{shop}{address}&customer_id=77")
    assert page.url == f"{shop}/apps/loyalnest/r/{code}"
    expect(page.locator(".ln-page input[type=email]")).to_have_count(0)
    page.locator(".ln-page form button").click()
    expect(page.locator(".ln-page__notice")).to_be_visible()
    assert friends.ask("select external_id from referral_claims") == [("77",)]
