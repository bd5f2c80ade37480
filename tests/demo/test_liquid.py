from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.demo.admin_api import points, set_points
from webapp.core.liquid.blocks import Files
from webapp.core.liquid.filters import format_money, handle, image_url, to_json
from webapp.core.liquid.sources import SourceFolder
from webapp.core.liquid.wording import ExtensionSide
from webapp.demo.standins.shopify import ShopifyAdmin


def test_a_block_stands_where_the_template_puts_it(client: FlaskClient) -> None:
    page = client.get("/").text
    section = page.split('id="shopify-section-loyalty"', 1)[1]
    assert '<div id="shopify-block-points_home" class="shopify-block shopify-app-block">' in section
    assert 'data-title="From the schema"' in section
    assert "<i>snippet</i>" in section


def test_a_block_brings_its_own_assets_once(client: FlaskClient) -> None:
    head, body = client.get("/").text.split("</head>")
    assert head.count("/extension/assets/points.css?v=") == 1
    assert head.count('<script src="/extension/assets/points.js" async></script>') == 1
    assert 'src="/extension/assets/star.svg"' in body
    with client.get("/extension/assets/points.css") as asset:
        assert asset.status_code == 200


def test_a_page_without_a_block_loads_nothing_of_ours(client: FlaskClient) -> None:
    assert "/extension/" not in client.get("/collections/all").text


def test_points_come_from_the_metafield(member: FlaskClient, admin: ShopifyAdmin) -> None:
    set_points(admin, points(7, "1"), points(8, "3"))
    assert "1 point<" in member.get("/account").text
    member.get("/account/login?customer_id=8")
    assert "3 نقاط" in member.get("/ar/account").text


def test_a_block_speaks_english_where_it_knows_nothing_else(client: FlaskClient) -> None:
    assert "Participe" in client.get("/pt/").text
    assert "Join Nest &amp; Bloom" in client.get("/cs/").text


def test_a_block_that_is_gone_leaves_nothing(shop: Flask, extension: Path) -> None:
    (extension / "blocks" / "points_display.liquid").unlink()
    page = shop.test_client().get("/")
    assert page.status_code == 200
    assert "shopify-app-block" not in page.text


@pytest.mark.parametrize(("written", "shown"), [(None, False), ("false", False), ("true", True)])
def test_a_block_waits_for_its_metafield(
    client: FlaskClient,
    admin: ShopifyAdmin,
    extension: Path,
    written: str | None,
    shown: bool,
) -> None:
    block = extension / "blocks" / "points_display.liquid"
    condition = '"available_if": "{{ app.metafields.loyalnest.on }}", "target"'
    block.write_text(block.read_text().replace('"target"', condition))
    if written:
        app = {"ownerId": "gid://shopify/AppInstallation/1", "namespace": "loyalnest"}
        set_points(admin, points(1, written, **app, key="on", type="boolean"))
    assert ("shopify-app-block" in client.get("/").text) is shown


@pytest.mark.parametrize(
    ("count", "form"), [(0, "صفر"), (1, "واحدة"), (2, "نقطتان"), (3, "3 نقاط"), (11, "11 نقطة")]
)
def test_plurals_follow_the_language(extension: Path, count: int, form: str) -> None:
    assert ExtensionSide(extension, "").say("ar", "points.balance", {"count": count}) == form


def test_what_is_put_into_a_sentence_is_escaped(extension: Path) -> None:
    side = ExtensionSide(extension, "")
    assert side.say("en", "points.guest", {"shop": "<b>"}) == "Join &lt;b&gt;"
    assert side.say("ar", "points.only", {}) == "Only in English"
    assert side.say("ar", "points.nothing", {}) == "Translation missing: ar.points.nothing"


def test_money_is_written_as_the_shop_writes_it() -> None:
    assert format_money(123456, "${{amount}}") == "$1,234.56"
    assert format_money(123456, "€{{ amount_with_comma_separator }}") == "€1.234,56"
    assert format_money(123456, "¥{{amount_no_decimals}}") == "¥1,235"
    assert format_money(None, "${{amount}}") == ""


def test_small_filters_do_what_shopify_says() -> None:
    assert handle("Oak & Brass!") == "oak-brass"
    assert image_url({"src": "/a.svg"}, width=600) == "/a.svg?width=600"
    assert to_json("</script>") == '"\\u003c/script\\u003e"'


def test_a_schema_is_taken_out_and_style_is_an_element(tmp_path: Path) -> None:
    text = '{% style %}a{}{% endstyle %}{% schema %}{"name": "x"}{% endschema %}'
    (tmp_path / "x.liquid").write_text(text)
    source = SourceFolder(tmp_path).read("x.liquid")
    assert source is not None
    assert (source.text, source.schema) == ("<style data-shopify>a{}</style>", {"name": "x"})


@pytest.mark.parametrize(
    ("value", "blank"),
    [(None, True), (False, True), ("", True), (" ", True), ("x", False), (0, False)],
)
def test_nothing_is_blank_as_on_shopify(tmp_path: Path, value: object, blank: bool) -> None:
    environment = Files(tmp_path, ExtensionSide(tmp_path, "")).environment
    text = "{% if v == blank %}1{% endif %}{% unless false or blank != v %}2{% endunless %}"
    assert environment.render(text, v=value) == ("12" if blank else "")


def test_a_setting_without_a_default_is_empty(client: FlaskClient, extension: Path) -> None:
    block = extension / "blocks" / "points_display.liquid"
    block.write_text(block.read_text().replace(', "default": "From the schema"', ""))
    assert 'data-title=""' in client.get("/").text
