"""The walk of a member through both shops of the demo, as a user would take it.

Every step waits for what a user waits for: the pages of the shops, shown again.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Demo
from tests.browser.test_storefront import RULES

# Neither the richest nor the poorest, whom other tests look at.
WALKER = 8
SECONDS = 40.0


@dataclass(frozen=True)
class Walk:
    """One member in both shops: `numbers` are their customer numbers, by shop."""

    page: Page
    demo: Demo
    urls: tuple[str, str]
    numbers: tuple[str, str]

    def account(self, shop: int) -> None:
        """Look at the account in a shop, signed in there."""
        address = f"{self.urls[shop]}/account/login?customer_id={self.numbers[shop]}"
        self.page.goto(f"{address}&return_to=/account")

    def points(self, shop: int) -> int:
        """What the page of the shop says at once, without asking LoyalNest."""
        self.account(shop)
        shown = self.page.locator(".ln-points__balance").first.inner_text()
        return int(re.sub(r"\D", "", shown) or 0)

    def both(self, holds: Callable[[int], bool]) -> int:
        """The balance that both shops come to show, once it is as expected."""
        shown = (0, 0)
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            shown = (self.points(0), self.points(1))
            if shown[0] == shown[1] and holds(shown[0]):
                return shown[0]
        pytest.fail(f"the shops show {shown}")

    def opened(self, shop: int, widget: str) -> Locator:
        """A widget's panel, filled from LoyalNest."""
        self.account(shop)
        button = self.page.locator(f'button[hx-get*="/{widget}?"]').first
        button.click()
        panel = self.page.locator(f"#{button.get_attribute('aria-controls')}")
        expect(panel.locator(".ln-fragment")).to_be_visible()
        return panel

    def buy(self, shop: int, product: str, quantity: int) -> None:
        self.page.goto(f"{self.urls[shop]}/products/{product}")
        self.page.locator("#quantity").fill(str(quantity))
        self.page.locator(".buy [type=submit]").click()
        self.page.locator('[formaction$="/cart/checkout"]').click()
        expect(self.page).to_have_url(re.compile("/checkout/thank-you"))

    def dashboard(self, path: str) -> None:
        """A page of the merchant's dashboard."""
        self.page.goto(self.demo.facts["admin_url"])
        self.page.goto(f"{self.demo.facts['base_url']}/admin/{path}")


@pytest.fixture
def walk(page: Page, demo: Demo) -> Walk:
    one = demo.facts["customers"][WALKER]
    first, second = demo.facts["stores"]
    urls = (first["storefront_url"], second["storefront_url"])
    return Walk(page, demo, urls, (one["customer_id"], one["also"]["customer_id"]))


@pytest.mark.parametrize(("tag", "width"), [("de", 1280), ("ar", 390)])
def test_cart_and_orders_are_accessible(walk: Walk, tag: str, width: int) -> None:
    page, shop = walk.page, f"{walk.urls[1]}/{tag}"
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{shop}/account/login?customer_id=912345")
    page.goto(f"{shop}/products/oak-plant-stand")
    page.locator(".buy [type=submit]").click()
    page.goto(f"{shop}/discount/NOT-A-CODE?redirect=/{tag}/cart")
    expect(page.locator(".cart [role=alert]")).to_contain_text("NOT-A-CODE")
    inspect(page)
    page.locator('[formaction$="/cart/checkout"]').click()
    page.goto(f"{shop}/account")
    expect(page.locator(".order").first).to_be_visible()
    inspect(page)


def inspect(page: Page) -> None:
    """Accessible as far as axe can tell, and no wider than the window."""
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


@pytest.mark.full
def test_a_member_walks_through_both_shops(walk: Walk) -> None:
    page = walk.page
    before = walk.both(lambda _: True)
    walk.buy(0, "oak-plant-stand", 10)
    bought = walk.both(lambda shown: shown >= before + 720)
    page.locator("[data-other-shop]").click()
    expect(page).to_have_url(f"{walk.urls[0]}/account")

    spent, code = redeem(walk, bought)
    panel = walk.opened(1, "rewards_panel")
    panel.locator("details", has=page.locator('[name="redemption_id"]')).locator("summary").click()
    panel.locator('[name="redemption_id"]').click()
    assert walk.both(lambda shown: shown > spent) == bought
    expect(walk.opened(1, "rewards_panel").get_by_text(code)).to_have_count(0)

    walk.account(0)
    page.locator('form.staff [type="submit"]').first.click()
    expect(page.locator('.orders [role="status"]')).to_be_visible()
    left = walk.both(lambda shown: shown < bought)
    assert left == bought - (bought - before) // 10
    assert taken_back(walk, 0) == bought - left

    part(walk)
    own = [walk.points(shop) for shop in (0, 1)]
    assert (sum(own), all(own)) == (left, True)
    assert checked(walk) == {"Accuracy": "100%", "Ledger, lots and cards": "Agree"}


def checked(walk: Walk) -> dict[str, str]:
    """What the Sync page says after everything that changed was read back from both shops."""
    walk.dashboard("sync")
    walk.page.locator('form[action$="sync/check"] [type="submit"]').click()
    expect(walk.page.locator("#sync-now .panel-state")).to_have_text(
        re.compile("Checked, and right"), timeout=1000 * SECONDS
    )
    stats = walk.page.locator("#sync-now .stats > div")
    found = dict(line.inner_text().split("\n", 1) for line in stats.all())
    return {name: found[name].strip() for name in ("Accuracy", "Ledger, lots and cards")}


def redeem(walk: Walk, bought: int) -> tuple[int, str]:
    """Redeem the first reward in the second shop; what is left, and the code."""
    panel = walk.opened(1, "rewards_panel")
    reward = panel.locator(".ln-reward", has=walk.page.locator('[name="reward_id"]')).first
    reward.locator("summary").click()
    reward.locator('[name="reward_id"]').click()
    shown = panel.locator(".ln-code__text")
    expect(shown).to_be_visible(timeout=1000 * SECONDS)
    code = shown.inner_text()
    panel.locator(".ln-code .ln-link--main").click()
    walk.page.goto(f"{walk.urls[1]}/products/seagrass-basket")
    walk.page.locator(".buy [type=submit]").click()
    expect(walk.page.locator(".cart__discount")).to_contain_text(code)
    return walk.both(lambda balance: balance < bought), code


def taken_back(walk: Walk, shop: int) -> int:
    """What the newest line of the receipts says was taken."""
    panel = walk.opened(shop, "points_display")
    words = panel.locator(".ln-entry__points").first.inner_text()
    assert words.startswith("\u2212")
    return int(re.sub(r"\D", "", words))


def part(walk: Walk) -> None:
    """Undo the link in the dashboard."""
    walk.dashboard("members")
    walk.page.locator("#field-asked").fill(walk.numbers[0])
    walk.page.locator('form[action$="members/find"] [type="submit"]').click()
    walk.page.locator(".entries a").first.click()
    walk.page.locator('form[action$="members/unlink"] [type="submit"]').click()
    expect(walk.page.locator("main")).to_contain_text("Undone")
    deadline = time.monotonic() + SECONDS
    while walk.points(0) == walk.points(1):
        assert time.monotonic() < deadline, "the shops still show one balance"
