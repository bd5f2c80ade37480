"""Which of our blocks stand where in a theme, read from the theme's own files.

Source: shopify.dev, "Theme app extensions": a block of an app is `shopify://apps/<app>/blocks/
<block>/<uuid>` in `templates/*.json` and `sections/*.json`, and an app embed likewise in
`config/settings_data.json`. Shopify writes a comment in front of those files.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TYPE = re.compile(r"shopify://apps/loyalnest[a-z0-9-]*/blocks/([a-z0-9_-]{1,64})/[^/]+")
_COMMENT = re.compile(r"\A\s*/\*.*?\*/", re.DOTALL)
EMBEDS = "config/settings_data.json"


@dataclass(frozen=True, slots=True)
class PlacedBlock:
    """A block in the theme: `template` as `placements` knows it, or `embed` for an app embed."""

    widget: str
    template: str
    shown: bool


def blocks_in(files: Mapping[str, str]) -> tuple[PlacedBlock, ...]:
    """Every one of our blocks in these files (name -> content). A file that is no JSON has none."""
    found = dict.fromkeys(
        block for name, content in files.items() for block in _blocks(name, _parsed(content))
    )
    return tuple(sorted(found, key=lambda block: (block.widget, block.template, not block.shown)))


def _parsed(content: str) -> Any:
    try:
        return json.loads(_COMMENT.sub("", content))
    except ValueError:
        return {}


def _blocks(name: str, content: Any) -> Iterator[PlacedBlock]:
    if name == EMBEDS:
        current = _mapping(_mapping(content).get("current"))
        yield from _of(_mapping(current.get("blocks")), "embed", shown=True)
        return
    place = name.removesuffix(".json").partition("/")[2]
    if name.startswith("sections/"):
        place = "sections"
    parsed = _mapping(content)
    order = parsed.get("order")
    for key, section in _mapping(parsed.get("sections")).items():
        listed = not isinstance(order, list) or key in order
        shown = listed and not _mapping(section).get("disabled")
        yield from _of(_mapping(_mapping(section).get("blocks")), place, shown=shown)


def _of(blocks: Mapping[str, Any], place: str, *, shown: bool) -> Iterator[PlacedBlock]:
    for block in blocks.values():
        ours = _TYPE.fullmatch(str(_mapping(block).get("type") or ""))
        if ours:
            yield PlacedBlock(ours[1], place, shown and not _mapping(block).get("disabled"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
