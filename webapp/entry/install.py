"""Shopify's OAuth, for people who come to the dashboard directly.

It is walked once for the shop, when that has no usable token, and once for the person, for only a
token of one person says who they are. The merchant's own agreement is asked by Shopify each time;
where it was given before, Shopify sends them straight on.
"""

import hmac
import secrets
from urllib.parse import urlencode

from flask import Blueprint, Response, g, make_response, render_template, request, session
from werkzeug.utils import redirect
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import i18n
from webapp.core.contract import Form
from webapp.core.errors import INSTALL_REFUSED, NOT_FOUND, SHOP_UNKNOWN, SIGNATURE_INVALID, AppError
from webapp.core.oauth import shop_of_query, verify_query
from webapp.core.routing import StoreAddress
from webapp.core.words import shop_domain
from webapp.entry import arrival, identity, parts
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import AppIdentity
from webapp.gateways.calling import GatewayError
from webapp.gateways.shopify_oauth import Grant

blueprint = Blueprint("install", __name__, url_prefix="/auth")

SHOP, PERSON = "shop", "person"


@blueprint.get("")
def begin() -> AnyResponse:
    """Send the person to their shop, to say who they are, or to let us in first."""
    wanted = request.args.get("shop", "").strip().lower()
    shop = shop_domain(wanted if "." in wanted else f"{wanted}.myshopify.com")
    if shop is None:
        raise AppError(SHOP_UNKNOWN, shop=wanted[:100])
    app, address = app_for(shop)
    if "hmac" in request.args:
        verify_query(request.query_string.decode("utf-8", "replace"), app.secrets)
    return ask(app, shop, PERSON if connected(app, address) else SHOP)


@blueprint.post("/store")
def add_store() -> AnyResponse:
    """Connect one more shop to the account of the owner who is signed in here. They begin it, and
    the shop agrees to it on Shopify's own page, in the same browser: so both sides have said yes.
    Whether the shop has an account of its own already is told only after that."""
    form = Form(request.form.to_dict(flat=False))
    merchant_id = account_of_owner(form)
    wanted = form.one("shop").lower()
    shop = shop_domain(wanted if "." in wanted else f"{wanted}.myshopify.com")
    if shop is None:
        raise AppError(SHOP_UNKNOWN, shop=wanted[:100])
    app, _ = app_for(shop)
    return ask(app, shop, SHOP, merchant_id)


def account_of_owner(form: Form | None = None) -> str:
    """The account of the person who is signed in and may change its settings; with the `form` that
    they have sent. Raises AppError: sign_in_required, permission_denied, form_expired."""
    with identity.signed_in() as (ctx, _):
        ctx.actor.demand("admin:settings")
        if form is not None:
            identity.check_form(form)
        return ctx.merchant_id


@blueprint.get("/callback")
def callback() -> AnyResponse:
    """What Shopify says: the answer to a question of this very browser, signed by the app's own
    secret, for the shop that was asked."""
    query = request.query_string.decode("utf-8", "replace")
    asked = session.pop("oauth", None) or {}
    shop = shop_of_query(query)
    if shop != asked.get("shop"):
        raise AppError(SIGNATURE_INVALID)
    app, address = app_for(shop)
    given = verify_query(query, app.secrets)
    state, code = given.get("state", ""), given.get("code", "")
    if not code or not hmac.compare_digest(state.encode(), str(asked.get("state", "")).encode()):
        raise AppError(SIGNATURE_INVALID)
    grant = exchanged(app, shop, code)
    if asked.get("account"):
        if account_of_owner() != asked["account"]:
            raise AppError(SIGNATURE_INVALID)
        arrival.connect(app, shop, grant, asked["account"])
        return redirect("/admin/stores")
    if asked.get("step") == SHOP:
        arrival.connect(app, shop, grant)
        return ask(app, shop, PERSON)
    if address is None or not grant.user or not grant.user.get("id"):
        raise AppError(INSTALL_REFUSED)
    return sign_in(address, grant)


@blueprint.get("/plan")
def plan() -> AnyResponse:
    """Where Shopify sends a merchant back who was asked to pay. It proves nothing: the Plan page
    shows what Shopify itself has told us. Who is not signed in here came from Shopify's admin."""
    if session.get("merchant_id"):
        return redirect("/admin/plan")
    shop = shop_domain(request.args.get("shop", ""))
    if shop is None:
        raise AppError(NOT_FOUND)
    app, _ = app_for(shop)
    return redirect(f"https://{shop}/admin/apps/{app.api_key}/app/plan")


def sign_in(address: StoreAddress, grant: Grant) -> AnyResponse:
    """Open a session for the person whom Shopify named."""
    user = grant.user or {}
    admin_user_id = arrival.meet(address, arrival.member(grant, str(user["id"])))
    with parts().database.transaction(address.merchant_id) as ctx:
        token = accounts.open_session(ctx, admin_user_id)
    identity.begin_session(address.merchant_id, token)
    return redirect("/admin/")


def app_for(shop: str) -> tuple[AppIdentity, StoreAddress | None]:
    """The app that serves a shop, or the listed one for a shop that is new to us or has left.
    Raises AppError(shop_unknown)."""
    address = arrival.address_of(shop)
    with parts().database.before_tenant() as db:
        keys = parts().keys
        app = accounts.app_of_id(db, keys, address.app_id) if address else None
        app = app or accounts.listed_app(db, keys)
    if app is None:
        raise AppError(SHOP_UNKNOWN, shop=shop)
    return app, address


def connected(app: AppIdentity, address: StoreAddress | None) -> bool:
    """Whether we hold a usable token of the shop."""
    return address is not None and arrival.visit_of(address, app, "").state == "connected"


def ask(app: AppIdentity, shop: str, step: str, account: str | None = None) -> Response:
    """Go on to Shopify's page; with an `account` the shop is to join it. The answer is a page that
    goes there by itself: a redirect after a form may not lead to another site."""
    state = secrets.token_urlsafe(32)
    session["oauth"] = {"state": state, "shop": shop, "step": step, "account": account}
    asked = {
        "client_id": app.api_key,
        "scope": ",".join(accounts.SCOPES),
        "redirect_uri": f"{parts().settings.base_url}/auth/callback",
        "state": state,
    }
    if step == PERSON:
        asked["grant_options[]"] = "per-user"
    address = f"{parts().settings.shopify_admin_url.format(shop=shop)}/admin/oauth/authorize"
    to = f"{address}?{urlencode(asked)}"
    g.locale = i18n.negotiate(request.args.get("locale"), request.headers.get("Accept-Language"))
    page = render_template(
        "continue.html", locale=g.locale, dir=i18n.direction(g.locale), to=to, shop=shop
    )
    return make_response(page, 200, {"Refresh": f"0; url={to}", "Cache-Control": "no-store"})


def exchanged(app: AppIdentity, shop: str, code: str) -> Grant:
    """What Shopify gives for a code. Raises AppError(install_refused)."""
    try:
        return parts().gateways.oauth.exchange_code(shop, arrival.credentials(app), code)
    except GatewayError as error:
        raise AppError(INSTALL_REFUSED) from error
