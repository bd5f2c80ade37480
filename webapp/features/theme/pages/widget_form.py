"""The form of a widget: its fields, their choices, and the configuration that it says."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.contract import Form
from webapp.core.i18n import N_
from webapp.core.messages import decode, encode
from webapp.features.theme.messages import WidgetConfig

COLOURS = {"accent": "#1f6f5c", "background": "#ffffff", "text": "#1c1c1c"}
PLACES = {
    "everywhere": N_("theme.place.everywhere", "Every page"),
    "home_page": N_("theme.place.home", "Home page"),
    "product_page": N_("theme.place.product", "Product pages"),
    "collection_page": N_("theme.place.collection", "Collections"),
    "cart_page": N_("theme.place.cart", "Cart"),
    "account_page": N_("theme.place.account", "Account"),
}
CORNERS = {
    "square": N_("block.schema.square", "Square"),
    "soft": N_("block.schema.soft", "Rounded"),
    "round": N_("block.schema.round", "Very round"),
}
GUESTS = {
    "show": N_("block.schema.show", "Shown, with an invitation to join"),
    "hide": N_("block.schema.hide", "Not shown"),
}
POSITIONS = {
    "bottom": N_("block.schema.bottom", "Along the whole lower edge"),
    "bottom_start": N_("block.schema.bottom_start", "At the bottom, where lines begin"),
    "bottom_end": N_("block.schema.bottom_end", "At the bottom, where lines end"),
}
GOALS = {
    "redemption": N_("theme.goal.redemption", "A reward is redeemed"),
    "order": N_("theme.goal.order", "An order is placed"),
}
# What holds where nothing is configured.
DEFAULTS = {"corner": "soft", "guests": "show", "position": "bottom"}
LABELS = {
    "placement": N_("theme.field.placement", "Where it is shown"),
    "guests": N_("block.schema.guests", "For visitors who are not signed in"),
    "corner": N_("block.schema.corner", "Corners"),
    "position": N_("block.schema.position", "Position"),
    "accent": N_("block.schema.accent", "Accent colour"),
    "background": N_("block.schema.background", "Background colour"),
    "text": N_("block.schema.text", "Text colour"),
}


def choices(locale: str, widget: str) -> Mapping[str, list[tuple[str, str]]]:
    """Field -> (value, label) of each of its values; the position is the sticky bar's alone."""
    named = {"placement": PLACES, "guests": GUESTS, "corner": CORNERS}
    if widget == "sticky_bar":
        named["position"] = POSITIONS
    return {
        field: [(value, i18n.text(locale, *label)) for value, label in values.items()]
        for field, values in named.items()
    }


def values_of(kept: WidgetConfig) -> Mapping[str, str]:
    """What the form shows of a configuration."""
    said: dict[str, Any] = encode(kept)
    texts = said.pop("texts")
    values = {name: str(value) for name, value in said.items() if value is not None}
    chosen = {f"{name}_own": "yes" for name in COLOURS if name in values}
    headings = {f"heading-{tag}": words["heading"] for tag, words in texts.items()}
    return {**DEFAULTS, **values, **chosen, **headings}


def configuration(form: Form) -> WidgetConfig:
    """What the form says. Raises AppError(invalid_value) with the name of the field."""
    plain = ("widget", "placement", "guests", "corner", "position")
    said: dict[str, Any] = {
        name: form.one(name) for name in plain if form.one(name) not in ("", DEFAULTS.get(name))
    }
    for name in COLOURS:
        if form.one(f"{name}_own"):
            said[name] = form.one(name)
    headings = {tag: form.one(f"heading-{tag}") for tag in i18n.LOCALES}
    said["texts"] = {tag: {"heading": text} for tag, text in headings.items() if text}
    return decode(WidgetConfig, said)
