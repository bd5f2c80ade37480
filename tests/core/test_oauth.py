"""Shopify's signature over the query of an installation, with the example of its documentation."""

import pytest

from webapp.core.errors import AppError
from webapp.core.oauth import query_signature, shop_of_query, verify_query

# Source: shopify.dev, "Authorization code grant", as quoted by hexdocs.pm/shopify_oauth.
OFFICIAL = (
    "code=0907a61c0c8d55e99db179b68161bc00"
    "&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf"
    "&shop=some-shop.myshopify.com&state=0.6784241404160823&timestamp=1337178173"
)


def test_official_example_is_accepted() -> None:
    assert shop_of_query(OFFICIAL) == "some-shop.myshopify.com"
    assert verify_query(OFFICIAL, ("other", "hush"))["state"] == "0.6784241404160823"


@pytest.mark.parametrize(
    "query",
    [
        OFFICIAL.replace("state=0", "state=1"),
        OFFICIAL.replace("some-shop", "other-shop"),
        OFFICIAL.replace("hmac=7", "hmac=8"),
        OFFICIAL + "&more=1",
        OFFICIAL + "&hmac=700e",
        OFFICIAL.replace(
            "&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf", ""
        ),
    ],
)
def test_changed_query_is_refused(query: str) -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        verify_query(query, ("hush",))


def test_repeated_value_is_refused_even_when_signed() -> None:
    pairs = [("shop", "a.myshopify.com"), ("state", "1"), ("state", "2")]
    query = "&".join(f"{k}={v}" for k, v in [*pairs, ("hmac", query_signature(pairs, "hush"))])
    with pytest.raises(AppError, match="signature_invalid"):
        verify_query(query, ("hush",))


@pytest.mark.parametrize(
    "shop",
    ["evil.example", "a.myshopify.com.evil.example", "A.myshopify.com", "a.myshopify.com/x", ""],
)
def test_only_permanent_domains_are_shops(shop: str) -> None:
    with pytest.raises(AppError, match="signature_invalid"):
        shop_of_query(f"shop={shop}")
