"""Shopify's token endpoint: what an app is given for a session token, a code, or a refresh token.

Source: shopify.dev, "Exchange a session token for an access token", "Authorization code grant" and
"About offline access tokens": offline tokens of public apps live an hour and come with a refresh
token. A refresh token may be tried again until its replacement is used (changelog of 28 August
2026), so a refresh whose answer is lost is simply repeated.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from webapp.gateways.calling import Caller, GatewayError

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - a name.
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - a name.
OFFLINE, ONLINE = (
    f"urn:shopify:params:oauth:token-type:{mode}-access-token" for mode in ("offline", "online")
)


@dataclass(frozen=True, slots=True)
class AppCredentials:
    """Which app asks; the secret stays out of what is printed."""

    api_key: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a shop granted: `scopes` as Shopify writes them (joined by commas), `expires_in` seconds
    for a token that expires, and for a token of one person who that is."""

    access_token: str = field(repr=False)
    scopes: str
    expires_in: float | None = None
    refresh_token: str | None = field(default=None, repr=False)
    user: Mapping[str, Any] | None = None


class ShopifyOAuth(Protocol):
    """What the product asks of the token endpoint of a shop. Each raises GatewayError; `final`
    when Shopify says no."""

    def exchange_session_token(
        self, shop_domain: str, app: AppCredentials, session_token: str, *, online: bool = False
    ) -> Grant:
        """The app's token for a shop, or with `online` one of the person who uses the app."""

    def exchange_code(self, shop_domain: str, app: AppCredentials, code: str) -> Grant:
        """What the merchant agreed to on Shopify's page."""

    def refresh(self, shop_domain: str, app: AppCredentials, refresh_token: str) -> Grant:
        """A new token for one that expires."""


class HttpShopifyOAuth:
    """The real client. `url` holds `{shop}`, e.g. `https://{shop}`."""

    def __init__(self, url: str, caller: Caller) -> None:
        self._url = url
        self._caller = caller

    def exchange_session_token(
        self, shop_domain: str, app: AppCredentials, session_token: str, *, online: bool = False
    ) -> Grant:
        asked = {
            "grant_type": TOKEN_EXCHANGE,
            "subject_token": session_token,
            "subject_token_type": ID_TOKEN,
            "requested_token_type": ONLINE if online else OFFLINE,
            "expiring": "1",
        }
        return self._ask(shop_domain, app, asked)

    def exchange_code(self, shop_domain: str, app: AppCredentials, code: str) -> Grant:
        return self._ask(shop_domain, app, {"code": code, "expiring": "1"})

    def refresh(self, shop_domain: str, app: AppCredentials, refresh_token: str) -> Grant:
        asked = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._ask(shop_domain, app, asked)

    def _ask(self, shop_domain: str, app: AppCredentials, asked: Mapping[str, str]) -> Grant:
        url = f"{self._url.format(shop=shop_domain)}/admin/oauth/access_token"
        content = {"client_id": app.api_key, "client_secret": app.secret, **asked}
        headers = {"Accept": "application/json"}
        return _grant(self._caller.call("POST", url, headers=headers, content=content).json())


def _grant(given: Mapping[str, Any]) -> Grant:
    """The grant that an answer carries; raises GatewayError for any other shape."""
    token, scopes = given.get("access_token"), given.get("scope")
    expires, refresh = given.get("expires_in"), given.get("refresh_token")
    user = given.get("associated_user")
    fits = (
        isinstance(token, str)
        and isinstance(scopes, str)
        and isinstance(expires, int | float | None)
        and isinstance(refresh, str | None)
        and isinstance(user, dict | None)
    )
    if not fits:
        raise GatewayError("the answer holds no token")
    return Grant(token or "", scopes or "", expires, refresh, user)
