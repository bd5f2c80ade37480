"""The dashboard inside Shopify's admin: session tokens of App Bridge, and the page that gets one.

App Bridge adds the token to every fetch of ours (`Authorization: Bearer`); a document that Shopify
opens has it in its address (`id_token`). A document without one, or with one whose minute is over,
is answered by a page that asks App Bridge for a token and comes back with it.
"""

import re
from urllib.parse import urlencode

from flask import Response, g, make_response, render_template, request

from webapp.core import i18n, routing
from webapp.core.errors import SESSION_TOKEN_EXPIRED, SESSION_TOKEN_INVALID, AppError
from webapp.core.session_tokens import SessionToken, app_named, verify_session_token
from webapp.core.words import shop_domain
from webapp.entry import arrival, parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import AppIdentity

PREFIX = "/app"
BEARER = re.compile(r"Bearer ([A-Za-z0-9_.=-]+)")
# App Bridge then fetches a new token and tries once more.
RETRY_HEADER = "X-Shopify-Retry-Invalid-Session-Request"


def asked() -> bool:
    """Whether this request is for the dashboard inside Shopify's admin."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def caller() -> tuple[str, str]:
    """(merchant id, admin user id) of the person whose token this request brings, who may have
    installed us by coming. Raises AppError: session_token_invalid, session_token_expired,
    install_refused."""
    if "caller" not in g:
        text = token_text()
        app, token = verified(text)
        g.frame_shop, g.api_key = token.shop, app.api_key
        g.caller = arrival.arrive(app, token, text)
    merchant_id, admin_user_id = g.caller
    return merchant_id, admin_user_id


def token_text() -> str:
    """The token as it was sent. Only a document may have it in its address: a form that another
    site makes somebody send cannot set a header. Raises AppError(session_token_expired)."""
    sent = BEARER.fullmatch(request.headers.get("Authorization", ""))
    if sent:
        return sent[1]
    if request.method == "GET" and request.args.get("id_token"):
        return request.args["id_token"]
    raise AppError(SESSION_TOKEN_EXPIRED)


def verified(text: str) -> tuple[AppIdentity, SessionToken]:
    """The app that a token is for, and what it says. Raises AppError."""
    with parts().database.before_tenant() as db:
        app = accounts.app_of_key(db, parts().keys, app_named(text))
    if app is None:
        raise AppError(SESSION_TOKEN_INVALID)
    wall = parts().clock.wall()
    return app, verify_session_token(text, app.api_key, app.secrets, wall)


def again(error: AppError) -> Response | None:
    """How a request without a usable token is answered so that it can be repeated with one; None
    where a new token would not help."""
    if error.kind is not SESSION_TOKEN_EXPIRED:
        return None
    if "Authorization" in request.headers or request.headers.get("HX-Request"):
        return make_response("", 401, {RETRY_HEADER: "1"})
    # A second time in a row is no matter of a minute: our clock or Shopify's is wrong.
    if request.method != "GET" or "bounced" in request.args:
        return None
    shop = shop_domain(request.args.get("shop", ""))
    api_key = api_key_for(shop)
    if api_key is None:
        return None
    g.frame_shop, g.api_key = shop, api_key
    g.locale = i18n.negotiate(request.args.get("locale"), request.headers.get("Accept-Language"))
    page = render_template(
        "bounce.html", locale=g.locale, dir=i18n.direction(g.locale), api_key=api_key
    )
    return make_response(page, 401, {"X-LoyalNest-Error": error.kind.code})


def api_key_for(shop: str | None) -> str | None:
    """The API key of the app that serves a shop, or of the listed one for any other."""
    with parts().database.before_tenant() as db:
        address = routing.tenant_of_shop(db, shop) if shop else None
        if address:
            app = accounts.app_of_id(db, parts().keys, address.app_id)
        else:
            app = accounts.listed_app(db, parts().keys)
    return app.api_key if app else None


def document(address: str) -> str:
    """An address of ours for a whole document: inside Shopify's admin it names the shop, so that
    the page that gets a token knows whose app it is."""
    return f"{address}?{urlencode({'shop': g.frame_shop})}" if asked() else address


def key_of_app() -> str:
    """The API key that this page hands to App Bridge."""
    return str(g.get("api_key", ""))
