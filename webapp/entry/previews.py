"""What a widget would look like, as a page of its own for the frame of the Widgets page.

The address holds everything that is shown, sealed by the dashboard for an hour, so that it needs no
session: a frame inside Shopify's admin could not prove one.
"""

from flask import Blueprint, Response, g

from webapp.core import i18n
from webapp.entry import parts
from webapp.features.theme import service as theme

blueprint = Blueprint("previews", __name__)
# No script runs, though the style sheet is to see a browser that has them; nothing comes from
# elsewhere; the block's own colours are in a style attribute.
POLICY = (
    "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self' https://admin.shopify.com https://*.myshopify.com"
)


@blueprint.get("/previews/<token>")
def show(token: str) -> Response:
    """The page. Raises AppError(not_found) for an address that is not ours, or too old."""
    g.locale = i18n.negotiate(None)
    made = theme.open_preview(parts().keys, token, parts().clock.wall())
    g.locale = made.locale
    document = theme.preview_document(made.locale, made.widget, signed_in=made.signed_in)
    response = Response(document, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
