"""The first paint: rendered from the customer's metafields alone, in every language."""

import re

import pytest
from babel.numbers import format_decimal

from tests.widgets.storefront import block, member
from webapp.core import i18n

NUMBERS = (0, 7, 999, 1000, 9999, 10_000, 1_234_567, -1, -1234, 10**15)


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_liquid_groups_numbers_exactly_as_babel_does(tag: str) -> None:
    page, locale = block(tag), i18n.babel_locale(tag)
    for n in NUMBERS:
        written = page.snippet("{% render 'ln-number', value: n %}", n=n)
        assert written.strip("\n") == format_decimal(n, locale=locale), n


@pytest.mark.parametrize("tag", i18n.LOCALES)
@pytest.mark.parametrize("balance", [0, 1, 2, 3, 11, 25, 100, 1_234_567])
def test_the_balance_is_said_as_the_backend_says_it(tag: str, balance: int) -> None:
    html = block(tag).render(member(balance))
    said = i18n.plural(tag, "points_display.points", "%(num)s point", "%(num)s points", balance)
    assert f'aria-live="polite">{said}</p>' in html


@pytest.mark.parametrize("tag", i18n.LOCALES)
@pytest.mark.parametrize("customer", [member(12), None], ids=["member", "guest"])
def test_the_block_names_its_language_and_direction(tag: str, customer: object) -> None:
    html = block(tag).render(customer)
    opening = re.search(r"<section[^>]*>", html)
    assert opening
    assert f'lang="{i18n.shopify_tags(tag)[0]}"' in opening[0]
    assert f'dir="{i18n.direction(tag)}"' in opening[0]
    assert "translation missing" not in html.lower()
    assert "{{" not in html


@pytest.mark.parametrize("tag", i18n.LOCALES)
@pytest.mark.parametrize("customer", [member(12), None], ids=["member", "guest"])
def test_the_block_has_an_accessible_name(tag: str, customer: object) -> None:
    html = block(tag).render(customer, block_id="x9")
    named = re.search(r'aria-labelledby="ln-title-x9"', html)
    heading = re.search(r'<h2 class="ln-points__title" id="ln-title-x9">([^<]+)</h2>', html)
    assert named and heading and heading[1].strip()


def test_a_language_we_do_not_have_is_english_and_says_so() -> None:
    html = block("th").render(member(3))
    assert 'lang="en" dir="ltr"' in html
    assert "3 points" in html


def test_a_balance_that_was_never_written_is_nought() -> None:
    assert "0 points" in block("en").render(member(None))


def test_a_guest_is_invited_and_sees_no_balance() -> None:
    html = block("en").render()
    assert 'href="/account/register"' in html
    assert 'href="/account/login"' in html
    assert "aria-live" not in html


def test_the_merchant_may_hide_the_block_from_guests() -> None:
    assert block("en").render(guests="hide").strip() == ""
    assert "7 points" in block("en").render(member(7), guests="hide")


def test_the_account_link_stays_for_browsers_without_scripts() -> None:
    link = '<a class="ln-link" href="/account">Go to your account</a>'
    assert f"<noscript>{link}</noscript>" not in block("en").render(member(7))
    assert f"<noscript>{link}</noscript>" in block("en").render(member(7), show_account=False)


def test_the_merchants_own_heading_is_escaped() -> None:
    html = block("de").render(member(7), heading="<b>Nest</b> & more")
    assert "&lt;b&gt;Nest&lt;/b&gt; &amp; more" in html


def test_nothing_is_asked_of_the_backend_before_interest() -> None:
    html = block("en").render(member(7))
    assert "<script" not in html
    assert 'hx-trigger="ln:load"' in html
    assert (
        'hx-get="/apps/loyalnest/widgets/points_display?locale=en&amp;root=%2F&amp;page=home_page"'
        in html
    )


def test_two_blocks_on_a_page_share_no_id() -> None:
    page = block("en")
    ids = [re.findall(r'\bid="([^"]+)"', page.render(member(1), block_id=b)) for b in ("a", "b")]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
