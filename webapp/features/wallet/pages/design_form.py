"""The form of a design: its fields, and the design that it says."""

from collections.abc import Mapping
from typing import Any

from webapp.core import i18n
from webapp.core.colours import TEXT_CONTRAST, contrast, ratio_in_words
from webapp.core.contract import Form
from webapp.core.i18n import N_
from webapp.core.messages import decode, encode
from webapp.features.wallet.messages import Design

COLOURS = {
    "background": N_("wallet.colour.background", "Card"),
    "foreground": N_("wallet.colour.foreground", "Values"),
    "label": N_("wallet.colour.label", "Labels"),
}
SHOWN = {
    "tier": N_("wallet.show.tier", "Tier"),
    "next_reward": N_("wallet.show.next_reward", "Next reward, and the points to go"),
    "since": N_("wallet.show.since", "Member since"),
}
PICTURES = {
    "logo": (
        N_("wallet.picture.logo", "Logo"),
        N_("wallet.picture.logo_hint", "At the top of the card; best without a background."),
    ),
    "strip": (
        N_("wallet.picture.strip", "Picture across the card"),
        N_(
            "wallet.picture.strip_hint",
            "Cut to 1125 by 432 pixels. Without words: nobody reads them out.",
        ),
    ),
}
LOW = N_(
    "wallet.contrast",
    "%(what)s can hardly be read on the card: their contrast is %(ratio)s, it should be "
    "%(needed)s.",
)


def design_of(form: Form) -> Design:
    """What the form says. Raises AppError(invalid_value) with the name of the field."""
    said: dict[str, Any] = {name: form.one(name) for name in (*COLOURS, "name")}
    said |= {name: form.one(name) == "yes" for name in SHOWN}
    terms = {tag: form.one(f"terms-{tag}") for tag in i18n.LOCALES}
    said["terms"] = {tag: text for tag, text in terms.items() if text}
    return decode(Design, said)


def values_of(design: Design) -> Mapping[str, Any]:
    """What the form shows of a design."""
    said = encode(design)
    terms = said.pop("terms")
    return {**said, **{f"terms-{tag}": text for tag, text in terms.items()}}


def form_values(form: Form) -> Mapping[str, Any]:
    """What the form shows of what was entered."""
    said: dict[str, Any] = {name: form.one(name) for name in form.names()}
    return {**said, **{name: form.one(name) == "yes" for name in SHOWN}}


def warnings(locale: str, design: Design) -> list[str]:
    """What cannot be read on the card, by WCAG's contrast for text."""
    found = []
    for name in ("foreground", "label"):
        ratio = contrast(getattr(design, name), design.background)
        if ratio < TEXT_CONTRAST:
            what = i18n.text(locale, *COLOURS[name])
            said = {
                "ratio": ratio_in_words(locale, ratio),
                "needed": ratio_in_words(locale, TEXT_CONTRAST),
            }
            found.append(i18n.text(locale, *LOW, what=what, **said))
    return found
