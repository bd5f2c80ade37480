"""The settings of a block's schema, as Shopify's theme editor accepts them (2026-10)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

_SIDEBAR = {"header", "paragraph"}
TYPES = _SIDEBAR | {
    *("article", "article_list", "blog", "checkbox", "collection", "collection_list", "color"),
    *("color_background", "color_palette", "color_scheme", "color_scheme_group", "font_picker"),
    *("html", "image_picker", "inline_richtext", "link_list", "liquid", "metaobject"),
    *("metaobject_list", "number", "page", "product", "product_list", "radio", "range"),
    *("richtext", "select", "text", "text_alignment", "textarea", "url", "video", "video_url"),
}
MOST_STEPS = 100
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})|rgba?\([\d., %]+\)")

Setting = Mapping[str, object]


def setting_problems(settings: Sequence[object]) -> tuple[set[str], list[str]]:
    """The ids of these settings, and everything the theme editor would refuse in them."""
    ids: set[str] = set()
    problems: list[str] = []
    for setting in settings:
        if not isinstance(setting, Mapping) or setting.get("type") not in TYPES:
            problems.append(f"no such type of setting: {setting}")
        elif setting["type"] in _SIDEBAR:
            problems += [] if setting.get("content") else [f"a {setting['type']} without content"]
        else:
            name = str(setting.get("id") or "")
            found = [*_common(setting, name, ids), *_kind_problems(setting)]
            problems += (f"setting {name or '?'}: {problem}" for problem in found)
            ids.add(name)
    return ids - {""}, problems


def _common(setting: Setting, name: str, known: set[str]) -> Iterator[str]:
    if not re.fullmatch(r"[a-zA-Z_]\w*", name):
        yield "the id is no name"
    if name in known:
        yield "the id is taken"
    if not setting.get("label"):
        yield "there is no label"


def _kind_problems(setting: Setting) -> Iterator[str]:
    kind = str(setting["type"])
    if kind in _CHECKS:
        yield from _CHECKS[kind](setting)


def _checkbox(setting: Setting) -> Iterator[str]:
    if not isinstance(setting.get("default", False), bool):
        yield "the default is neither true nor false"


def _colour(setting: Setting) -> Iterator[str]:
    default = setting.get("default")
    if default is not None and not _COLOUR.fullmatch(str(default)):
        yield "the default is no colour"


def _text(setting: Setting) -> Iterator[str]:
    default = setting.get("default", "something")
    if not isinstance(default, str) or not default:
        yield "the default must be left out or be a text"


def _range(setting: Setting) -> Iterator[str]:
    low, high, default = (setting.get(name) for name in ("min", "max", "default"))
    step = setting.get("step", 1)
    numbers = [n for n in (low, high, default, step) if isinstance(n, int | float)]
    if len(numbers) < 4 or numbers[3] <= 0:
        yield "min, max, default and a positive step are needed"
        return
    bottom, top, start, by = numbers
    if not 0 < (top - bottom) / by <= MOST_STEPS:
        yield f"there are 1 to {MOST_STEPS} steps between min and max"
    if not bottom <= start <= top or (start - bottom) % by:
        yield "the default is not one of the steps"


def _options(setting: Setting) -> Iterator[str]:
    options = setting.get("options")
    known = [o for o in options if isinstance(o, Mapping)] if isinstance(options, list) else []
    if not known or not all(o.get("value") and o.get("label") for o in known):
        yield "every option needs a value and a label"
    if "default" in setting and setting["default"] not in [o.get("value") for o in known]:
        yield "the default is none of the options"


_CHECKS: Mapping[str, Callable[[Setting], Iterator[str]]] = {
    "checkbox": _checkbox,
    "color": _colour,
    "text": _text,
    "textarea": _text,
    "range": _range,
    "select": _options,
    "radio": _options,
}
