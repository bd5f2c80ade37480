"""Cards in the demo, as a user takes them: on its telephone, on Google's page, and after buying."""

import re
import time

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from webapp.core import i18n
from webapp.features.wallet.domain import words

# Neither one whom other tests look at, nor the walker through both shops.
OWNER = 9
SECONDS = 40.0


def link(demo: Demo, kind: str) -> str:
    """The address of a card, as a program gets it."""
    answer = httpx.post(
        f"{demo.facts['base_url']}/v1/api/wallet/export",
        json={"customer_id": demo.customer(OWNER), "wallet_type": kind, "locale": "ar"},
        headers={"Authorization": f"Bearer {demo.facts['keys']['customer']}"},
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["pass_url"])


def buy(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/account/login?customer_id={demo.customer(OWNER)}")
    page.goto(f"{demo.shop}/products/oak-plant-stand")
    page.locator(".buy [type=submit]").click()
    page.locator('[formaction$="/cart/checkout"]').click()
    expect(page).to_have_url(re.compile("/checkout/thank-you"))


def points(page: Page) -> int:
    """What the newest card on the telephone says."""
    shown = page.locator(".pass [data-points]").first.inner_text()
    return int(re.sub(r"\D", "", shown) or 0)


@pytest.mark.full
def test_a_card_on_the_telephone_changes_after_buying(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo/phone?hl=ar")
    page.locator('[name="link"]').fill(link(demo, "apple"))
    page.get_by_role("button", name="Open the link").click()
    card = page.locator(".pass").first
    expect(card).to_have_attribute("dir", "rtl")
    expect(card).to_contain_text(i18n.text("ar", *words.POINTS))
    expect(page.locator(".pass__facts").first).to_contain_text("good, says OpenSSL")
    before = points(page)
    buy(page, demo)
    deadline = time.monotonic() + SECONDS
    while points_after(page, demo) == before and time.monotonic() < deadline:
        time.sleep(0.5)
    assert points(page) >= before + 72
    expect(page.locator(".pass__facts").first).to_contain_text("Fetched anew: 1")
    page.goto(f"{demo.shop}/demo/phone?hl=ja")
    expect(page.locator(".pass").first).to_contain_text(i18n.text("ja", *words.POINTS))
    page.get_by_role("button", name="Throw it away").first.click()
    expect(page.locator(".pass")).to_have_count(0)


def points_after(page: Page, demo: Demo) -> int:
    page.goto(f"{demo.shop}/demo/phone?hl=ar")
    return points(page)


@pytest.mark.full
def test_the_card_at_google_changes_after_buying(page: Page, demo: Demo) -> None:
    page.goto(link(demo, "google"))
    expect(page).to_have_url(re.compile("/gp/v/save/"), timeout=20_000)
    address = page.url
    page.goto(f"{address}?hl=ja")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
    shown = page.locator(".big dd")
    before = shown.inner_text()
    buy(page, demo)
    page.goto(f"{address}?hl=ja")
    expect(shown).not_to_have_text(before, timeout=SECONDS * 1_000)


def test_the_telephone_says_what_is_no_card(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.shop}/demo/phone")
    page.locator('[name="link"]').fill("http://127.0.0.1:9/w/nonsense")
    page.get_by_role("button", name="Open the link").click()
    expect(page.get_by_role("alert")).to_contain_text("no link to a card")
