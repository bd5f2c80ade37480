"""Colours that can be read: contrast as WCAG 2.1 measures it.

Source: WCAG 2.1, success criteria 1.4.3 (text, 4.5:1) and 1.4.11 (parts of controls, 3:1), and its
definitions of relative luminance and contrast ratio.
"""

from decimal import Decimal

from webapp.core import i18n

TEXT_CONTRAST, PART_CONTRAST = 4.5, 3.0
BLACK, WHITE = "#000000", "#ffffff"


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 (black) to 1 (white)."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 (the same) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(text: str | None, background: str) -> str:
    """The text's colour where it can be read on the background; else black or white, of which one
    always can."""
    if text is not None and contrast(text, background) >= TEXT_CONTRAST:
        return text
    return max((BLACK, WHITE), key=lambda colour: contrast(colour, background))


def ratio_in_words(locale: str, ratio: float) -> str:
    """A contrast ratio as people of that language write it: 4.49 -> `4,4:1` (de). It is cut off,
    not rounded, for 4.49 is not enough."""
    return f"{i18n.decimal(locale, Decimal(int(ratio * 10)) / 10)}:1"
