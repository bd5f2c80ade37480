"""What the schemas of all blocks have in common, so that a widget writes only what is its own.

The snippet `ln-block` reads these settings, so every block has them that it frames.
"""

import json
from typing import Any

from webapp.core.liquid_texts import schema_of


def _choice(name: str, *values: str) -> dict[str, Any]:
    options = [{"value": "as_set", "label": "t:block.schema.as_set"}]
    options += [{"value": value, "label": f"t:block.schema.{value}"} for value in values]
    label = f"t:block.schema.{name}"
    return {"type": "select", "id": name, "label": label, "options": options, "default": "as_set"}


def _colour(name: str) -> dict[str, Any]:
    return {"type": "color", "id": name, "label": f"t:block.schema.{name}"}


FRAME = "{% render 'ln-block'"
SHARED: dict[str, Any] = {"javascript": "loyalnest.js", "stylesheet": "loyalnest.css"}
SETTINGS: tuple[dict[str, Any], ...] = (
    {
        "type": "text",
        "id": "heading",
        "label": "t:block.schema.heading",
        "info": "t:block.schema.heading_info",
    },
    _colour("accent"),
    _colour("background"),
    _colour("text"),
    _choice("corner", "square", "soft", "round"),
    _choice("guests", "show", "hide"),
)


def with_shared_schema(source: str) -> str:
    """A block that `ln-block` frames, with its own settings after those of all. Anything else, and
    a schema that is no JSON (the validation says so), is given back as it is."""
    written = schema_of(source)
    if FRAME not in source:
        return source
    try:
        own = json.loads(written or "")
    except ValueError:
        return source
    whole = {**own, **SHARED, "settings": [*SETTINGS, *own.get("settings", ())]}
    return source.replace(written or "", f"\n{json.dumps(whole, indent=2)}\n")
