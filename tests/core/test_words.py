"""Money in minor units and names that come from outside."""

import pytest

from webapp.core.words import currency_exponent, is_line, minor_units, shop_domain, zone


@pytest.mark.parametrize(
    ("currency", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("RSD", 2), ("CLF", 4)]
)
def test_exponents_are_those_of_iso_4217(currency: str, exponent: int) -> None:
    assert currency_exponent(currency) == exponent


@pytest.mark.parametrize(
    ("amount", "exponent", "minor"),
    [
        ("11.77", 2, 1177),
        ("12.0", 2, 1200),
        ("12", 2, 1200),
        ("19.999", 3, 19_999),
        ("1999", 0, 1999),
        ("-3.5", 2, -350),
        ("1.500", 2, 150),
    ],
)
def test_decimals_become_minor_units(amount: str, exponent: int, minor: int) -> None:
    assert minor_units(amount, exponent) == minor


@pytest.mark.parametrize("amount", ["", "1,5", "1.005", "1e3", "NaN", "٣", ".5", "1.", "+1"])
def test_what_is_no_exact_amount_is_none(amount: str) -> None:
    assert minor_units(amount, 2) is None


@pytest.mark.parametrize(
    ("given", "domain"),
    [
        (" Nest-1.MyShopify.com ", "nest-1.myshopify.com"),
        ("evil.com", None),
        ("a.myshopify.com.evil.com", None),
        ("-a.myshopify.com", None),
        ("a/b.myshopify.com", None),
    ],
)
def test_only_permanent_shop_domains_count(given: str, domain: str | None) -> None:
    assert shop_domain(given) == domain


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "x" * 300])
def test_unknown_zone_is_none(name: str) -> None:
    assert zone(name) is None


@pytest.mark.parametrize(
    ("said", "plain"),
    [("Silver", True), ("می\u200cروم", True), ("a\nb", False), ("a\u202eb", False), ("\0", False)],
)
def test_joiners_within_words_are_no_control_characters(said: str, plain: bool) -> None:
    assert is_line(said) is plain
