"""Apple's pass web service: devices register for cards, ask which have changed, and fetch them.

It is on the application's own host, for devices are no shoppers and no shop signs for them. A
device adds `/v1/` to the address that stands in a card. Source: Apple, "Passbook Web Service
Reference".
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from flask import Blueprint, Response, g, request

from webapp.core import routing
from webapp.core.context import Context
from webapp.core.errors import INVALID_VALUE, AppError
from webapp.core.inbox import PLATFORM
from webapp.core.messages import shown
from webapp.entry import calls, parts, rest
from webapp.features.wallet import service as wallet
from webapp.features.wallet.models import WalletExport

log = logging.getLogger(__name__)
blueprint = Blueprint("passes", __name__, url_prefix="/wallet/v1")

MIME = "application/vnd.apple.pkpass"
FILE_NAME = "loyalty.pkpass"
AUTHORISED = re.compile(r"ApplePass ([\x21-\x7e]{1,200})", re.ASCII)
SERIAL = re.compile(r"[\w-]{1,80}", re.ASCII)
MAX_BODY_BYTES = 16_384
MOST_LINES, MOST_LINE = 20, 300
REGISTRATION = "/devices/<device>/registrations/<pass_type>/<serial>"


@blueprint.post(REGISTRATION)
def register(device: str, pass_type: str, serial: str) -> Response:
    """A device wants to hear of a card: 201 the first time, 200 afterwards, also with another
    token by which to call it."""
    said = rest.read_body(MAX_BODY_BYTES)
    token = said.get("pushToken")
    if not isinstance(token, str) or not wallet.PUSH_TOKEN.fullmatch(token):
        raise AppError(INVALID_VALUE, field="pushToken", value=shown("pushToken", "..."))
    if not wallet.DEVICE.fullmatch(device):
        raise AppError(INVALID_VALUE, field="device", value=shown("device", device))
    with proven(pass_type, serial) as (ctx, card):
        if card is None:
            return Response(status=401)
        new = wallet.register(ctx, card, device, token)
        if new:
            wallet.welcome(ctx, card)
    return Response(status=201 if new else 200)


@blueprint.delete(REGISTRATION)
def unregister(device: str, pass_type: str, serial: str) -> Response:
    """A device does not hold a card any more."""
    with proven(pass_type, serial) as (ctx, card):
        if card is None:
            return Response(status=401)
        wallet.unregister(ctx, card.export_id, wallet.device_hash(device))
    return Response(status=200)


@blueprint.get("/devices/<device>/registrations/<pass_type>")
def changed(device: str, pass_type: str) -> Response:
    """Which of a device's cards have changed since a tag: 204 when none has."""
    if not wallet.DEVICE.fullmatch(device):
        return Response(status=204)
    count(f"wallet-device:{wallet.device_hash(device).hex()}")
    with parts().database.before_tenant() as db:
        held = routing.passes_of_device(db, wallet.device_hash(device))
    tag, serials = wallet.changed_since(held, request.args.get("passesUpdatedSince", ""))
    if not serials or not is_ours(pass_type):
        return Response(status=204)
    return rest.envelope({"lastUpdated": tag, "serialNumbers": serials}, 200)


@blueprint.get("/passes/<pass_type>/<serial>")
def fetch(pass_type: str, serial: str) -> Response:
    """A card as it is now: 304 when the device has it so."""
    with proven(pass_type, serial) as (ctx, card):
        if card is None:
            return Response(status=401)
        if is_known(card):
            return Response(status=304)
        made = wallet.apple_pass(ctx, card)
    return pass_file(made)


@blueprint.post("/log")
def note() -> Response:
    """What went wrong on a device, in its own words, which nobody vouches for."""
    count("wallet-log")
    lines = rest.read_body(MAX_BODY_BYTES).get("logs")
    for line in lines[:MOST_LINES] if isinstance(lines, list) else ():
        said = "".join(c if c.isprintable() else " " for c in str(line)[:MOST_LINE])
        log.info("a device says: %s", said)
    return Response(status=200)


@blueprint.errorhandler(AppError)
def refused(error: AppError) -> Response:
    """Devices are programs."""
    return rest.refusal(error, g.get("locale") or "en")


def pass_file(made: wallet.Made) -> Response:
    """A card as a telephone takes it."""
    response = Response(made.content, mimetype=MIME)
    response.headers["Content-Disposition"] = f'attachment; filename="{FILE_NAME}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Last-Modified"] = format_datetime(made.modified_at, usegmt=True)
    return response


@contextmanager
def proven(pass_type: str, serial: str) -> Iterator[tuple[Context, WalletExport | None]]:
    """The card whose token the device has, in a unit of work of its merchant; None without it, and
    then nobody can tell what was wrong. Raises AppError(rate_limited)."""
    count(f"wallet-pass:{serial[:100]}")
    sent = AUTHORISED.fullmatch(request.headers.get("Authorization", ""))
    merchant_id = None
    if SERIAL.fullmatch(serial):
        with parts().database.before_tenant() as db:
            merchant_id = routing.tenant_of_pass(db, serial)
    # Somebody's, in whose unit of work there is no such card.
    with parts().database.transaction(merchant_id or "nobody") as ctx:
        known = serial if merchant_id else ""
        card = wallet.proven_card(ctx, known, sent[1] if sent else "")
        ours = wallet.pass_type_of(ctx) == pass_type
        yield ctx, card if ours and sent is not None else None


def is_ours(pass_type: str) -> bool:
    """Whether our cards are of this type."""
    with parts().database.transaction(PLATFORM, readonly=True) as ctx:
        return wallet.pass_type_of(ctx) == pass_type


def is_known(card: WalletExport) -> bool:
    """Whether the device says that it has the card as it is."""
    try:
        since: Any = parsedate_to_datetime(request.headers.get("If-Modified-Since", ""))
        return bool(since >= card.modified_at)
    except (TypeError, ValueError):
        return False


def count(caller: str) -> None:
    """Raises AppError(rate_limited)."""
    calls.count_call(parts(), caller, calls.Notes())
