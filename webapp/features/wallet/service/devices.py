"""Devices that hold cards, as Apple's pass web service knows them.

A device's id is its secret when it asks what has changed; everything else is proven by the card's
token. Whether a serial number or a token is wrong cannot be told apart. Source: Apple, "Passbook
Web Service Reference": all five calls are required.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.routing import PassOfDevice
from webapp.features.wallet.models import WalletExport, WalletRegistration
from webapp.features.wallet.queries.cards import card_of
from webapp.features.wallet.service.passes import opened

DEVICE = re.compile(r"[A-Za-z0-9._:-]{8,128}", re.ASCII)
PUSH_TOKEN = re.compile(r"[0-9A-Fa-f]{16,512}", re.ASCII)
_NOBODYS = secrets.token_urlsafe(32)
# As many characters of a serial number tell the cards of one device apart.
_TAG_CHARACTERS = 8


def device_hash(device_id: str) -> bytes:
    """How a device is known. Its id is random, so nothing else is needed to keep it."""
    return hashlib.sha256(device_id.encode()).digest()


def proven_card(ctx: Context, serial: str, token: str) -> WalletExport | None:
    """The card with this serial number, if the token is its own."""
    card = card_of(ctx, serial)
    apple = card if card is not None and card.wallet_type == "apple" else None
    known = str(opened(ctx, apple)["authentication_token"]) if apple else _NOBODYS
    same = hmac.compare_digest(known.encode(), token.encode("utf-8", "replace"))
    return apple if same else None


def register(ctx: Context, card: WalletExport, device_id: str, push_token: str) -> bool:
    """Note that a device holds a card, and by which token it is called; whether it is new. Another
    token takes the place of the one before."""
    hashed = device_hash(device_id)
    place = WalletRegistration.place(ctx.merchant_id, card.export_id, hashed)
    values = {
        "merchant_id": ctx.merchant_id,
        "export_id": card.export_id,
        "device_hash": hashed,
        "push_token": ctx.keys.seal(push_token, place),
        "wall": ctx.wall,
    }
    _lock(ctx, card.export_id)
    new = bool(ctx.db.scalar(_REGISTER, values))
    if card.added_at is None:
        card.added_at = ctx.wall
        ctx.db.flush()
    return new


def unregister(
    ctx: Context, export_id: str, hashed: bytes, sealed_token: bytes | None = None
) -> None:
    """Forget that a device holds a card, if it is still called by that token where one is named;
    a card that is on no device any more is not held."""
    values = {
        "merchant_id": ctx.merchant_id,
        "export_id": export_id,
        "device_hash": hashed,
        "sealed_token": sealed_token,
    }
    _lock(ctx, export_id)
    ctx.db.execute(_UNREGISTER, values)
    ctx.db.execute(_NOT_HELD, values)


def _lock(ctx: Context, export_id: str) -> None:
    """The card first, then its devices: so does whoever follows a change."""
    ctx.db.execute(_LOCK, {"merchant_id": ctx.merchant_id, "export_id": export_id})


def changed_since(passes: Sequence[PassOfDevice], tag: str) -> tuple[str, list[str]]:
    """The tag of how a device's cards are now, and the serial numbers of those that are not as
    `tag` says; all of them for a tag that says nothing.

    A tag holds the revision of each card. One number for all would have to rise in the order in
    which changes are committed, which no sequence of a database does: a device could miss one.
    """
    known = dict(part.rpartition("-")[::2] for part in tag.split("."))
    now = {one.serial[-_TAG_CHARACTERS:]: str(one.revision) for one in passes}
    changed = [
        one.serial
        for one in passes
        if known.get(one.serial[-_TAG_CHARACTERS:]) != str(one.revision)
    ]
    return ".".join(f"{serial}-{revision}" for serial, revision in now.items()), changed


_REGISTER = text(
    """
    insert into wallet_registrations as r
        (merchant_id, export_id, device_hash, push_token, registered_at)
    values (:merchant_id, :export_id, :device_hash, :push_token, :wall)
    on conflict (merchant_id, export_id, device_hash) do update
    set push_token = excluded.push_token, push_due = false
    returning xmax = 0
    """
)
_UNREGISTER = text(
    """
    delete from wallet_registrations
    where merchant_id = :merchant_id and export_id = :export_id and device_hash = :device_hash
      and (cast(:sealed_token as bytea) is null or push_token = :sealed_token)
    """
)
_LOCK = text(
    """
    select from wallet_exports
    where merchant_id = :merchant_id and export_id = :export_id for update
    """
)
_NOT_HELD = text(
    """
    update wallet_exports w set added_at = null
    where w.merchant_id = :merchant_id and w.export_id = :export_id and not exists (
        select from wallet_registrations r
        where r.merchant_id = w.merchant_id and r.export_id = w.export_id
    )
    """
)
