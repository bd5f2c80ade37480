"""Where the versions of an A/B test differ, the shop's page has a picture of one transparent pixel.

That it is asked for, with the shop's signature, says which customer was there. It is a picture
whatever happens: nothing of ours may break a page of a shop.
"""

import base64
import logging

from flask import Blueprint, Response, g, request

from webapp.entry import calls, parts, widgets
from webapp.features.theme import service as theme

log = logging.getLogger(__name__)
blueprint = Blueprint("exposures", __name__)

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
KEPT_SECONDS = 86_400
MAX_ID = 60


@blueprint.get("/proxy/seen/<test_id>")
def seen(test_id: str) -> Response:
    """The pixel. A guest, a stranger and a test that does not run leave nothing behind."""
    response = Response(PIXEL, mimetype="image/gif")
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    response.headers["X-Robots-Tag"] = "noindex"
    try:
        note(test_id)
    except Exception as error:
        failure = calls.visible(error)
        log.info("exposure not noted: %s", failure.kind.code)
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-LoyalNest-Error"] = failure.kind.code
    return response


def note(test_id: str) -> None:
    """Note where the signed-in customer was. Raises AppError: signature_invalid,
    signature_expired, rate_limited."""
    g.locale = "en"
    address, asked = widgets.authenticate()
    if asked.customer is None or len(test_id) > MAX_ID:
        return
    caller = f"{address.merchant_id}:{address.store_id}:{asked.customer}"
    calls.count_call(parts(), caller, calls.Notes())
    page = theme.known_placement(request.args.get("page", ""))
    with parts().database.transaction(address.merchant_id) as ctx:
        theme.note_exposure(ctx, address.store_id, asked.customer, test_id, page)
