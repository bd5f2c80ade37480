"""Widgets on pages of Shopify's checkout: JSON for our UI extension, which proves by a session
token of the checkout which shop it is in, and who is signed in.

The extension runs in a sandbox of an origin of its own, hence CORS for everybody; the token alone
decides what is told, and there are no cookies. Source: shopify.dev, checkout UI extensions,
network access.
"""

import re

from flask import Blueprint, Response, g, request

from webapp.core import discovery, i18n, members, routing
from webapp.core.contract import Visitor
from webapp.core.errors import NOT_FOUND, SESSION_TOKEN_INVALID, AppError
from webapp.core.routing import StoreAddress
from webapp.core.session_tokens import CheckoutToken, app_named, verify_checkout_token
from webapp.entry import calls, embedded, parts, rest, visitors
from webapp.features.accounts import service as accounts

blueprint = Blueprint("checkout", __name__)

# The thank-you page calls it an OrderIdentity until the order is there.
ORDER = re.compile(r"gid://shopify/Order(?:Identity)?/([0-9]{1,20})")
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization",
    "Access-Control-Allow-Methods": "GET",
    "Access-Control-Max-Age": "600",
}


@blueprint.route("/checkout/widgets/<name>", methods=("GET",), provide_automatic_options=False)
def show(name: str) -> Response:
    """What the widget shows the buyer. Failures: session_token_invalid, session_token_expired,
    rate_limited, not_found."""
    g.locale = i18n.negotiate(request.args.get("locale"), request.headers.get("Accept-Language"))
    g.call_notes = calls.Notes()
    try:
        address, token = authenticate()
        found = discovery.widgets().get(name)
        if found is None or not found[1].checkout:
            raise AppError(NOT_FOUND)
        who = token.customer or visitors.network(request).hex()
        calls.count_call(parts(), f"{address.merchant_id}:{address.store_id}:{who}", g.call_notes)
        with parts().database.transaction(
            address.merchant_id, locale=g.locale, readonly=True
        ) as ctx:
            member = (
                members.member_of_identity(ctx, address.store_id, token.customer)
                if token.customer
                else None
            )
            values = found[1].load(ctx, visitor_of(address, token, member))
    except Exception as error:
        return rest.refusal(calls.visible(error), g.locale)
    said = {"locale": g.locale, "dir": i18n.direction(g.locale), **values}
    return rest.envelope({"status": "ok", **said, "error": None}, 200)


@blueprint.route("/checkout/widgets/<name>", methods=("OPTIONS",), provide_automatic_options=False)
def ask(name: str) -> Response:
    """What a browser asks before it sends a token to another origin."""
    return Response("", 204)


@blueprint.after_request
def add_headers(response: Response) -> Response:
    response.headers.update(CORS)
    return rest.add_headers(response)


def authenticate() -> tuple[StoreAddress, CheckoutToken]:
    """The store that a token is from, and what it says. Raises AppError: session_token_invalid,
    session_token_expired."""
    sent = embedded.BEARER.fullmatch(request.headers.get("Authorization", ""))
    if sent is None:
        raise AppError(SESSION_TOKEN_INVALID)
    text = sent[1]
    with parts().database.before_tenant() as db:
        app = accounts.app_of_key(db, parts().keys, app_named(text))
        if app is None:
            raise AppError(SESSION_TOKEN_INVALID)
        token = verify_checkout_token(text, app.api_key, app.secrets, parts().clock.wall())
        address = routing.tenant_of_shop(db, token.shop)
    if address is None or address.app_id != app.app_id:
        raise AppError(SESSION_TOKEN_INVALID)
    return address, token


def visitor_of(address: StoreAddress, token: CheckoutToken, member: str | None) -> Visitor:
    order = ORDER.fullmatch(request.args.get("order", ""))
    return Visitor(
        shop=token.shop,
        path_prefix="",
        root="",
        customer_id=member,
        signed_in=token.customer is not None,
        store_id=address.store_id,
        external_id=token.customer,
        order=order[1] if order else None,
    )
