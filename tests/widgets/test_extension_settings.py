"""What a block shows and looks like: its own settings, the configuration, a test, the page."""

import hashlib
import hmac
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.widgets.storefront import Block, block, member
from webapp.core.colours import TEXT_CONTRAST, contrast

KEY = "0123456789abcdef0123456789abcdef"
colours = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")
SHOWN = 'class="ln-points'


def configured(template: str = "index", locale: str = "en", **entry: Any) -> Block:
    return Block(locale, template=template, config={"points_display": entry})


def on_trial(template: str = "index", **variant: Any) -> Block:
    """A test of a variant on the home page's block."""
    other = {"placement": "home_page", "accent": "#111111", **variant}
    test = {"id": "exp_1", "key": KEY, "arms": "89abcdef", "variant": other}
    return configured(template, placement="home_page", accent="#111111", test=test)


def arm_b(customer: int) -> bool:
    """Whether a customer sees the variant, as the backend reckons it."""
    digest = hmac.new(KEY.encode(), str(customer).encode(), hashlib.sha256).hexdigest()
    return digest[0] in "89abcdef"


def customer(number: int) -> dict[str, object]:
    return {**member(7), "id": number}


def test_the_block_comes_first_then_the_configuration_then_ours() -> None:
    assert "--ln-accent: #1f6f5c" in block("en").render(member(1))
    page = configured(accent="#aa0000", texts={"en": {"heading": "Nest <points>"}})
    assert "--ln-accent: #aa0000" in page.render(member(1))
    assert "Nest &lt;points&gt;" in page.render(member(1))
    html = page.render(member(1), accent="#00aa00", heading="Mine")
    assert "--ln-accent: #00aa00" in html
    assert ">Mine</h2>" in html


@pytest.mark.parametrize(("corner", "radius"), [("square", 0), ("soft", 8), ("round", 20)])
def test_corners(corner: str, radius: int) -> None:
    assert f"--ln-radius: {radius}px" in configured(corner=corner).render()
    assert f"--ln-radius: {radius}px" in block("en").render(corner=corner)


@pytest.mark.parametrize(
    ("template", "placement"),
    [
        ("index", "home_page"),
        ("product", "product_page"),
        ("collection", "collection_page"),
        ("cart", "cart_page"),
        ("customers/account", "account_page"),
    ],
)
def test_a_block_is_shown_on_the_pages_of_its_placement(template: str, placement: str) -> None:
    assert SHOWN in configured(template, placement=placement).render(member(1))
    assert SHOWN in configured(template, placement="everywhere").render(member(1))
    other = "cart_page" if placement != "cart_page" else "home_page"
    assert configured(template, placement=other).render(member(1)).strip() == ""


def test_the_theme_editor_shows_a_block_wherever_it_stands() -> None:
    page = configured("product", placement="cart_page", guests="hide")
    page.scope["request"] = {"locale": {"iso_code": "en"}, "design_mode": True}
    assert SHOWN in page.render()


def test_guests_are_as_configured_unless_the_block_says_otherwise() -> None:
    page = configured(guests="hide")
    assert page.render().strip() == ""
    assert SHOWN in page.render(member(1))
    assert SHOWN in page.render(guests="show")


@pytest.mark.parametrize("locale", ["pt-BR", "pt-PT", "zh-CN"])
def test_a_heading_is_that_of_the_shoppers_language(locale: str) -> None:
    page = configured(locale=locale, texts={locale: {"heading": "Ninho"}, "de": {"heading": "x"}})
    assert ">Ninho</h2>" in page.render(member(1))


@given(colours, colours)
def test_text_on_a_chosen_background_can_be_read(text: str, background: str) -> None:
    html = block("en").render(member(1), text=text, background=background)
    ink = re.search(r"--ln-ink: (#[0-9a-f]{6})", html)
    assert ink
    assert contrast(ink[1], background) >= TEXT_CONTRAST
    assert f"--ln-background: {background}" in html


def test_without_colours_the_theme_keeps_its_own() -> None:
    assert "ln-own" not in block("en").render(member(1))


def test_customers_see_the_version_of_their_hash() -> None:
    page = on_trial(accent="#222222")
    arms = {number: "--ln-accent: #222222" in page.render(customer(number)) for number in range(64)}
    assert arms == {number: arm_b(number) for number in range(64)}
    assert len(set(arms.values())) == 2


def test_guests_take_no_part() -> None:
    html = on_trial(accent="#222222").render()
    assert "--ln-accent: #111111" in html
    assert "seen" not in html


@pytest.mark.parametrize("number", range(8))
def test_both_versions_say_where_the_customer_was(number: int) -> None:
    for template, page in (("index", "home_page"), ("cart", "cart_page")):
        html = on_trial(template, placement="cart_page").render(customer(number))
        address = f"/apps/loyalnest/seen/exp_1?page={page}&amp;of="
        assert html.count(address) == 1
        assert (SHOWN in html) == ((template == "cart") == arm_b(number))
    assert "seen" not in on_trial("product", placement="cart_page").render(customer(number))


def test_the_sticky_bar_stands_where_it_is_put() -> None:
    page = Block("en", widget="sticky_bar", config={"sticky_bar": {"position": "bottom_end"}})
    assert "ln-bar--bottom_end" in page.render(member(5))
    assert "ln-bar--bottom_start" in page.render(member(5), position="bottom_start")
    assert "ln-bar--bottom " not in page.render(member(5))
