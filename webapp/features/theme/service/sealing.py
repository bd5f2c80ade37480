"""Addresses of previews: what is to be shown, sealed, so that nobody else can make one."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.core.context import Context
from webapp.core.crypto import KeyRing, Place, SealedValueError
from webapp.core.errors import NOT_FOUND, AppError
from webapp.core.messages import decode
from webapp.features.theme.messages import WidgetConfig
from webapp.features.theme.service.publishing import compact

LIFE = timedelta(hours=1)
_PLACE = Place("previews", "address", "", "")


@dataclass(frozen=True, slots=True)
class PreviewAsked:
    """A widget to be shown in a language, to a customer or to a guest."""

    locale: str
    widget: WidgetConfig
    signed_in: bool


def seal_preview(ctx: Context, locale: str, widget: WidgetConfig, *, signed_in: bool) -> str:
    """The last part of a preview's address; it holds for an hour."""
    until = int((ctx.wall + LIFE).timestamp())
    said = {"l": locale, "w": compact(widget), "s": signed_in, "u": until}
    sealed = ctx.keys.seal(json.dumps(said), _PLACE)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def open_preview(keys: KeyRing, token: str, wall: datetime) -> PreviewAsked:
    """What an address asks for. Raises AppError(not_found) for one that is not ours, or too old."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        said = json.loads(keys.open(sealed, _PLACE))
    except (binascii.Error, ValueError, SealedValueError):
        raise AppError(NOT_FOUND) from None
    if wall.timestamp() > said["u"]:
        raise AppError(NOT_FOUND)
    return PreviewAsked(said["l"], decode(WidgetConfig, said["w"]), said["s"])
