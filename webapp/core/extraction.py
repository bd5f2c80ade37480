"""The texts that the sources mark for translation.

Jinja files are read by Babel. Python files are read as syntax trees: Babel's own reader counts a
trailing comma as an argument, and would lose texts without a word.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract

KEY = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+")
PLACEHOLDER = re.compile(r"%\((\w+)\)s")

_MARKED = re.compile(r"\b(?:N_|text|plural|n?pgettext)\s*\(")
# Function -> where its key stands, the fewest arguments, and how many texts may follow the key.
_PYTHON = {"N_": (0, 2, 2), "text": (1, 3, 1), "plural": (1, 5, 2)}
# Babel's rules by number of arguments: without it, a call with fewer ones ends in an IndexError.
_Rule = tuple[int | tuple[int, int] | tuple[int, str], ...]
_JINJA: dict[str, dict[int | None, _Rule | None] | _Rule | None] = {
    "pgettext": dict.fromkeys(range(2, 20), ((1, "c"), 2)),
    "npgettext": dict.fromkeys(range(4, 20), ((1, "c"), 2, 3)),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of the sources; `many` is None unless it depends on a number."""

    key: str
    one: str
    many: str | None = None


def _literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _name(call: ast.Call) -> str:
    function = call.func
    return getattr(function, "attr", None) or getattr(function, "id", None) or ""


def _python(source: str) -> Iterator[Entry]:
    for call in ast.walk(ast.parse(source)):
        if not isinstance(call, ast.Call) or _name(call) not in _PYTHON:
            continue
        at, least, texts = _PYTHON[_name(call)]
        key = _literal(call.args[at]) if len(call.args) >= least else None
        if key is None:
            continue
        english = [_literal(a) for a in call.args[at + 1 : at + 1 + texts]]
        if None in english:
            raise ValueError(f"line {call.lineno}: the English of {key!r} is no plain string")
        yield Entry(key, *(e for e in english if e is not None))


def _jinja(path: Path) -> Iterator[Entry]:
    with path.open("rb") as source:
        found = extract(
            "jinja2.ext.babel_extract",
            source,
            _JINJA,
            options={"silent": "false", "encoding": "utf-8"},
        )
        for _, message, _, key in found:
            yield Entry(key or "", *((message,) if isinstance(message, str) else message))


def _marked(path: Path) -> Iterator[Entry]:
    source = path.read_text("utf-8")
    if _MARKED.search(source):
        yield from _python(source) if path.suffix == ".py" else _jinja(path)


def _faults(entry: Entry, known: Mapping[str, Entry]) -> Iterator[str]:
    if not KEY.fullmatch(entry.key):
        yield f"{entry.key!r} is no dotted key in lower case"
    if known.get(entry.key, entry) != entry:
        yield f"{entry.key!r} is declared elsewhere with another text"
    for text in (entry.one, entry.many or ""):
        if "%" in PLACEHOLDER.sub("", text).replace("%%", ""):
            yield f"{entry.key!r} has a per cent sign that is neither %(name)s nor %%"


def _sources(root: Path) -> Iterator[Path]:
    for top in ("webapp", "jobs"):
        for pattern in ("*.py", "*.html"):
            yield from sorted((root / top).rglob(pattern))


def extract_entries(root: Path) -> tuple[dict[str, Entry], list[str]]:
    """Key -> text of everything marked in Python and Jinja, and what is wrong with the marks."""
    entries: dict[str, Entry] = {}
    faults: list[str] = []
    for path in _sources(root):
        place = path.relative_to(root)
        try:
            for entry in _marked(path):
                faults += (f"{place}: {fault}" for fault in _faults(entry, entries))
                entries.setdefault(entry.key, entry)
        except Exception as error:
            # Whatever a source is broken by, it is named.
            faults.append(f"{place}: {error}")
    return dict(sorted(entries.items())), faults
