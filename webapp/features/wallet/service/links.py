"""Addresses at which a card is handed over: for one member's browser, for ten minutes.

It is opened without a session: by a browser that comes from a shop, or by a telephone that has read
it off a screen.
"""

from dataclasses import astuple, dataclass
from datetime import datetime, timedelta

from webapp.core.context import Context
from webapp.core.crypto import KeyRing
from webapp.core.sealed_addresses import open_address, seal_address
from webapp.features.wallet.domain.failures import LINK_EXPIRED

LIFE = timedelta(minutes=10)
PATH = "/w/"
KIND = "wallet card"
# It is in no id: what the parts of an address are joined by.
_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True)
class Link:
    """Whose card of which kind, and the store customer that asks for it."""

    merchant_id: str
    wallet_type: str
    member: str
    store_id: str
    external_id: str
    locale: str


def link_to(ctx: Context, link: Link) -> str:
    """The address, which holds for LIFE."""
    said = _BETWEEN.join(astuple(link))
    return f"{ctx.base_url}{PATH}{seal_address(ctx, KIND, said, LIFE)}"


def open_link(keys: KeyRing, token: str, wall: datetime) -> Link:
    """What an address asks for. Raises AppError: not_found for one that is not ours, link_expired
    for one that is too old."""
    said = open_address(keys, KIND, token, wall, late=LINK_EXPIRED)
    return Link(*said.split(_BETWEEN))
