"""Where people are handed their cards, where Google fetches a programme's pictures, and what a card
would look like, as a page for the frame of the Wallet page."""

import logging
import re

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from webapp.core import i18n, tenancy
from webapp.core.errors import NOT_FOUND, AppError
from webapp.entry import calls, parts
from webapp.entry.passes import pass_file
from webapp.features.wallet import service as wallet

log = logging.getLogger(__name__)
blueprint = Blueprint("pass_links", __name__)

MERCHANT = re.compile(r"[\w-]{1,100}", re.ASCII)
PICTURE = re.compile(r"logo|hero|own-logo")
KEPT_SECONDS = 86_400
SUFFIX = ".pkpass"
# The colours of a card are in style attributes.
POLICY = (
    "sandbox; default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self'; "
    "base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'self' https://admin.shopify.com https://*.myshopify.com"
)


@blueprint.get("/w/<token>")
def hand_over(token: str) -> AnyResponse:
    """The card that a link is for: a file for Apple's devices, a way to Google's page that saves
    it, or a page that waits until Google knows the card. What fails is noted, and can be tried
    again."""
    g.locale = i18n.negotiate(None, request.headers.get("Accept-Language"))
    link = wallet.open_link(parts().keys, token.removesuffix(SUFFIX), parts().clock.wall())
    g.locale = link.locale
    calls.count_call(parts(), f"{link.merchant_id}:wallet:{link.member}", calls.Notes())
    actor = tenancy.Actor("customer", link.member, frozenset({"customer:frontend"}))
    try:
        with parts().database.transaction(link.merchant_id, actor, link.locale) as ctx:
            got = wallet.hand_over(ctx, link, waiting="waiting" in request.args)
            if isinstance(got, wallet.Made):
                return pass_file(got)
            failed = got.failure is not None
            url = wallet.save_url(ctx, got, parts().settings.service_urls["google_pay"])
    except AppError as error:
        with parts().database.transaction(link.merchant_id, actor, link.locale) as ctx:
            wallet.record_failure(ctx, link, error.kind.code)
        log.info("a card was not to be had: %s", error.kind.code)
        return page("failed", error.kind.http)
    if url is not None:
        response: AnyResponse = redirect(url, 302)
        response.headers["Cache-Control"] = "private, no-store"
        return response
    return page("failed" if failed else "waiting", 200)


def page(state: str, status: int) -> AnyResponse:
    """A page that waits, or offers to try again."""
    body = render_template(
        "wallet/templates/card_link.html",
        locale=g.locale,
        dir=i18n.direction(g.locale),
        state=state,
        path=request.path,
    )
    return make_response(body, status, {"Cache-Control": "private, no-store"})


@blueprint.get("/wallet/pictures/<merchant_id>/<version>/<name>.png")
def picture(merchant_id: str, version: str, name: str) -> Response:
    """A picture of a merchant's programme, which is no secret; another version has another
    address."""
    if not PICTURE.fullmatch(name) or not MERCHANT.fullmatch(merchant_id):
        raise AppError(NOT_FOUND)
    calls.count_call(parts(), f"{merchant_id}:pictures", calls.Notes())
    with parts().database.transaction(merchant_id, readonly=True) as ctx:
        png = wallet.programme_picture(ctx, version, name)
    response = Response(png, mimetype="image/png")
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    return response


@blueprint.get("/wallet/previews/<token>")
def preview(token: str) -> Response:
    """A card, front and back. Raises AppError(not_found) for an address that is not ours, or too
    old."""
    g.locale = i18n.negotiate(None)
    asked = wallet.open_preview(parts().keys, token, parts().clock.wall())
    g.locale = asked.locale
    with parts().database.transaction(asked.merchant_id, readonly=True) as ctx:
        values = wallet.preview_of(ctx, asked)
    body = render_template(
        "wallet/templates/preview.html",
        **values,
        locale=asked.locale,
        dir=i18n.direction(asked.locale),
        merchant_id=asked.merchant_id,
    )
    response = Response(body, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
