"""How an app gets its token: the merchant's grant with a code, and token exchange.

Source: shopify.dev, "Authorization code grant" and "Token exchange". The redirect to the app is
signed with HMAC-SHA256 over its sorted query. Codes work once.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from html import escape
from http import HTTPStatus
from urllib.parse import urlencode

from webapp.core.clock import Clock
from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.shopify.pages import go, page, with_query
from webapp.demo.standins.shopify.state import ShopState

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
_ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"
_SESSION_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - the kind of a token.
_HOUR, _DAY = 3_600, 86_400


def refused(error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> Answer:
    return as_json({"error": error, "error_description": description}, status)


def authorize(state: ShopState, call: Call, clock: Clock) -> Answer:
    """GET shows what the app asks for, POST is the merchant's answer; an app that is installed and
    asks for nothing new is let in without a question."""
    asked = call.query
    back = asked.get("redirect_uri", "")
    if asked.get("client_id") != state.shop.api_key or not back.startswith(("http://", "https://")):
        words = "<p>Oauth error invalid_request: the app or its redirect_uri is unknown.</p>"
        return page("The app cannot be installed", words, HTTPStatus.BAD_REQUEST)
    scopes = frozenset(filter(None, asked.get("scope", "").split(",")))
    new = not state.tokens or not scopes <= state.shop.scopes
    if new and call.method != "POST":
        return _ask(state, scopes)
    if call.form.get("decision") == "cancel":
        return go(with_query(back, error="access_denied", state=asked.get("state", "")))
    code = secrets.token_hex(16)
    with state.lock:
        state.codes[code] = (scopes, asked.get("grant_options[]") == "per-user")
    host = base64.b64encode(f"{state.shop.domain}/admin".encode()).decode().rstrip("=")
    answer = {
        "code": code,
        "host": host,
        "shop": state.shop.domain,
        "state": asked.get("state", ""),
        "timestamp": str(int(clock.wall().timestamp())),
    }
    return go(with_query(back, **answer, hmac=signature(answer, state.shop.app_secret)))


def signature(query: Mapping[str, str], secret: str) -> str:
    """The `hmac` of a redirect to the app."""
    return hmac.new(
        secret.encode(), urlencode(sorted(query.items())).encode(), hashlib.sha256
    ).hexdigest()


def access_token(state: ShopState, call: Call, clock: Clock) -> Answer:
    """`POST /admin/oauth/access_token` with a code or a session token."""
    kind = call.headers.get("content-type", "")
    asked = call.members() if kind.startswith("application/json") else call.form
    app = (state.shop.api_key, state.shop.app_secret)
    if (asked.get("client_id"), asked.get("client_secret")) != app:
        return refused("application_cannot_be_found", "The application cannot be found.")
    if asked.get("grant_type") == EXCHANGE:
        return _exchange(state, asked, clock)
    if asked.get("grant_type") == "refresh_token":
        if asked.get("refresh_token") not in state.refresh_tokens:
            return refused("invalid_request", "This request requires an active refresh_token")
        return _granted(state, asked)
    with state.lock:
        scopes, online = state.codes.pop(str(asked.get("code")), (None, False))
    if scopes is None:
        words = "The authorization code was not found or was already used"
        return refused("invalid_request", words)
    state.change(scopes=state.shop.scopes if online else scopes or state.shop.scopes)
    return _granted(state, asked, "1" if online else None)


def revoke(state: ShopState) -> None:
    """The merchant uninstalls the app: no token works any more, and the app is told."""
    with state.lock:
        state.tokens.clear()
        state.refresh_tokens.clear()
        shop = {
            "id": 1,
            "name": state.shop.name,
            "domain": state.shop.domain,
            "myshopify_domain": state.shop.domain,
        }
    state.happened("app/uninstalled", shop)
    with state.lock:
        for plan in state.plans.values():
            plan.status = "CANCELLED" if plan.status == "ACTIVE" else plan.status
        state.hooks.clear()


def _exchange(state: ShopState, asked: Mapping[str, object], clock: Clock) -> Answer:
    wanted = asked.get("requested_token_type", _ONLINE)
    if asked.get("subject_token_type") != _SESSION_TOKEN or wanted not in (_OFFLINE, _ONLINE):
        return refused("invalid_request", "The token types are not supported.")
    claims = _claims(str(asked.get("subject_token")), state.shop.app_secret)
    now = clock.wall().timestamp()
    right = (
        claims.get("aud") == state.shop.api_key
        and str(claims.get("dest")).rpartition("/")[2] == state.shop.domain
        and float(str(claims.get("exp") or 0)) > now
    )
    if not right:
        return refused("invalid_subject_token", "The session token is invalid or expired.")
    return _granted(state, asked, str(claims.get("sub")) if wanted == _ONLINE else None)


def _granted(state: ShopState, asked: Mapping[str, object], user: str | None = None) -> Answer:
    """A new token. An online one belongs to a `user` and ends after a day; an offline one that was
    asked for as `expiring` comes with a refresh token. Not as Shopify: none really expires."""
    token = f"{'shpua' if user else 'shpat'}_{secrets.token_hex(16)}"
    with state.lock:
        state.tokens.add(token)
    scope = ",".join(sorted(state.shop.scopes))
    content: dict[str, object] = {"access_token": token, "scope": scope}
    if user:
        person = {"id": int(user) if user.isdigit() else 1, "first_name": "Robin", "last_name": ""}
        person |= {"email": state.shop.email, "email_verified": True, "account_owner": True}
        person |= {"locale": "en", "collaborator": False}
        online = {"expires_in": _DAY - 1, "associated_user_scope": scope, "associated_user": person}
        content |= online
    elif asked.get("expiring") or asked.get("refresh_token"):
        refresh = f"shprt_{secrets.token_hex(16)}"
        with state.lock:
            state.refresh_tokens.add(refresh)
        content |= {"expires_in": _HOUR, "refresh_token": refresh}
        content |= {"refresh_token_expires_in": 90 * _DAY}
    return as_json(content)


def _claims(token: str, secret: str) -> Mapping[str, object]:
    """What a session token says, when `secret` signed it; else nothing."""
    head, _, rest = token.partition(".")
    body, _, mac = rest.partition(".")
    wanted = hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
    try:
        if not hmac.compare_digest(_decoded(mac), wanted):
            return {}
        return as_mapping(json.loads(_decoded(body)))
    except (binascii.Error, ValueError):
        return {}


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _ask(state: ShopState, scopes: frozenset[str]) -> Answer:
    listed = "".join(f"<li><code>{escape(scope)}</code></li>" for scope in sorted(scopes))
    body = f"""<p>LoyalNest wants to be installed in {escape(state.shop.name)} and asks for:</p>
      <ul>{listed}</ul><form method="post"><button name="decision" value="install">Install</button>
      <button name="decision" value="cancel" class="plain">Cancel</button></form>"""
    return page("Install app", body)
