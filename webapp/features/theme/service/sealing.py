"""Addresses of previews: what is to be shown, sealed, so that nobody else can make one."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.messages import decode
from webapp.core.sealed_addresses import open_address, seal_address
from webapp.features.theme.messages import WidgetConfig
from webapp.features.theme.service.publishing import compact

LIFE = timedelta(hours=1)
KIND = "widget preview"


@dataclass(frozen=True, slots=True)
class PreviewAsked:
    """A widget to be shown in a language, to a customer or to a guest."""

    locale: str
    widget: WidgetConfig
    signed_in: bool


def seal_preview(ctx: Context, locale: str, widget: WidgetConfig, *, signed_in: bool) -> str:
    """The last part of a preview's address; it holds for an hour."""
    said = {"l": locale, "w": compact(widget), "s": signed_in}
    return seal_address(ctx, KIND, json.dumps(said), LIFE)


def open_preview(keys: KeyRing, token: str, wall: datetime) -> PreviewAsked:
    """What an address asks for. Raises AppError(not_found) for one that is not ours, or too old."""
    said = json.loads(open_address(keys, KIND, token, wall))
    return PreviewAsked(said["l"], decode(WidgetConfig, said["w"]), said["s"])
