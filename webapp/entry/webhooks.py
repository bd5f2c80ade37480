"""What others tell us: Shopify's webhooks, Flow's actions, Slack's events.

A request is verified over its raw body and kept by one statement; everything else happens later, so
that the answer never waits for work. An unknown shop is answered like a wrong signature. Nothing
of a body, an address or a secret reaches a log.
"""

import hashlib
import logging
from datetime import UTC, datetime

from flask import Blueprint, Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.core import inbox, signatures
from webapp.core.db import connection_lost
from webapp.core.errors import (
    BODY_TOO_LARGE,
    INTERNAL,
    INVALID_VALUE,
    NOT_FOUND,
    SIGNATURE_INVALID,
    UNAVAILABLE,
    AppError,
)
from webapp.core.inbox import PLATFORM, Arrival
from webapp.core.routing import StoreAddress
from webapp.core.words import shop_domain
from webapp.entry import parts
from webapp.entry.shops import proven_shop

log = logging.getLogger(__name__)
blueprint = Blueprint("webhooks", __name__)

# Orders with hundreds of lines come as a few megabytes.
MAX_BODY_BYTES = 5_242_880
MAX_NAME = 128


@blueprint.post("/webhooks/shopify")
def shopify() -> ResponseReturnValue:
    """A webhook of a shop. The headers are not signed, so the shop's domain there only finds the
    secret, and must be the one in the body where the body names one.

    Shopify signs other things with the app's secret as well, which people get to see: session
    tokens, and the queries they come to us with. None of these is a JSON object, so nothing else is
    taken: somebody in one shop could send them in the name of another.
    """
    body = raw_body()
    domain = request.headers.get("X-Shopify-Shop-Domain", "")
    address = verified_shop(domain, body)
    document = inbox.document(body)
    names = [document.get(name) for name in ("myshopify_domain", "shop_domain")]
    if not document or any(name not in (None, domain) for name in names):
        raise AppError(SIGNATURE_INVALID)
    arrival = Arrival(
        "shopify",
        header("X-Shopify-Topic"),
        header("X-Shopify-Webhook-Id"),
        body,
        document,
        address.store_id,
        request.headers.get("X-Shopify-Event-Id", "")[:MAX_NAME] or None,
        moment(request.headers.get("X-Shopify-Triggered-At", "")),
    )
    keep(address.merchant_id, arrival)
    return jsonify({})


@blueprint.post("/flow/actions/<handle>")
def flow(handle: str) -> ResponseReturnValue:
    """An action of a merchant's workflow. Flow takes 200 as done, tries again after 5xx, and shows
    the body of a 4xx, which is final. The action is the one that the signed body names."""
    body = raw_body()
    document = inbox.document(body)
    address = verified_shop(str(document.get("shopify_domain", "")), body)
    run, named = document.get("action_run_id"), document.get("handle", handle)
    if not isinstance(run, str) or not 0 < len(run) <= MAX_NAME:
        raise AppError(INVALID_VALUE, field="action_run_id", value="")
    if named != handle:
        raise AppError(INVALID_VALUE, field="handle", value=handle)
    arrival = Arrival("flow", handle, run, body, document, address.store_id, run)
    keep(address.merchant_id, arrival, only_received=True)
    return jsonify({})


@blueprint.post("/slack/events")
def slack() -> ResponseReturnValue:
    """An event of our Slack workspace. It belongs to no merchant yet, so the platform keeps it.
    Retries (X-Slack-Retry-Num) carry the same event id and are kept once."""
    body = raw_body()
    signatures.verify_slack(
        body,
        request.headers.get("X-Slack-Request-Timestamp", ""),
        request.headers.get("X-Slack-Signature", ""),
        parts().settings.slack_signing_secrets,
        parts().clock.wall(),
    )
    document = inbox.document(body)
    if document.get("type") == "url_verification":
        return jsonify(challenge=str(document.get("challenge", "")))
    event = document.get("event")
    topic = event.get("type") if isinstance(event, dict) else document.get("type")
    delivery_id = document.get("event_id") or hashlib.sha256(body).hexdigest()
    arrival = Arrival("slack", name(topic), name(delivery_id), body, document)
    keep(PLATFORM, arrival)
    return jsonify({})


def raw_body() -> bytes:
    """The body as it came. One that is announced too large is refused before any of it is read; of
    one that is not announced, reading ends where it has become too large. Raises
    RequestEntityTooLarge."""
    request.max_content_length = MAX_BODY_BYTES
    body = request.get_data(cache=False)
    if len(body) >= MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    return body


def verified_shop(domain: str, body: bytes) -> StoreAddress:
    """Where the shop that signed `body` belongs. Raises AppError(signature_invalid), also for a
    shop that we do not know."""
    given = request.headers.get("X-Shopify-Hmac-SHA256", "")
    address, _ = proven_shop(
        shop_domain(domain), lambda secrets: signatures.verify_shopify(body, given, secrets)
    )
    return address


def keep(merchant_id: str, arrival: Arrival, *, only_received: bool = False) -> None:
    """Put an arrival into the inbox. With `only_received` it must be of a topic that somebody
    receives; raises AppError(not_found) otherwise."""
    with parts().database.transaction(merchant_id) as ctx:
        wanted = inbox.outbox_topic(arrival.source, arrival.topic) in ctx.handlers
        if only_received and not wanted:
            raise AppError(NOT_FOUND)
        inbox.keep(ctx, arrival)


def header(title: str) -> str:
    """A header that must be there; raises AppError(invalid_value)."""
    return name(request.headers.get(title), title)


def name(value: object, field: str = "type") -> str:
    """A short text, as names and ids are; raises AppError(invalid_value)."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME or "\0" in value:
        raise AppError(INVALID_VALUE, field=field, value="")
    return value


def moment(written: str) -> datetime | None:
    """A time in ISO 8601, UTC where it names no zone; None when it is none."""
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@blueprint.errorhandler(AppError)
def refused(error: AppError) -> Response:
    """The reason in a few words, for the log of whoever sent it."""
    log.info("%s refused: %s", request.endpoint, error.kind.code)
    said = {"code": error.kind.code, "message": error.message("en")}
    return make_response(jsonify(error=said), error.kind.http)


@blueprint.errorhandler(RequestEntityTooLarge)
def too_large(_: RequestEntityTooLarge) -> Response:
    """413. The server closes the connection, for nobody reads the rest of the body."""
    return refused(AppError(BODY_TOO_LARGE))


@blueprint.errorhandler(Exception)
def failed(error: Exception) -> Response:
    """Our own failure: the sender shall try again."""
    lost = isinstance(error, DBAPIError) and connection_lost(error)
    log.error("%s failed: %s", request.endpoint, type(error).__name__, exc_info=error)
    return refused(AppError(UNAVAILABLE if lost else INTERNAL))
