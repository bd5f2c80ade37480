import json
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.demo.admin_api import points, set_points
from tests.demo.conftest import Backend
from tests.factories import make_tenant
from webapp.demo.settings import ConfigFile, ShopConfig
from webapp.demo.shop import create_shop, dashboard_link, main
from webapp.demo.standins.shopify import ShopifyAdmin
from webapp.features.accounts import service as accounts
from webapp.parts import Parts

FILE = {
    "host": "127.0.0.1",
    "port": 0,
    "data_dir": "data",
    "web_url": "http://127.0.0.1:8711/",
    "app": {"api_key": "k", "app_secret": "hush", "access_token": "shpat"},
    "store": {"shop_domain": "a.myshopify.com", "currency": "GBP"},
    "admin": {"merchant_id": "mer_1", "admin_user_id": "adm_1"},
    "customers": [{"customer_id": 7, "locale": "pt-BR", "role": "top"}, {"customer_id": "8"}],
    "start": {"figures": {"Orders": 1}},
}


def test_the_start_page_shows_what_there_is(client: FlaskClient, admin: ShopifyAdmin) -> None:
    set_points(admin, points(7, "12345"))
    page = client.get("/demo").text
    for shown in ("Simulated orders", "63,753", "Ada &lt;b&gt;", "12,345", "The best customer"):
        assert shown in page
    assert "/ar/account/login?customer_id=7&amp;return_to=%2Far%2Faccount" in page
    assert client.get("/demo/").status_code == 200


def test_the_dashboard_link_is_fresh_at_every_click(config: ShopConfig, backend: Backend) -> None:
    links = iter(("/admin/sign-in?token=1", "/admin/sign-in?token=2"))
    client = create_shop(config, admin_link=lambda: next(links)).test_client()
    went = [client.get("/demo/admin").headers["Location"] for _ in range(2)]
    assert went == [f"{backend.url}/admin/sign-in?token={n}" for n in (1, 2)]


def test_the_link_signs_into_the_real_dashboard(committed: Parts, web: FlaskClient) -> None:
    tenant = make_tenant(committed.database)
    with committed.database.transaction(tenant.merchant_id) as ctx:
        admin_user_id = accounts.add_admin(ctx, "Robin", "owner")
    admin = {"merchant_id": tenant.merchant_id, "admin_user_id": admin_user_id}
    link = dashboard_link(lambda: ShopConfig.from_json({**FILE, "admin": admin}), lambda: committed)
    assert link is not None
    assert web.get(link(), follow_redirects=True).status_code == 200


def test_nobody_to_sign_in_means_no_link(config: ShopConfig, committed: Parts) -> None:
    assert dashboard_link(lambda: config, lambda: committed) is None


def test_without_a_link_the_dashboard_asks_itself(client: FlaskClient, backend: Backend) -> None:
    assert client.get("/demo/admin").headers["Location"] == f"{backend.url}/admin"


def test_it_says_that_it_lives(shop: Flask) -> None:
    assert shop.test_client().get("/healthz").get_json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8710", 200), ("127.0.0.1:8710", 200), ("rebound.example:8710", 400)],
)
def test_only_this_machine_is_answered(client: FlaskClient, host: str, status: int) -> None:
    assert client.get("/demo", headers={"Host": host}).status_code == status


def test_the_file_describes_the_shop(tmp_path: Path) -> None:
    config = ShopConfig.from_json(FILE)
    assert (config.web_url, config.currency) == ("http://127.0.0.1:8711", "GBP")
    assert config.admin == ("mer_1", "adm_1")
    assert [(c.customer_id, c.locale) for c in config.customers] == [("7", "pt"), ("8", "en")]


def test_a_changed_file_is_read_again_and_a_broken_one_is_not(tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(FILE))
    config = ConfigFile(file)
    file.write_text(json.dumps({**FILE, "label": "Simulated orders"}))
    assert config().label == "Simulated orders"
    file.write_text("{")
    assert config().label == "Simulated orders"


@pytest.mark.parametrize("key", ["port", "app", "store", "data_dir"])
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        ShopConfig.from_json({name: value for name, value in FILE.items() if name != key})


def test_wrong_use_is_said_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([]) == 2
    assert main([str(tmp_path / "absent.json")]) == 2
    assert "absent.json" in capsys.readouterr().err
