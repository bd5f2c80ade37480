"""Translations and assets of the extension, as its Liquid finds them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from liquid import Undefined
from markupsafe import Markup, escape

from webapp.core import i18n

_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_DEFAULT = "en.default"


class AssetFolder:
    """Files the browser fetches; an address changes when its file does."""

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address

    def asset_url(self, name: str) -> str:
        """Where the browser finds the asset, present or not."""
        try:
            version = f"?v={self._folder.joinpath(name).stat().st_mtime_ns // 1_000_000:x}"
        except OSError:
            version = ""
        return f"{self._address}/{name}{version}"


class ExtensionSide(AssetFolder):
    """The extension: `locales/<tag>.json` by dotted key, plurals by CLDR category."""

    def __init__(self, root: Path, address: str) -> None:
        super().__init__(root / "assets", address)
        self._locales = root / "locales"
        self._known: dict[str, tuple[int, Mapping[str, object]]] = {}
        self._lock = Lock()

    def say(self, tag: str, key: str, values: Mapping[str, object]) -> Markup:
        """The sentence, with `{{ name }}` filled; values are always escaped, the sentence itself
        unless its key ends in `_html`."""
        for name in (tag, *i18n.shopify_tags(tag), _DEFAULT):
            found = self._lookup(name, key)
            if found is not None:
                language = "en" if name == _DEFAULT else tag
                return _filled(_chosen(language, found, values), key, values)
        return missing(tag, key)

    def schema_text(self, key: str) -> str:
        """What the theme editor says for a key, in English."""
        return str(self._lookup(f"{_DEFAULT}.schema", key) or key)

    def _lookup(self, name: str, key: str) -> object:
        found: object = self._file(name)
        for part in key.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def _file(self, name: str) -> Mapping[str, object]:
        path = self._locales / f"{name}.json"
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return {}
        with self._lock:
            known = self._known.get(name)
            if known is None or known[0] != changed:
                known = (changed, json.loads(path.read_text(encoding="utf-8")))
                self._known[name] = known
            return known[1]


def _chosen(tag: str, found: object, values: Mapping[str, object]) -> str:
    """The form that fits `count`, where the sentence has several."""
    if not isinstance(found, Mapping):
        return str(found)
    count = plain(values.get("count"))
    number = count if isinstance(count, int | float) else 0
    category = i18n.babel_locale(tag).plural_form(number)
    return str(found.get(category, found.get("other", "")))


def _filled(text: str, key: str, values: Mapping[str, object]) -> Markup:
    html = key.endswith(("_html", ".html"))

    def value(match: re.Match[str]) -> str:
        known = match[1] in values
        return str(escape(plain(values[match[1]]))) if known else match[0]

    return Markup(_PLACE.sub(value, text if html else str(escape(text))))  # noqa: S704 - escaped.


def missing(tag: str, key: str) -> Markup:
    """What Shopify shows in the place of a text that no file has."""
    return escape(f"Translation missing: {tag}.{key}")


def plain(value: object) -> object:
    """The value, and the empty text for nothing."""
    return "" if value is None or isinstance(value, Undefined) else value
