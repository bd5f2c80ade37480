"""The theme's JSON files as a shop has them: its own where it saved one, else those of the theme.

Shopify keeps `templates/*.json` and `config/settings_data.json` for each shop, and its theme editor
writes them. The storefront, the editor and the stand-in of the Admin API read the same files.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

THEME = Path(__file__).parent / "theme"
EMBEDS = "config/settings_data.json"
APP = "shopify://apps/loyalnest/blocks"


class ThemeFiles:
    """The files of one shop. Any process may have its own; a write replaces a file whole."""

    def __init__(self, data_dir: Path, shop_domain: str, theme: Path = THEME) -> None:
        self._theme = theme
        self._own = data_dir / "themes" / shop_domain

    def names(self) -> list[str]:
        """The names of all JSON files, in alphabetical order."""
        found = {
            path.relative_to(folder).as_posix()
            for folder in (self._theme, self._own)
            for path in folder.glob("*/**/*.json")
        }
        return sorted(found)

    def read(self, name: str) -> str | None:
        """The content of a file; None when there is none."""
        for folder in (self._own, self._theme):
            path = folder / name
            if path.is_file():
                return path.read_text(encoding="utf-8")
        return None

    def parsed(self, name: str) -> dict[str, Any]:
        """The content as an object; empty when there is none."""
        return dict(json.loads(self.read(name) or "{}"))

    def write(self, name: str, content: Mapping[str, Any]) -> None:
        """Save a file as the shop's own."""
        path = self._own / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")
        draft.replace(path)

    def embeds(self) -> list[Mapping[str, Any]]:
        """The app embeds that are switched on."""
        current = self.parsed(EMBEDS).get("current")
        blocks = current.get("blocks", {}) if isinstance(current, Mapping) else {}
        return [{**block, "id": key} for key, block in blocks.items() if not block.get("disabled")]
