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
    "": N_("theme.corner.default", "Slightly rounded"),
    "square": N_("theme.corner.square", "Square"),
    "soft": N_("theme.corner.soft", "Rounded"),
    "round": N_("theme.corner.round", "Very round"),
}
GUESTS = {
    "": N_("theme.guests.show", "Shown, with an invitation to join"),
    "hide": N_("theme.guests.hide", "Not shown"),
}
POSITIONS = {
    "": N_("theme.position.bottom", "Along the whole lower edge"),
    "bottom_start": N_("theme.position.start", "At the bottom, where lines begin"),
    "bottom_end": N_("theme.position.end", "At the bottom, where lines end"),
}
LABELS = {
    "placement": N_("theme.field.placement", "Where it is shown"),
    "guests": N_("theme.field.guests", "For visitors who are not signed in"),
    "corner": N_("theme.field.corner", "Corners"),
    "position": N_("theme.field.position", "Position"),
    "accent": N_("theme.field.accent", "Accent colour"),
    "background": N_("theme.field.background", "Background colour"),
    "text": N_("theme.field.text", "Text colour"),
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
    return {**values, **chosen, **{f"heading-{tag}": t["heading"] for tag, t in texts.items()}}


def configuration(form: Form) -> WidgetConfig:
    """What the form says. Raises AppError(invalid_value) with the name of the field."""
    plain = ("widget", "placement", "guests", "corner", "position")
    said: dict[str, Any] = {name: form.one(name) for name in plain if form.one(name)}
    for name in COLOURS:
        if form.one(f"{name}_own"):
            said[name] = form.one(name)
    headings = {tag: form.one(f"heading-{tag}") for tag in i18n.LOCALES}
    said["texts"] = {tag: {"heading": text} for tag, text in headings.items() if text}
    return decode(WidgetConfig, said)
