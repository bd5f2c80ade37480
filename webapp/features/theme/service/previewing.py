"""What a widget will look like in a theme, rendered from the extension's own Liquid."""

from functools import cache
from types import SimpleNamespace
from typing import Any

from markupsafe import Markup, escape

from webapp.core import i18n
from webapp.core.colours import (
    PART_CONTRAST,
    TEXT_CONTRAST,
    WHITE,
    contrast,
    ratio_in_words,
    readable,
)
from webapp.core.extension import EXTENSION, ROOT
from webapp.core.i18n import N_
from webapp.core.liquid.blocks import Files, block_settings
from webapp.core.liquid.filters import PAGE
from webapp.core.liquid.wording import ExtensionSide
from webapp.features.theme.domain.placements import TEMPLATES
from webapp.features.theme.messages import Preview, Warned, WidgetConfig
from webapp.features.theme.service.publishing import published_entry

SAMPLE_POINTS = 1_240
FOLDER = ROOT / EXTENSION
TEXT_LOW = N_(
    "theme.warning.text",
    "The text can hardly be read on this background: a contrast of %(ratio)s, where %(needed)s is "
    "needed. Shoppers see it in %(colour)s instead.",
)
ACCENT_LOW = N_(
    "theme.warning.accent",
    "The accent colour hardly shows on this background: a contrast of %(ratio)s, where %(needed)s "
    "is needed.",
)
ROUTES = {
    "root_url": "/",
    "account_url": "#",
    "account_login_url": "#",
    "account_register_url": "#",
}


def preview(locale: str, widget: WidgetConfig, revision: int) -> Preview:
    """The widget as it will be shown to a signed-in customer, in a language of ours."""
    return Preview(
        widget=widget.widget,
        placement=widget.placement,
        locale=locale,
        dir=i18n.direction(locale),
        html=render_block(locale, widget, signed_in=True),
        revision=revision,
        warnings=warnings(locale, widget),
    )


def in_themes(widget: str) -> bool:
    """Whether the widget is a block of the theme app extension."""
    return _files().folder.read(f"blocks/{widget}.liquid") is not None


def is_embed(widget: str) -> bool:
    """Whether the widget is an app embed, which belongs to the whole theme and to no section."""
    return _files().schema(f"blocks/{widget}.liquid").get("target") in ("body", "head")


def render_block(locale: str, widget: WidgetConfig, *, signed_in: bool) -> str:
    """The HTML of the widget's block; empty for one that stands in no theme."""
    name, tag = widget.widget, i18n.shopify_tags(locale)[0]
    source = _files().folder.read(f"blocks/{name}.liquid")
    if source is None:
        return ""
    config: dict[str, Any] = {name: published_entry(widget)}
    scope: dict[str, Any] = {
        PAGE: SimpleNamespace(locale=tag),
        "request": {"locale": {"iso_code": tag}, "design_mode": True},
        "routes": ROUTES,
        "template": {"name": TEMPLATES.get(widget.placement, "index")},
        "shop": {"name": "", "money_format": "{{amount}}"},
        "app": {"metafields": {"loyalnest": {"theme_extension_config": {"value": config}}}},
        "customer": _customer() if signed_in else None,
        "block": {
            "id": "preview",
            "settings": block_settings(source.schema, {}),
            "shopify_attributes": "",
        },
    }
    return _files().environment.get_template(f"blocks/{name}").render(**scope)


def preview_document(locale: str, widget: WidgetConfig, *, signed_in: bool) -> str:
    """A whole page that shows nothing but the widget, with the style sheet that shops load. It is a
    picture: nothing in it can be pressed."""
    body = render_block(locale, widget, signed_in=signed_in)
    css = (FOLDER / "assets" / "loyalnest.css").read_text("utf-8")
    return _DOCUMENT.format(
        locale=escape(locale),
        dir=i18n.direction(locale),
        css=Markup(css.replace("</", "<\\/")),  # noqa: S704 - our own style sheet.
        body=Markup(body),  # noqa: S704 - the theme escapes nothing either; the Liquid does.
    )


def warnings(locale: str, widget: WidgetConfig) -> tuple[Warned, ...]:
    """What a merchant should know of the colours; on white where no background is chosen."""
    background = widget.background or WHITE
    found = []
    if widget.text is not None and contrast(widget.text, background) < TEXT_CONTRAST:
        shown = readable(widget.text, background) if widget.background else widget.text
        found.append(("contrast_text", TEXT_LOW, widget.text, TEXT_CONTRAST, shown))
    if widget.accent is not None and contrast(widget.accent, background) < PART_CONTRAST:
        found.append(("contrast_accent", ACCENT_LOW, widget.accent, PART_CONTRAST, ""))
    return tuple(
        Warned(
            code,
            i18n.text(
                locale,
                *words,
                ratio=ratio_in_words(locale, contrast(colour, background)),
                needed=ratio_in_words(locale, needed),
                colour=shown,
            ),
        )
        for code, words, colour, needed, shown in found
    )


def _customer() -> dict[str, Any]:
    return {
        "id": 1,
        "metafields": {"$app:loyalnest": {"points_balance": {"value": SAMPLE_POINTS}}},
    }


@cache
def _files() -> Files:
    return Files(FOLDER, ExtensionSide(FOLDER, "/"))


_DOCUMENT = Markup(
    """<!doctype html>
<html lang="{locale}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>LoyalNest</title>
<style>
body {{ margin: 0; padding: 16px; font: 16px/1.5 system-ui, sans-serif }}
body {{ color: #1c1c1c; background: #fff }}
{css}
</style>
</head>
<body inert>{body}</body>
</html>"""
)
