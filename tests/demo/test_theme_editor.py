"""The stand-in of Shopify's theme editor, and the theme's files as the Admin API shows them."""

import json
import shutil
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.demo.admin_api import TOKEN, call
from tests.widgets.storefront import EXTENSION
from webapp.demo.settings import ShopConfig
from webapp.demo.shop import create_shop
from webapp.demo.standins.exchange import Call
from webapp.demo.standins.shopify import Shop, ShopifyAdmin
from webapp.demo.theme_files import ThemeFiles
from webapp.gateways.shopify_theme import READ_THEME

EDITOR = "/admin/themes/current/editor"
READ = {"filenames": ["templates/*.json", "config/settings_data.json"], "first": 50}


@pytest.fixture
def editor(config: ShopConfig, extension: Path) -> FlaskClient:
    """A shop with our real extension."""
    shutil.copytree(EXTENSION, extension, dirs_exist_ok=True)
    return create_shop(config).test_client()


@pytest.fixture
def files(config: ShopConfig) -> ThemeFiles:
    return ThemeFiles(config.data_dir, config.shop_domain)


def change(editor: FlaskClient, name: str, template: str = "index", **said: str) -> int:
    form = {"change": name, "template": template, **said}
    return editor.post(EDITOR, data=form).status_code


def placed(files: ThemeFiles, template: str) -> dict[str, str]:
    """Key -> block of what stands in the section for apps."""
    section = files.parsed(f"templates/{template}.json")["sections"]["apps"]
    return {key: section["blocks"][key]["type"].split("/")[5] for key in section["block_order"]}


def test_a_deep_link_adds_a_block_where_the_merchant_agrees(
    editor: FlaskClient, files: ThemeFiles
) -> None:
    query = "template=cart&addAppBlockId=key%2Frewards_panel&target=newAppsSection"
    assert "Put <strong>Rewards</strong> on this template?" in editor.get(f"{EDITOR}?{query}").text
    assert "ln-points" not in editor.get("/cart").text
    assert change(editor, "add", "cart", block="rewards_panel", target="newAppsSection") == 303
    assert list(placed(files, "cart").values()) == ["rewards_panel"]
    assert "ln-points" in editor.get("/cart").text


def test_blocks_move_up_and_go(editor: FlaskClient, files: ThemeFiles) -> None:
    for block in ("rewards_panel", "points_display"):
        change(editor, "add", "cart", block=block)
    _, last = placed(files, "cart")
    change(editor, "move", "cart", section="apps", key=last)
    assert list(placed(files, "cart").values()) == ["points_display", "rewards_panel"]
    change(editor, "remove", "cart", section="apps", key=last)
    assert list(placed(files, "cart").values()) == ["rewards_panel"]


def test_the_blocks_own_settings_win(editor: FlaskClient, files: ThemeFiles) -> None:
    change(editor, "add", "cart", block="rewards_panel")
    (key,) = placed(files, "cart")
    said = {"set-heading": "Mine <3", "set-corner": "square", "set-unknown": "x"}
    change(editor, "save", "cart", section="apps", key=key, **said)
    page = editor.get("/cart").text
    assert "Mine &lt;3" in page
    assert "--ln-radius: 0px" in page


def test_an_app_embed_is_on_every_page_or_on_none(editor: FlaskClient) -> None:
    query = "context=apps&template=product&activateAppId=key%2Fsticky_bar"
    assert "Switch on and save" in editor.get(f"{EDITOR}?{query}").text
    assert "ln-bar" not in editor.get("/").text
    change(editor, "switch", block="sticky_bar", on="yes")
    for page in ("/", "/cart", "/collections/all"):
        html = editor.get(page).text
        assert html.index("ln-bar") > html.index("</footer>")
        assert html.count("loyalnest.css") == 1
    change(editor, "switch", block="sticky_bar")
    assert "ln-bar" not in editor.get("/").text


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("paint", {}),
        ("add", {"block": "clock"}),
        ("remove", {"section": "apps", "key": "nobody"}),
        ("switch", {"block": "../x"}),
    ],
)
def test_what_there_is_not_is_not_found(
    editor: FlaskClient, name: str, said: dict[str, str]
) -> None:
    assert change(editor, name, "cart", **said) == 404


def test_another_site_changes_nothing(editor: FlaskClient) -> None:
    form = {"change": "switch", "block": "sticky_bar", "on": "yes"}
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert editor.post(EDITOR, data=form, headers=foreign).status_code == 403
    assert "ln-bar" not in editor.get("/").text


def admin_with(admin: ShopifyAdmin, files: ThemeFiles, *scopes: str) -> ShopifyAdmin:
    domain = next(iter(admin.shops))
    shop = admin.shops[domain]
    made = Shop(
        domain,
        shop.name,
        shop.currency,
        shop.access_token,
        scopes=frozenset(scopes),
        theme=files,
        storefront="http://127.0.0.1:9",
    )
    admin.open(made)
    return admin


def test_the_admin_api_shows_the_files_as_saved(
    editor: FlaskClient, files: ThemeFiles, admin: ShopifyAdmin
) -> None:
    change(editor, "add", "cart", block="rewards_panel")
    answer = call(admin_with(admin, files, "read_themes"), READ_THEME, **READ)
    (theme,) = answer["data"]["themes"]["nodes"]
    found = {one["filename"]: one["body"]["content"] for one in theme["files"]["nodes"]}
    assert "rewards_panel" in found["templates/cart.json"]
    assert "templates/customers/account.json" not in found
    assert json.loads(found["config/settings_data.json"])["current"]["blocks"]


def test_without_the_right_nothing_is_shown(files: ThemeFiles, admin: ShopifyAdmin) -> None:
    answer = call(admin_with(admin, files), READ_THEME, **READ)
    assert answer["errors"][0]["extensions"]["code"] == "ACCESS_DENIED"


def test_the_shops_admin_leads_to_the_editor(files: ThemeFiles, admin: ShopifyAdmin) -> None:
    domain = next(iter(admin.shops))
    target = f"/{domain}{EDITOR}?template=cart&addAppBlockId=k%2Fb"
    answer = admin_with(admin, files).answer(Call("GET", target, TOKEN))
    assert (
        answer.headers["Location"]
        == f"http://127.0.0.1:9{EDITOR}?template=cart&addAppBlockId=k%2Fb"
    )
