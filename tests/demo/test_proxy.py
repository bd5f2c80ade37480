from datetime import UTC, datetime
from urllib.parse import parse_qsl

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.demo.conftest import WHEN, Backend
from tests.factories import FixedClock
from webapp.core.tenancy import proxy_signature, verify_proxy_request
from webapp.demo.proxy import AppProxy
from webapp.demo.settings import ShopConfig


def _query(backend: Backend) -> str:
    return backend.asked[-1][1].partition("?")[2]


@pytest.mark.parametrize(
    ("customer", "signature"),
    [
        ("1", "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"),
        ("", "e072b6d7e6622d85912a5214b860d3100dc1e73d9bc29f43796ac8c9ff8093cb"),
    ],
)
def test_the_signature_is_that_of_the_official_example(customer: str, signature: str) -> None:
    # shopify.dev, App proxies, "Calculate a digital signature"; the secret is `hush`.
    pairs = [("extra", "1"), ("extra", "2"), ("shop", "shop-name.myshopify.com")]
    pairs += [("logged_in_customer_id", customer), ("path_prefix", "/apps/awesome_reviews")]
    assert proxy_signature([*pairs, ("timestamp", "1317327555")], "hush") == signature


def test_a_fragment_is_asked_for_as_shopify_asks(member: FlaskClient, backend: Backend) -> None:
    answer = member.get("/apps/loyalnest/widgets/points_display?locale=ar&x=1&x=%26")
    assert answer.text == "fragment"
    method, path, _, _ = backend.asked[-1]
    assert (method, path.partition("?")[0]) == ("GET", "/proxy/widgets/points_display")
    verified = verify_proxy_request(_query(backend), ["hush"], WHEN)
    assert (verified.shop, verified.customer) == ("shop-name.myshopify.com", "7")
    assert parse_qsl(_query(backend))[:3] == [("locale", "ar"), ("x", "1"), ("x", "&")]


def test_a_guest_is_nobody(client: FlaskClient, backend: Backend) -> None:
    client.get("/apps/loyalnest/widgets/points_display")
    assert verify_proxy_request(_query(backend), ["hush"], WHEN).customer is None


def test_a_shopper_cannot_say_who_they_are(client: FlaskClient, backend: Backend) -> None:
    forged = {"logged_in_customer_id": "8", "shop": "other.myshopify.com", "signature": "x"}
    client.get("/apps/loyalnest/x", query_string={**forged, "timestamp": "1", "path_prefix": "/"})
    verified = verify_proxy_request(_query(backend), ["hush"], WHEN)
    assert (verified.customer, verified.shop) == (None, "shop-name.myshopify.com")


def test_method_and_body_pass_and_cookies_do_not(member: FlaskClient, backend: Backend) -> None:
    backend.reply = (
        201,
        {"Set-Cookie": "a=b", "Server": "x", "X-Powered-By": "y", "ETag": '"1"', "Date": "z"},
        b"done",
    )
    answer = member.post("/apps/loyalnest/redeem", data="k=v", headers={"Accept-Language": "de"})
    method, _, headers, body = backend.asked[-1]
    assert (method, body, headers["accept-language"]) == ("POST", b"k=v", "de")
    assert "cookie" not in headers
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert {"Set-Cookie", "Server", "X-Powered-By", "Date"}.isdisjoint(answer.headers.keys())


def test_a_cookie_of_the_backend_is_forgotten(client: FlaskClient, backend: Backend) -> None:
    backend.reply = (200, {"Set-Cookie": "a=b; Path=/"}, b"")
    for _ in range(2):
        client.get("/apps/loyalnest/x")
    assert "cookie" not in backend.asked[-1][2]


def test_redirects_are_followed(client: FlaskClient, backend: Backend) -> None:
    backend.replies["/proxy/old"] = (302, {"Location": "/proxy/new"}, b"")
    assert client.get("/apps/loyalnest/old").text == "fragment"
    assert backend.asked[-1][1] == "/proxy/new"


def test_errors_of_the_backend_pass(client: FlaskClient, backend: Backend) -> None:
    backend.reply = (422, {"Content-Type": "text/html"}, b"<p>no</p>")
    answer = client.get("/apps/loyalnest/x")
    assert (answer.status_code, answer.text) == (422, "<p>no</p>")


def test_a_liquid_answer_is_rendered_in_the_theme(member: FlaskClient, backend: Backend) -> None:
    kind = {"Content-Type": "application/liquid"}
    backend.reply = (200, kind, b"<p>{{ customer.id }}</p>")
    assert "<p>7</p>" in member.get("/apps/loyalnest/x").text
    backend.reply = (200, kind, b"{% layout none %}<p>{{ shop.currency }}</p>")
    assert member.get("/de/apps/loyalnest/x").text == "<p>USD</p>"


def test_an_absent_backend_gets_shopifys_page(shop_without_backend: FlaskClient) -> None:
    answer = shop_without_backend.get("/apps/loyalnest/widgets/points_display")
    assert answer.status_code == 502
    assert "error in the third-party application" in answer.text


@pytest.fixture
def shop_without_backend(client: FlaskClient, backend: Backend, config: ShopConfig) -> FlaskClient:
    object.__setattr__(config, "web_url", "http://127.0.0.1:9")
    return client


@pytest.mark.parametrize("pause", [0.05, 0.4])
def test_a_slow_backend_is_given_up(
    shop: Flask, config: ShopConfig, backend: Backend, pause: float
) -> None:
    backend.pause = pause
    proxy = AppProxy(lambda: config, FixedClock(WHEN), timeout=0.2)
    with shop.test_request_context("/apps/loyalnest/x"):
        assert proxy.forward("x", "").status_code == 504


def test_no_path_leads_out_of_the_proxy(client: FlaskClient, backend: Backend) -> None:
    assert client.get("/apps/loyalnest/%2e%2e/admin").status_code == 404
    assert backend.asked == []


def test_the_time_is_the_wall_clocks(config: ShopConfig) -> None:
    proxy = AppProxy(lambda: config, FixedClock(datetime(2026, 1, 1, tzinfo=UTC)))
    assert dict(parse_qsl(proxy.signed_query([], "1")))["timestamp"] == "1767225600"
