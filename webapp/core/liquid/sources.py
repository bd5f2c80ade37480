"""Liquid files as Shopify reads them: `{% schema %}` taken out, snippets found by name."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from liquid import BoundTemplate, Environment, RenderContext
from liquid.exceptions import TemplateNotFoundError
from liquid.loader import BaseLoader, TemplateSource

_SCHEMA = re.compile(r"\{%-?\s*schema\s*-?%\}(.*?)\{%-?\s*endschema\s*-?%\}", re.DOTALL)
_STYLE = re.compile(r"\{%(-?)\s*(end)?style\s*(-?)%\}")


@dataclass(frozen=True, slots=True)
class Source:
    """One file: its Liquid without the schema, and the schema (empty when there is none)."""

    text: str
    schema: Mapping[str, object]
    changed: int


class SourceFolder:
    """The files of a theme or extension, each read again after it has changed on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[str, Source] = {}
        self._lock = Lock()

    def read(self, name: str) -> Source | None:
        """The file `name` (a path below the folder); None when there is no such file."""
        path = self.root / name
        try:
            changed = path.stat().st_mtime_ns
        except OSError:
            return None
        with self._lock:
            found = self._known.get(name)
            if found is None or found.changed != changed:
                found = self._known[name] = _cut(path.read_text(encoding="utf-8"), changed)
        return found


class ThemeLoader(BaseLoader):
    """Gives the engine parsed files; `{% render 'x' %}` means snippets/x.liquid.

    Parsed files are kept until they change; keeping them is safe for any number of threads.
    """

    def __init__(self, folder: SourceFolder) -> None:
        self._folder = folder
        self._parsed: dict[str, BoundTemplate] = {}

    def load(
        self,
        env: Environment,
        name: str,
        *,
        globals: Mapping[str, object] | None = None,
        context: RenderContext | None = None,
        **kwargs: object,
    ) -> BoundTemplate:
        path = f"snippets/{name}.liquid" if kwargs.get("tag") else f"{name}.liquid"
        found = self._parsed.get(path)
        if found is None or not found.is_up_to_date():
            found = super().load(env, path)
            self._parsed[path] = found
        return found

    def get_source(
        self,
        env: Environment,
        template_name: str,
        *,
        context: RenderContext | None = None,
        **kwargs: object,
    ) -> TemplateSource:
        source = self._folder.read(template_name)
        if source is None:
            raise TemplateNotFoundError(template_name)
        fresh = partial(self._fresh, template_name, source.changed)
        return TemplateSource(source.text, template_name, fresh, None)

    def _fresh(self, name: str, changed: int) -> bool:
        source = self._folder.read(name)
        return source is not None and source.changed == changed


def _cut(text: str, changed: int) -> Source:
    schema: Mapping[str, object] = {}
    for match in _SCHEMA.finditer(text):
        schema = json.loads(match[1])
    plain = _STYLE.sub(_style_element, _SCHEMA.sub("", text))
    return Source(plain, schema, changed)


def _style_element(match: re.Match[str]) -> str:
    return "</style>" if match[2] else "<style data-shopify>"
