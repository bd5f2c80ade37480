"""The 22 languages: tags, direction, negotiation, numbers, days, money, and texts from catalogs.

Every function takes one of our tags (`LOCALES`) and never raises for one; any other tag is taken
as `negotiate` takes it. Texts come from `translations/<folder>/LC_MESSAGES/messages.mo`, compiled
on first use; without a usable catalog the English of the call is shown. Messages are always
%-formats, with or without values: a literal per cent sign is written `%%`.
"""

import fcntl
import logging
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, partial
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import overload

from babel import Locale
from babel.dates import format_date, format_time, format_timedelta, get_datetime_format
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po
from babel.numbers import format_currency, format_decimal, format_percent

from webapp.core.words import currency_exponent

log = logging.getLogger(__name__)

LOCALES = (
    *("en", "es", "de", "ja", "fr", "pt", "ru", "it", "nl", "pl", "tr"),
    *("fa", "zh-CN", "vi", "id", "cs", "ar", "ko", "uk", "hu", "sv", "he"),
)
RTL = frozenset({"ar", "fa", "he"})
TRANSLATIONS = Path(__file__).resolve().parents[2] / "translations"

_BY_LOWER = {tag.lower(): tag for tag in LOCALES}
_OLD_NAMES = {"iw": "he", "in": "id"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*")
_HEADER_LIMIT = 1000
_UNUSABLE = (OSError, PoFileError, ValueError, AttributeError, struct.error)


def catalog_name(tag: str) -> str:
    """The folder of the catalog: `zh` for zh-CN, because flask-babel finds no other name."""
    return "zh" if tag == "zh-CN" else tag


def shopify_tags(tag: str) -> tuple[str, ...]:
    """The names Shopify has for the language: `pt` is two there, all others are one."""
    return ("pt-BR", "pt-PT") if tag == "pt" else (tag,)


def _match(asked: str) -> str | None:
    """Our tag for a language tag in any spelling. Traditional Chinese is not Simplified: None."""
    parts = asked.strip().replace("_", "-").lower()
    if len(parts) > 64 or not _TAG.fullmatch(parts):
        return None
    language, *rest = parts.split("-")
    if language == "zh":
        traditional = "hans" not in rest and not _TRADITIONAL.isdisjoint(rest)
        return None if traditional else "zh-CN"
    return _BY_LOWER.get(_OLD_NAMES.get(language, language))


def _quality(parameters: list[str]) -> float:
    """The weight of an Accept-Language entry, 0 (unwanted or unreadable) to 1."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "q":
            plain = re.fullmatch(r"\s*([01](?:\.[0-9]{0,3})?)\s*", value)
            return min(float(plain[1]), 1.0) if plain else 0.0
    return 1.0


def _accepted(header: str) -> Iterator[str]:
    """Our tags among the wishes of an Accept-Language header, most wanted first."""
    weighted = []
    for item in header[:_HEADER_LIMIT].split(","):
        name, *parameters = item.split(";")
        tag, weight = _match(name), _quality(parameters)
        if tag and weight > 0:
            weighted.append((weight, tag))
    yield from (tag for _, tag in sorted(weighted, key=lambda pair: -pair[0]))


def negotiate(asked: str | None, accept_language: str | None = None, default: str = "en") -> str:
    """The tag to answer in: what was asked for by name, else by header, else `default`.

    Case, `_` for `-`, regions and old language names do not matter. Never raises.
    """
    named = _match(asked) if asked else None
    return named or next(_accepted(accept_language or ""), default)


def direction(tag: str) -> str:
    """`rtl` or `ltr`, as the HTML attribute `dir` wants it."""
    return "rtl" if negotiate(tag) in RTL else "ltr"


@cache
def _parsed(tag: str) -> Locale:
    return Locale.parse("zh_Hans_CN" if tag == "zh-CN" else tag)


def babel_locale(tag: str) -> Locale:
    """Babel's locale; zh-CN is zh_Hans_CN there."""
    return _parsed(tag if tag in LOCALES else negotiate(tag))


@overload
def N_(key: str, english: str) -> tuple[str, str]: ...
@overload
def N_(key: str, english: str, many: str) -> tuple[str, str, str]: ...
def N_(key: str, english: str, many: str | None = None) -> tuple[str, ...]:  # noqa: N802 -- gettext's name for it.
    """Mark a text for the catalogs where it is declared; it is translated where it is shown."""
    return (key, english) if many is None else (key, english, many)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the folder against other processes that compile, without leaving a lock file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _fresh(po: Path, mo: Path) -> bool:
    """Whether `mo` was compiled from `po` as it stands: it then carries the same time."""
    return mo.exists() and mo.stat().st_mtime_ns == po.stat().st_mtime_ns


def _compile(po: Path) -> Path:
    """The compiled catalog beside `po`, made when it is missing or of another age."""
    mo = po.with_suffix(".mo")
    if _fresh(po, mo):
        return mo
    with _locked(po.parent):
        if _fresh(po, mo):
            return mo
        made = po.stat()
        with po.open("rb") as source:
            catalog = read_po(source, abort_invalid=True)
        draft = po.with_name(f"messages.{os.getpid()}.tmp")
        with draft.open("wb") as target:
            write_mo(target, catalog)
        os.utime(draft, ns=(made.st_atime_ns, made.st_mtime_ns))
        draft.replace(mo)
    return mo


def catalog_path(tag: str, root: Path = TRANSLATIONS) -> Path:
    """Where the catalog of one of our tags lies, present or not."""
    return root / catalog_name(tag) / "LC_MESSAGES" / "messages.po"


def compile_catalogs(root: Path = TRANSLATIONS) -> tuple[str, ...]:
    """Compile whatever is missing or stale; the tags that could not be loaded (logged, not raised).

    Safe to call from any number of processes at once; readers never see half a file.
    """
    failed = []
    for tag in LOCALES:
        try:
            _compile(catalog_path(tag, root))
        except _UNUSABLE as error:
            log.warning("The catalog of %s cannot be compiled: %s", tag, error)
            failed.append(tag)
    return tuple(failed)


@cache
def load_catalog(tag: str, root: Path) -> NullTranslations:
    """What the catalogs at `root` say in one of our tags; nothing (logged) if it is unusable."""
    po = catalog_path(tag, root)
    mo = po.with_suffix(".mo")
    try:
        # A folder that cannot be written to is no reason to refuse a catalog compiled before.
        with suppress(OSError):
            mo = _compile(po)
        with mo.open("rb") as source:
            return GNUTranslations(source)
    except _UNUSABLE as error:
        log.warning("The catalog of %s cannot be loaded, English is shown: %s", tag, error)
        return NullTranslations()


def catalog(tag: str) -> NullTranslations:
    """The loaded texts of a language; the same object for as long as the process lives."""
    return load_catalog(tag if tag in LOCALES else negotiate(tag), TRANSLATIONS)


def filled(translated: str, english: str, values: dict[str, object]) -> str:
    """The translation with its values; a broken translation gives way to the English."""
    if translated != english:
        with suppress(KeyError, TypeError, ValueError):
            return translated % values
    return english % values


def text(tag: str, key: str, english: str, /, **values: object) -> str:
    """The text of `key` in that language, its `%(name)s` filled from `values`."""
    return filled(catalog(tag).pgettext(key, english), english, values)


def plural(tag: str, key: str, one: str, many: str, n: int, /, **values: object) -> str:
    """The text that fits the number `n`; `%(num)s` is `n` as people of that language write it."""
    known = {"num": number(tag, n), **values}
    translated = catalog(tag).npgettext(key, one, many, n)
    return filled(translated, one if n == 1 else many, known)


def number(tag: str, n: int) -> str:
    """A whole number with the language's grouping, in Latin digits: 1234 -> `1.234` (de)."""
    return format_decimal(n, locale=babel_locale(tag), numbering_system="latn")


def decimal(tag: str, value: Decimal) -> str:
    """A number with all its decimals, and none that say nothing: 0.006100 -> `0,0061` (de)."""
    where = babel_locale(tag)
    plain = value.normalize() if value else Decimal(0)
    return format_decimal(plain, locale=where, decimal_quantization=False, numbering_system="latn")


def day(tag: str, value: date) -> str:
    """A calendar day, Gregorian and in Latin digits: `9 mars 2026` (fr)."""
    return format_date(value, locale=babel_locale(tag))


def moment(tag: str, value: datetime) -> str:
    """A moment to the minute, in the zone that `value` carries: `9 mars 2026, 14:05` (fr)."""
    where = babel_locale(tag)
    clock = format_time(value, "short", tzinfo=value.tzinfo, locale=where)
    joined = str(get_datetime_format("medium", locale=where)).replace("'", "")
    return joined.replace("{1}", day(tag, value)).replace("{0}", clock)


def span(tag: str, seconds: float, *, from_now: bool = False) -> str:
    """A length of time in its largest unit: 150 -> `2 Minuten` (de); with `from_now` a moment that
    far away, `in 2 Minuten`, or for a negative number `vor 2 Minuten`."""
    delta = timedelta(seconds=round(seconds))
    return format_timedelta(delta, locale=babel_locale(tag), add_direction=from_now)


def money(tag: str, minor: int, currency: str) -> str:
    """An amount in the minor unit of its currency: 1050 EUR -> `10,50 €` (de)."""
    amount = Decimal(minor).scaleb(-currency_exponent(currency))
    write = partial(format_currency, locale=babel_locale(tag), numbering_system="latn")
    return write(amount, currency)


def percent(tag: str, share: float) -> str:
    """A share of 0 to 1 with at most one decimal: 0.2716 -> `27,2 %` (de)."""
    locale = babel_locale(tag)
    return format_percent(
        round(share, 3),
        locale=locale,
        decimal_quantization=False,
        numbering_system="latn",
    )


def native_name(tag: str) -> str:
    """What a language calls itself, e.g. `Deutsch`."""
    locale = babel_locale(tag)
    return str(locale.get_language_name(locale) if tag == "zh-CN" else locale.get_display_name())
