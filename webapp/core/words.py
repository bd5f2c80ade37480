"""Value types shared by all features: money in minor units, currencies, time zones, ids."""

import re
import secrets
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.numbers import list_currencies

# ISO 4217, list one: every currency whose minor unit is not a hundredth.
_WITHOUT_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_WITH_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = {
    **dict.fromkeys(_WITHOUT_DECIMALS.split(), 0),
    **dict.fromkeys(_WITH_THREE_DECIMALS.split(), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}
CURRENCIES = frozenset(list_currencies())
SHOP_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")
_AMOUNT = re.compile(r"(-?)(\d{1,15})(?:\.(\d{1,12}))?", re.ASCII)


def new_id(prefix: str) -> str:
    """A random id with 128 bits, e.g. `mer_...`."""
    return prefix + secrets.token_urlsafe(16)


def is_line(text: str) -> bool:
    """Whether a text is one line of plain characters. The joiners within words, which Persian
    cannot be written without, are among them; line breaks and marks of direction are not."""
    return text.replace("\u200c", "").replace("\u200d", "").isprintable()


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor unit of its currency (ISO 4217 exponent: JPY 0, EUR 2, KWD 3)."""

    minor: int
    currency: str


def currency_exponent(currency: str) -> int:
    """Digits after the decimal point in `currency` (ISO 4217): EUR 2, JPY 0, KWD 3.

    CLDR's digits are not these: they say how amounts are usually shown, e.g. RSD without decimals.
    """
    return _EXPONENTS.get(currency, 2)


def minor_units(amount: str, exponent: int) -> int | None:
    """`"11.77"` with exponent 2 -> 1177; None when it is no decimal or would need rounding."""
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        return None
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if fraction[exponent:].strip("0"):
        return None
    value = int(whole + fraction[:exponent].ljust(exponent, "0"))
    return -value if sign else value


def zone(name: str) -> ZoneInfo | None:
    """The IANA time zone of that name, or None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def shop_domain(value: str) -> str | None:
    """The permanent domain of a shop (`name.myshopify.com`) in lower case, or None."""
    value = value.strip().lower()
    return value if SHOP_DOMAIN.fullmatch(value) else None
