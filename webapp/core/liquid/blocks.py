"""A folder of Liquid files with the engine that parses them, and the settings of its blocks."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from liquid import Environment
from liquid.tag import Tag

from webapp.core.liquid import filters
from webapp.core.liquid.conditions import ShopifyIfTag, ShopifyUnlessTag
from webapp.core.liquid.filters import Side
from webapp.core.liquid.sources import SourceFolder, ThemeLoader

_WITHOUT_DEFAULT: Mapping[str, object] = {"checkbox": False, "text": "", "textarea": ""}


class Files:
    """One side's files with the engine that parses them."""

    def __init__(self, root: Path, side: Side, tags: Iterable[type[Tag]] = ()) -> None:
        self.folder = SourceFolder(root)
        self.side = side
        self.environment = Environment(loader=ThemeLoader(self.folder))
        known: tuple[type[Tag], ...] = (ShopifyIfTag, ShopifyUnlessTag, *tags)
        for tag in known:
            self.environment.add_tag(tag)
        filters.register(self.environment, side)

    def schema(self, name: str) -> Mapping[str, object]:
        """The schema of that file, empty when it has none."""
        source = self.folder.read(name)
        return source.schema if source else {}


def block_settings(schema: Mapping[str, object], config: Mapping[str, object]) -> dict[str, object]:
    """The defaults of the schema, overridden by what the template says.

    Without a default a checkbox is false, a text empty, anything else nil.
    """
    declared = schema.get("settings")
    defaults = {
        item["id"]: item.get("default", _WITHOUT_DEFAULT.get(item["type"]))
        for item in (declared if isinstance(declared, list) else ())
        if "id" in item
    }
    said = config.get("settings")
    return {**defaults, **(said if isinstance(said, Mapping) else {})}
