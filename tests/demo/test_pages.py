import re

import pytest
from flask.testing import FlaskClient

from webapp.core import i18n
from webapp.demo.catalogue import STRINGS, say
from webapp.demo.pictures.scenes import HANDLES, VIEWS

PAGES = (
    "/",
    "/collections/all",
    "/products/oak-plant-stand",
    "/cart",
    "/account",
    "/account/login",
)


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_every_page_speaks_the_language_of_its_address(member: FlaskClient, tag: str) -> None:
    prefix = "" if tag == "en" else f"/{tag}"
    for page in PAGES:
        answer = member.get(prefix + page)
        assert answer.status_code == 200
        assert f'<html lang="{tag}" dir="{i18n.direction(tag)}">' in answer.text
        assert "ranslation missing" not in answer.text


def test_links_and_forms_keep_the_language(member: FlaskClient) -> None:
    page = member.get("/ar/products/oak-plant-stand").text
    inner = page.split("<main", 1)[1].split("</main>", 1)[0]
    leading = re.findall(r'(?:href|action)="(/[^"]*)"', inner)
    assert leading
    assert all(f"{address}/".startswith("/ar/") for address in leading)


def test_every_page_names_its_translations(client: FlaskClient) -> None:
    page = client.get("/de/cart").text
    alternates = re.findall(r'hreflang="([^"]+)" href="http://localhost([^"]*)"', page)
    assert dict(alternates) == {
        "x-default": "/cart",
        **{tag: "/cart" if tag == "en" else f"/{tag}/cart" for tag in i18n.LOCALES},
    }


def test_what_is_not_there_is_said_in_the_theme(client: FlaskClient) -> None:
    for address in (
        "/products/nothing",
        "/de/nothing",
        "/files/nothing-1.svg",
        "/files/hero-9.svg",
    ):
        answer = client.get(address)
        assert answer.status_code == 404
        assert "shopify-section-main" in answer.text


def test_a_page_with_points_is_kept_by_nobody(member: FlaskClient) -> None:
    assert member.get("/account").headers["Cache-Control"] == "private, no-store"


def test_a_guest_is_asked_to_sign_in(client: FlaskClient) -> None:
    assert client.get("/ja/account").headers["Location"] == "/ja/account/login"
    page = client.get("/ja/account/login").text
    assert "customer_id=7" in page
    assert "Ada &lt;b&gt;" in page


def test_signing_in_leads_back(client: FlaskClient) -> None:
    answer = client.get("/account/login?customer_id=7&return_to=/ar/products/oak-plant-stand")
    assert answer.headers["Location"] == "/ar/products/oak-plant-stand"
    assert "Ada &lt;b&gt;" in client.get("/").text
    client.get("/account/logout")
    assert "Ada" not in client.get("/").text


@pytest.mark.parametrize("away", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_signing_in_never_leads_out_of_the_shop(client: FlaskClient, away: str) -> None:
    answer = client.get("/account/login", query_string={"customer_id": "7", "return_to": away})
    assert answer.headers["Location"] == "/account"


def test_a_customer_number_is_digits(client: FlaskClient) -> None:
    page = client.post("/account/login", data={"customer_id": "<7>"})
    assert 'aria-invalid="true"' in page.text
    assert "<7>" not in page.text


def test_pictures_are_drawn_and_assets_are_served(client: FlaskClient) -> None:
    names = [f"{handle}-{view}" for handle in HANDLES for view in range(1, VIEWS + 1)]
    drawn = [client.get(f"/files/{name}.svg") for name in [*names, "hero"]]
    assert {d.mimetype for d in drawn} == {"image/svg+xml"}
    assert len({d.data for d in drawn}) == len(drawn)
    for asset in re.findall(r'(?:href|src)="(/theme/assets/[^"]+)"', client.get("/").text):
        with client.get(asset) as answer:
            assert "immutable" in answer.headers["Cache-Control"]


def test_the_theme_says_nothing_that_is_not_declared(client: FlaskClient) -> None:
    assert all(key.startswith("demo_shop.") for key in STRINGS)
    assert say("en", "demo_shop.cart.count", count=1) == "1 item"
    assert say("en", "demo_shop.nothing") is None


def test_a_product_page_weighs_what_one_of_a_real_theme_does(member: FlaskClient) -> None:
    """Dawn's, measured: 85 KB and 600 elements, 26 style sheets, 15 deferred scripts."""
    page = member.get("/products/oak-plant-stand").text
    assert len(page.encode()) >= 45_000
    assert len(re.findall(r"<[a-z]", page)) >= 560
    assert len(re.findall(r'<link href="/theme/assets/[^"]+" rel="stylesheet"', page)) == 26
    assert len(re.findall(r"<script src=\"/theme/assets/[^\"]+\" defer", page)) == 15
    (largest,) = re.findall(r'<img[^>]*fetchpriority="high"[^>]*>', page)
    assert 'loading="eager"' in largest
    assert "srcset=" in largest
