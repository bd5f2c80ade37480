"""The Shopify filters that our theme and our extension use, as Shopify describes them.

The page being rendered is found in the context under a name that Liquid itself cannot spell.
"""

import hashlib
import hmac
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from liquid import Environment, RenderContext, Undefined
from liquid.filter import with_context
from markupsafe import Markup, escape

from webapp.core.colours import contrast

PAGE = "$page"
_AMOUNT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_NOT_HANDLE = re.compile(r"[^\w]+")


class Side(Protocol):
    """Whose files are rendered: the theme's or the extension's."""

    def asset_url(self, name: str) -> str:
        """Where the browser finds an asset of this side."""

    def say(self, tag: str, key: str, values: Mapping[str, object]) -> Markup:
        """The translation of `key` as safe HTML, or Shopify's complaint that it is missing."""


def register(environment: Environment, side: Side) -> None:
    """Add the filters; `asset_url` and `t` belong to one side, the others are everyone's."""
    plain: Mapping[str, Callable[..., object]] = {
        "asset_url": lambda name: side.asset_url(_text(name)),
        "t": _translate(side),
        "translate": _translate(side),
        "money": money,
        "money_with_currency": money_with_currency,
        "image_url": image_url,
        "stylesheet_tag": stylesheet_tag,
        "script_tag": script_tag,
        "link_to": link_to,
        "escape": lambda value: escape(_text(value)),
        "json": to_json,
        "handle": handle,
        "handleize": handle,
        "hmac_sha256": hmac_sha256,
        "color_contrast": color_contrast,
    }
    for name, function in plain.items():
        environment.add_filter(name, function)


def _translate(side: Side) -> Callable[..., Markup]:
    def translate(key: object, *, context: RenderContext, **values: object) -> Markup:
        locale = str(context.globals[PAGE].locale)  # type: ignore[attr-defined]
        return side.say(locale, _text(key), values)

    return _typed(with_context(translate))


def _typed(function: Any) -> Callable[..., Markup]:
    found: Callable[..., Markup] = function
    return found


def format_money(cents: object, money_format: str) -> str:
    """12345 in `${{amount}}` -> `$123.45`. The formats are those of Shopify's shop settings."""
    try:
        amount = Decimal(str(cents)) / 100
    except InvalidOperation:
        return ""
    written = {
        "amount": f"{amount:,.2f}",
        "amount_no_decimals": f"{amount:,.0f}",
        "amount_with_comma_separator": _swapped(f"{amount:,.2f}"),
    }
    return _AMOUNT.sub(lambda match: written.get(match[1], written["amount"]), money_format)


def _swapped(text: str) -> str:
    return text.translate(str.maketrans(",.", ".,"))


@with_context
def money(cents: object, *, context: RenderContext) -> str:
    """The price in the shop's format."""
    return format_money(cents, str(_shop(context)["money_format"]))


@with_context
def money_with_currency(cents: object, *, context: RenderContext) -> str:
    """The price in the shop's format, followed by the currency's code."""
    shop = _shop(context)
    return f"{format_money(cents, str(shop['money_format']))} {shop['currency']}"


def image_url(image: object, width: object = None, height: object = None) -> str:
    """The address of a picture. Ours are vector drawings: the size is passed on, and ignored."""
    source = image.get("src", "") if isinstance(image, Mapping) else _text(image)
    size = "&".join(f"{n}={v}" for n, v in (("width", width), ("height", height)) if v is not None)
    return f"{source}?{size}" if source and size else str(source)


def stylesheet_tag(url: object) -> Markup:
    """`<link rel="stylesheet">` for an address."""
    return Markup('<link href="{}" rel="stylesheet" media="all">').format(_text(url))


def script_tag(url: object) -> Markup:
    """`<script>` for an address."""
    return Markup('<script src="{}"></script>').format(_text(url))


def link_to(text: object, url: object, title: object = "") -> Markup:
    """`<a>` with that text and address."""
    return Markup('<a href="{}" title="{}">{}</a>').format(_text(url), _text(title), _text(text))


def to_json(value: object) -> str:
    """JSON that may stand inside a script element."""
    plain = None if isinstance(value, Undefined) else value
    text = json.dumps(plain, default=str, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def hmac_sha256(value: object, secret: object) -> str:
    """The keyed hash of a text, in hexadecimal digits."""
    return hmac.new(_text(secret).encode(), _text(value).encode(), hashlib.sha256).hexdigest()


def color_contrast(one: object, other: object) -> float:
    """The contrast ratio of two colours (`#rrggbb`), with one decimal as Shopify gives it."""
    return math.floor(contrast(_text(one), _text(other)) * 10) / 10


def handle(value: object) -> str:
    """`Oak & Brass` -> `oak-brass`."""
    return _NOT_HANDLE.sub("-", _text(value).lower()).strip("-")


def _shop(context: RenderContext) -> Mapping[str, object]:
    shop = context.globals["shop"]
    return shop if isinstance(shop, Mapping) else {}


def _text(value: object) -> str:
    if value is None or isinstance(value, Undefined):
        return ""
    return value if isinstance(value, str) else str(value)
