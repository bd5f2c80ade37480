"""Which texts the Liquid of the theme app extension shows, and its locale files made from them."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from webapp.core.catalogs import Texts, categories
from webapp.core.extraction import PLACEHOLDER
from webapp.core.i18n import LOCALES, N_, direction, number, shopify_tags

# What the shared snippets in extensions/loyalnest/snippets say, and the settings of all blocks.
STRINGS = (
    N_("panel.loading", "Loading…"),
    N_("panel.failed", "This cannot be loaded right now."),
    N_("panel.retry", "Try again"),
    N_("block.schema.heading", "Heading"),
    N_("block.schema.heading_info", "Leave empty for the text in the shopper's language."),
    N_("block.schema.accent", "Accent colour"),
    N_("block.schema.background", "Background colour"),
    N_("block.schema.text", "Text colour"),
    N_("block.schema.corner", "Corners"),
    N_("block.schema.square", "Square"),
    N_("block.schema.soft", "Rounded"),
    N_("block.schema.round", "Very round"),
    N_("block.schema.guests", "For visitors who are not signed in"),
    N_("block.schema.show", "Shown, with an invitation to join"),
    N_("block.schema.hide", "Not shown"),
    N_("block.schema.position", "Position"),
    N_("block.schema.bottom", "Along the whole lower edge"),
    N_("block.schema.bottom_start", "At the bottom, where lines begin"),
    N_("block.schema.bottom_end", "At the bottom, where lines end"),
    N_("block.schema.as_set", "As set in LoyalNest"),
)

_COMMENT = re.compile(r"\{%-?\s*(comment|doc)\s*-?%\}.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL)
_SCHEMA = re.compile(r"\{%-?\s*schema\s*-?%\}(.*?)\{%-?\s*endschema\s*-?%\}", re.DOTALL)
_SHOWN = re.compile(r"""(?:(["'])([\w.-]+)\1\s*)?\|\s*t(?:ranslate)?\b(?!\w)\s*(:[^|%}\n]*)?""")
_ARGUMENT = re.compile(r"(\w+)\s*:")
_SCHEMA_KEY = re.compile(r'"t:([\w.-]+)"')

Tree = dict[str, "str | Tree"]


@dataclass(frozen=True, slots=True)
class Use:
    """One `'key' | t: name: value` of a Liquid file; an empty key is one that is not literal."""

    key: str
    arguments: frozenset[str]


def shown(liquid: str) -> Iterator[Use]:
    """The texts that a Liquid file shows to shoppers."""
    for match in _SHOWN.finditer(_SCHEMA.sub("", _COMMENT.sub("", liquid))):
        arguments = frozenset(_ARGUMENT.findall((match[3] or "")[1:]))
        yield Use(match[2] or "", arguments)


def schema_of(liquid: str) -> str | None:
    """The JSON inside `{% schema %}`, None without exactly one."""
    found = _SCHEMA.findall(liquid)
    return found[0] if len(found) == 1 else None


def schema_keys(liquid: str) -> set[str]:
    """The texts that the theme editor shows to merchants."""
    return set(_SCHEMA_KEY.findall(schema_of(liquid) or ""))


def facts(tag: str, name: str) -> dict[str, str]:
    """Texts that are facts about the language. `name` is Shopify's name for it.

    The group separator stands between zeros, for alone it would be blank in many languages, and
    Shopify takes a blank translation for a missing one.
    """
    thousand, more = number(tag, 1000), number(tag, 10_000)
    grouped = thousand if thousand != "1000" else more
    return {
        "locale.code": name,
        "locale.dir": direction(tag),
        "number.group": "0" + re.sub(r"\d", "", grouped) + "0",
        "number.min_grouping": "1" if thousand != "1000" else "2",
    }


def faults(place: str, uses: Iterable[Use], texts: Texts) -> Iterator[str]:
    """Uses that cannot be shown: not literal, not declared, or without a value they need."""
    known = facts("en", "en")
    for use in uses:
        entry = texts.entries.get(use.key)
        if not use.key:
            yield f"{place}: the filter t needs a literal key"
        elif entry is not None:
            needed = set(PLACEHOLDER.findall(entry.one + (entry.many or "")))
            needed |= set() if entry.many is None else {"count"}
            for name in sorted(needed - use.arguments):
                yield f"{place}: {use.key} is shown without {name}"
        elif use.key not in known:
            yield f"{place}: {use.key} is declared nowhere (STRINGS or fragment.html)"


def _said(text: str) -> str:
    """`%(name)s` as Liquid writes it."""
    return PLACEHOLDER.sub(r"{{ \1 }}", text).replace("%%", "%")


def _value(tag: str, key: str, texts: Texts) -> "str | Tree":
    """What the language says for a key; English where it has nothing yet."""
    entry, said = texts.entries[key], texts.said[tag][key].strings
    if entry.many is None:
        return _said(said[0] or entry.one)
    english = {"one": entry.one}
    return {
        category: _said(form or english.get(category, entry.many))
        for category, form in zip(categories(tag), said, strict=True)
    }


def _planted(values: Mapping[str, "str | Tree"]) -> Tree:
    tree: Tree = {}
    for key, value in sorted(values.items()):
        *path, leaf = key.split(".")
        at = tree
        for name in path:
            branch = at.setdefault(name, {})
            if isinstance(branch, str):
                raise ValueError(f"{key} lies below another text")
            at = branch
        at[leaf] = value
    return tree


def locale_files(keys: set[str], merchant_keys: set[str], texts: Texts) -> dict[str, str]:
    """File name -> content of `locales/`: shoppers' texts, and merchants' as `*.schema.json`."""
    files: dict[str, str] = {}
    for tag in LOCALES:
        for name in shopify_tags(tag):
            stem = "en.default" if tag == "en" else name
            for suffix, wanted in (("", keys), (".schema", merchant_keys)):
                known = facts(tag, name)
                values = {k: known[k] if k in known else _value(tag, k, texts) for k in wanted}
                tree = _planted(values)
                files[f"{stem}{suffix}.json"] = (
                    json.dumps(tree, ensure_ascii=False, indent=2) + "\n"
                )
    return files
