"""App Proxy actions: what shoppers do, as rows of the features that have a `proxy`.

A request is the shop's, proven by its signature; the body is not signed, so it never says who asks
or where. A form that names a `widget` is answered with that widget as it is now and a notice,
whatever became of it, because it lands in the shop's page; a program gets the envelope.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.core import discovery, i18n, messages, tenancy
from webapp.core.contract import UseCase, Visitor
from webapp.core.errors import (
    BODY_TOO_LARGE,
    FIELD_REQUIRED,
    FORM_EXPIRED,
    INVALID_VALUE,
    MALFORMED_BODY,
    NOT_A_MEMBER,
    NOT_FOUND,
    NOT_YOURS,
    SIGN_IN_REQUIRED,
    WRONG_CONTENT_TYPE,
    AppError,
)
from webapp.core.routing import StoreAddress
from webapp.entry import calls, parts, rest, visitors, widgets
from webapp.entry.widgets import Notice

log = logging.getLogger(__name__)
blueprint = Blueprint("proxy", __name__)

MAX_BODY_BYTES = 16_384
MAX_FIELDS = 100
MAX_KEY = 100
PERMISSIONS = frozenset({"customer:frontend"})
FORM = "application/x-www-form-urlencoded"
# Who the shopper is, and where, is signed; a body may only repeat it.
GUEST = "guest"
SIGNED = ("customer_id", "store_id", "external_id")


@dataclass(frozen=True, slots=True)
class Shopper:
    """The member who acts, at which store, as which customer of it; a guest is neither."""

    address: StoreAddress
    asked: tenancy.ProxyRequest
    external_id: str | None
    member: str | None

    @property
    def signed(self) -> Mapping[str, str]:
        said = {
            "customer_id": self.member,
            "store_id": self.address.store_id,
            "external_id": self.external_id,
        }
        return {name: value for name, value in said.items() if value is not None}

    @property
    def caller(self) -> str:
        """Whose calls are counted together: guests by the network they come from."""
        return self.member or self.external_id or visitors.network(request).hex()


@blueprint.post("/proxy/actions/<action>")
def act(action: str) -> Response:
    """Carry out the row with this action for the signed-in member. Failures: signature_invalid,
    signature_expired, sign_in_required, not_a_member, rate_limited, not_found, those of `given` and
    `calls.run_once`, and the row's own."""
    g.locale = i18n.negotiate(request.args.get("locale"))
    g.call_notes = calls.Notes()
    try:
        address, asked = widgets.authenticate()
        said = given()
    except Exception as error:
        return rest.refusal(calls.visible(error), g.locale)
    named = said.pop("widget", "") if request.mimetype == FORM else ""
    widget = named if named in discovery.fragments() else ""
    member: str | None = None
    try:
        member = widgets.member_of(address, asked)
        answer, row = perform(action, address, asked, member, said)
    except Exception as error:
        failure = calls.visible(error)
        if not widget:
            return rest.refusal(failure, g.locale)
        log.info("action %s refused: %s", action[:40], failure.kind.code)
        notice = Notice(False, failure.message(g.locale))
        response = page(address, widgets.visitor_of(address, asked, member), widget, notice)
        response.headers["X-LoyalNest-Error"] = failure.kind.code
        return response
    if not widget:
        return rest.envelope({"status": "ok", **answer, "error": None}, 200)
    done = Notice(True, i18n.text(g.locale, *row.said)) if row.said else None
    # Who they are may have changed: they may have parted their customers from one another.
    return page(
        address, widgets.visitor_of(address, asked, widgets.member_of(address, asked)), widget, done
    )


@blueprint.after_request
def add_headers(response: Response) -> Response:
    """As the answers to programs; and search engines stay away."""
    response.headers["X-Robots-Tag"] = "noindex"
    return rest.add_headers(response)


def page(address: StoreAddress, visitor: Visitor, widget: str, notice: Notice | None) -> Response:
    """The widget as it is after the action; empty when even that fails."""
    try:
        return Response(widgets.draw(address, visitor, widget, notice), mimetype="text/html")
    except Exception as error:
        return widgets.empty(calls.visible(error))


def perform(
    action: str,
    address: StoreAddress,
    asked: tenancy.ProxyRequest,
    member: str | None,
    said: dict[str, Any],
) -> tuple[dict[str, Any], UseCase]:
    """The fields of the answer, and the row. Raises AppError."""
    row = row_of(action)
    if asked.customer is None and not row.guests:
        raise AppError(SIGN_IN_REQUIRED)
    if member is None and not row.guests:
        raise AppError(NOT_A_MEMBER)
    shopper = Shopper(address, asked, asked.customer, member)
    notes = g.call_notes
    calls.count_call(parts(), f"{address.merchant_id}:{shopper.caller}", notes)
    key = key_of(shopper, said)
    message_fields = message_of(row, shopper, said, key)
    with parts().database.transaction(
        address.merchant_id, locale=g.locale, readonly=not row.write
    ) as ctx:
        ctx.actor = tenancy.Actor("customer", member, PERMISSIONS)
        ctx.actor.demand(row.permission)
        message = messages.decode(row.message, message_fields, from_text=request.mimetype == FORM)
        return calls.run_once(ctx, row, message, key if row.write else None, notes), row


def row_of(action: str) -> UseCase:
    """Raises AppError(not_found)."""
    for _, row in discovery.use_cases().values():
        if row.proxy == action:
            return row
    raise AppError(NOT_FOUND)


def message_of(row: UseCase, shopper: Shopper, said: Mapping[str, Any], key: str) -> dict[str, Any]:
    """What the body says, and who says it. Raises AppError(not_yours) when the body names somebody
    else, or another store."""
    signed = shopper.signed
    gid = f"gid://shopify/Customer/{shopper.external_id}"
    own = {shopper.member, shopper.external_id, gid}
    for name in (*SIGNED, "logged_in_customer_id"):
        known = {shopper.address.store_id, shopper.asked.shop} if name == "store_id" else own
        if name in said and said[name] not in known:
            raise AppError(NOT_YOURS)
    wanted = {field.name for field in fields(row.message)}
    rest_of_body = {k: v for k, v in said.items() if k not in (*SIGNED, "logged_in_customer_id")}
    filled = {**signed, "key": key}
    return {**rest_of_body, **{k: v for k, v in filled.items() if k in wanted}}


def key_of(shopper: Shopper, said: dict[str, Any]) -> str:
    """What makes a repeated call the same: the header Idempotency-Key or the field `key`, which is
    taken out of what was said, for this customer of this store. Raises AppError: field_required,
    invalid_value."""
    field = said.pop("key", "")
    key = request.headers.get("Idempotency-Key") or field
    if not key:
        raise AppError(FIELD_REQUIRED, field="key")
    if not isinstance(key, str) or len(key) > MAX_KEY or not calls.IDEMPOTENCY_KEY.fullmatch(key):
        raise AppError(INVALID_VALUE, field="key", value=messages.shown("key", key))
    return f"{shopper.address.store_id}:{shopper.external_id or GUEST}:{key}"


def given() -> dict[str, Any]:
    """What the body says. Raises AppError: form_expired when a browser tells that another site made
    it send this, body_too_large, malformed_body, wrong_content_type, invalid_value for a field that
    is there twice."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise AppError(FORM_EXPIRED)
    request.max_content_length = MAX_BODY_BYTES
    if request.mimetype == FORM:
        return form()
    if request.mimetype == "application/json":
        return rest.read_body(MAX_BODY_BYTES)
    raise AppError(WRONG_CONTENT_TYPE)


def form() -> dict[str, Any]:
    try:
        sent = request.form
    except RequestEntityTooLarge:
        raise AppError(BODY_TOO_LARGE) from None
    if len(sent) > MAX_FIELDS:
        raise AppError(MALFORMED_BODY)
    for name, values in sent.lists():
        if len(values) > 1:
            raise AppError(INVALID_VALUE, field=messages.shown("", name), value="[...]")
    # An empty field of a form says nothing.
    return {name: value.strip() for name, value in sent.items() if value.strip()}
