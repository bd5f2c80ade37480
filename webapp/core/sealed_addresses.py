"""The last part of an address that says, sealed and for a while, what is to be done there, because
whoever opens it has no session: a frame inside Shopify's admin, a telephone, a browser that comes
from a shop.
"""

import base64
import binascii
from datetime import datetime, timedelta

from webapp.core.context import Context
from webapp.core.crypto import KeyRing, Place, SealedValueError
from webapp.core.errors import NOT_FOUND, AppError, Kind


def seal_address(ctx: Context, kind: str, said: str, life: timedelta) -> str:
    """What is said, for `life`; an address of one `kind` opens as no other."""
    until = int((ctx.wall + life).timestamp())
    sealed = ctx.keys.seal(f"{until} {said}", _place(kind))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_address(
    keys: KeyRing, kind: str, token: str, wall: datetime, *, late: Kind = NOT_FOUND
) -> str:
    """What an address says. Raises AppError: not_found for one that is not ours, `late` for one
    whose time has passed."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        until, _, said = keys.open(sealed, _place(kind)).partition(" ")
    except (binascii.Error, ValueError, SealedValueError):
        raise AppError(NOT_FOUND) from None
    if wall.timestamp() > int(until):
        raise AppError(late)
    return said


def _place(kind: str) -> Place:
    return Place("addresses", kind, "", "")
