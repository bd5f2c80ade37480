"""How the stand-in hands out tokens, asked by the real client of LoyalNest."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tests.factories import FixedClock
from webapp.demo.standins.metafields import MetafieldStore
from webapp.demo.standins.server import StandinServer
from webapp.demo.standins.shopify import Shop, ShopifyAdmin, oauth
from webapp.gateways.calling import Caller, GatewayError
from webapp.gateways.shopify_admin import HttpShopifyAdmin
from webapp.gateways.shopify_oauth import AppCredentials, HttpShopifyOAuth

DOMAIN = "fresh.myshopify.com"
APP = AppCredentials("key", "hush")
ASKED = {
    "client_id": "key",
    "scope": "read_orders,write_customers",
    "redirect_uri": "http://127.0.0.1/auth/callback",
    "state": "s1",
}


@pytest.fixture
def admin(tmp_path: Path, clock: FixedClock) -> ShopifyAdmin:
    shop = Shop(DOMAIN, "Fresh", "EUR", "", "key", "hush")
    return ShopifyAdmin(MetafieldStore(tmp_path / "s.db", clock), {DOMAIN: shop}, clock=clock)


@pytest.fixture
def url(admin: ShopifyAdmin) -> Iterator[str]:
    with StandinServer(admin) as server:
        yield f"{server.url}/{{shop}}"


@pytest.fixture
def caller() -> Iterator[Caller]:
    made = Caller()
    yield made
    made.close()


def agree(url: str, decision: str = "install", **more: str) -> dict[str, str]:
    """What the app's callback gets after the merchant's answer."""
    address = f"{url.format(shop=DOMAIN)}/admin/oauth/authorize?{urlencode({**ASKED, **more})}"
    with httpx.Client(trust_env=False) as browser:
        answer = browser.get(address)
        if answer.status_code == 200:
            assert "read_orders" in answer.text
            answer = browser.post(address, data={"decision": decision})
    assert answer.headers["Location"].startswith(ASKED["redirect_uri"])
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def session_token(clock: FixedClock, secret: str = APP.secret, **changes: object) -> str:
    claims = {"aud": "key", "dest": f"https://{DOMAIN}", "sub": "7"}
    claims |= {"exp": int(clock.wall().timestamp()) + 60, **changes}  # type: ignore[dict-item]
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    head = ".".join(_coded(json.dumps(part).encode()) for part in parts)
    return f"{head}.{_coded(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())}"


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def test_a_merchant_installs_the_app(url: str, caller: Caller, admin: ShopifyAdmin) -> None:
    back = agree(url)
    mac = back.pop("hmac")
    message = urlencode(sorted(back.items())).encode()
    assert mac == hmac.new(b"hush", message, hashlib.sha256).hexdigest()
    assert (back["state"], back["shop"]) == ("s1", DOMAIN)
    client = HttpShopifyOAuth(url, caller)
    grant = client.exchange_code(DOMAIN, APP, back["code"])
    assert (grant.scopes, grant.expires_in) == ("read_orders,write_customers", 3600)
    HttpShopifyAdmin(url, caller).check(DOMAIN, grant.access_token)
    with pytest.raises(GatewayError, match="HTTP 400") as used:
        client.exchange_code(DOMAIN, APP, back["code"])
    assert used.value.final


def test_whoever_is_installed_already_is_not_asked_again(url: str, caller: Caller) -> None:
    client = HttpShopifyOAuth(url, caller)
    client.exchange_code(DOMAIN, APP, agree(url)["code"])
    back = agree(url, **{"grant_options[]": "per-user"})
    grant = client.exchange_code(DOMAIN, APP, back["code"])
    assert grant.user is not None
    assert grant.user["account_owner"] is True


def test_a_merchant_may_say_no(url: str) -> None:
    assert agree(url, "cancel") == {"error": "access_denied", "state": "s1"}


def test_a_session_token_is_exchanged(url: str, caller: Caller, clock: FixedClock) -> None:
    client = HttpShopifyOAuth(url, caller)
    offline = client.exchange_session_token(DOMAIN, APP, session_token(clock))
    assert offline.refresh_token is not None
    renewed = client.refresh(DOMAIN, APP, offline.refresh_token)
    assert renewed.access_token != offline.access_token
    online = client.exchange_session_token(DOMAIN, APP, session_token(clock), online=True)
    assert online.user is not None
    assert online.user["id"] == 7


@pytest.mark.parametrize(
    "changes",
    [{"secret": "guessed"}, {"aud": "other"}, {"dest": "https://x.myshopify.com"}, {"exp": 1}],
)
def test_a_session_token_must_be_right(
    url: str, caller: Caller, clock: FixedClock, changes: dict[str, object]
) -> None:
    token = session_token(clock, **changes)  # type: ignore[arg-type]
    with pytest.raises(GatewayError, match="HTTP 400"):
        HttpShopifyOAuth(url, caller).exchange_session_token(DOMAIN, APP, token)


def test_removing_the_app_ends_its_tokens(url: str, caller: Caller, admin: ShopifyAdmin) -> None:
    client = HttpShopifyOAuth(url, caller)
    grant = client.exchange_code(DOMAIN, APP, agree(url)["code"])
    assert grant.refresh_token is not None
    oauth.revoke(admin.states[DOMAIN])
    with pytest.raises(GatewayError, match="HTTP 400"):
        client.refresh(DOMAIN, APP, grant.refresh_token)
    with pytest.raises(GatewayError, match="HTTP 401"):
        HttpShopifyAdmin(url, caller).check(DOMAIN, grant.access_token)
