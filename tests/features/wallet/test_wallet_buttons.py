"""The wallet buttons: ordered by device, with a code for the telephone, fresh, and never stale."""

import re

import pytest
import zxingcpp

from tests.factories import signed_query
from tests.features.wallet.holding import Holding
from tests.features.wallet.test_apple_card import drawn
from webapp.core.i18n import LOCALES, direction
from webapp.core.inbox import PLATFORM
from webapp.features.accounts import service as accounts
from webapp.features.wallet.service.links import LIFE
from webapp.features.wallet.widgets.wallet_buttons import widget

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Safari/604.1"
ANDROID = "Mozilla/5.0 (Linux; Android 16; Pixel 10) Chrome/145.0 Mobile Safari/537.36"
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Chrome/145.0 Safari/537.36"


def fragment(shop: Holding, agent: str = DESKTOP, customer: str = "7", locale: str = "en") -> str:
    query = signed_query(shop.tenant, shop.clock.at, customer, locale=locale)
    path = f"/proxy/widgets/wallet_buttons?{query}"
    return shop.web.get(path, headers={"User-Agent": agent}).text


def kinds(html: str) -> list[str]:
    return re.findall(r'aria-label="Add to (Apple|Google) Wallet\. Export', html)


@pytest.mark.parametrize(
    ("agent", "order", "codes"),
    [
        (IPHONE, ["Apple", "Google"], 0),
        (ANDROID, ["Google", "Apple"], 0),
        (DESKTOP, ["Apple", "Google"], 2),
    ],
)
def test_buttons_are_in_the_order_of_the_device(
    shop: Holding, agent: str, order: list[str], codes: int
) -> None:
    html = fragment(shop, agent)
    assert kinds(html) == order
    assert html.count('class="ln-qr"') == codes


def test_the_code_holds_the_link(shop: Holding) -> None:
    html = fragment(shop)
    href = re.findall(r'class="ln-link ln-link--main" href="([^"]+)"', html)[0]
    size, path = re.findall(r'viewBox="0 0 (\d+) \d+".*?fill="#000" d="([^"]+)"', html)[0]
    assert zxingcpp.read_barcodes(drawn(int(size), path))[0].text == href
    answer = shop.web.get(href[href.index("/w/") :])
    assert answer.data[:2] == b"PK"


def test_links_are_asked_for_anew_before_they_end(shop: Holding) -> None:
    seconds = int(re.findall(r'hx-trigger="every (\d+)s"', fragment(shop))[0])
    assert 60 <= seconds < LIFE.total_seconds()


def test_guests_and_strangers_have_no_buttons(shop: Holding) -> None:
    for customer in ("", "99"):
        html = fragment(shop, customer=customer)
        assert "/w/" not in html
        assert "<p" in html


def test_a_wallet_without_a_key_is_not_offered(shop: Holding) -> None:
    with shop.parts.database.transaction(PLATFORM) as ctx:
        accounts.remove_connection(ctx, "google_wallet")
    assert kinds(fragment(shop)) == ["Apple"]
    with shop.parts.database.transaction(PLATFORM) as ctx:
        accounts.remove_connection(ctx, "apple_wallet")
    assert kinds(fragment(shop)) == []
    assert "Cards cannot be had at the moment" in fragment(shop)


def test_what_became_of_a_card_is_told(shop: Holding) -> None:
    assert "on your phone, and" not in fragment(shop, IPHONE)
    shop.device().register()
    assert "It is on your phone" in fragment(shop, IPHONE)
    with shop.open() as ctx:
        ctx.db.connection().exec_driver_sql("update wallet_exports set failure = 'x'")
    assert "Please try again" in fragment(shop, IPHONE)


def test_official_badges_take_the_place_of_words(shop: Holding, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(widget, "BADGES", tmp_path)
    (tmp_path / "apple").mkdir()
    (tmp_path / "apple" / "de.svg").write_text("<svg/>")
    html = fragment(shop, IPHONE, locale="de")
    assert html.count('class="ln-badge"') == 1
    assert "/static/wallet/badges/apple/de.svg" in html
    assert 'class="ln-badge"' not in fragment(shop, IPHONE, locale="en")


@pytest.mark.parametrize("tag", LOCALES)
def test_every_language_has_its_buttons(shop: Holding, tag: str) -> None:
    html = fragment(shop, locale=tag)
    assert f'lang="{tag}" dir="{direction(tag)}"' in html
    assert html.count("Apple Wallet") >= 2 or "Apple" in html
    assert html.count('role="img"') == 2
