"""Failures of cards."""

from webapp.core.errors import Kind
from webapp.core.i18n import N_

WALLET_UNAVAILABLE = Kind(
    "wallet_unavailable",
    409,
    "FAILED_PRECONDITION",
    *N_("error.wallet_unavailable", "Cards for this wallet cannot be had at the moment."),
)
LINK_EXPIRED = Kind(
    "link_expired",
    410,
    "FAILED_PRECONDITION",
    *N_(
        "error.link_expired",
        "This link is too old. Go back to the shop and ask for the card again.",
    ),
)
PICTURE_REFUSED = Kind(
    "picture_refused",
    422,
    "INVALID_ARGUMENT",
    *N_(
        "error.picture_refused",
        "The picture cannot be used. Choose a PNG, JPEG or WebP of at most 600 KB.",
    ),
)
