"""What Shopify refuses in a theme app extension and `theme-check` does not look at.

Limits as of 2026-10 (shopify.dev, theme app extensions, configuration): counts and sizes of files,
the JSON inside `{% schema %}`, settings, and plural categories. Returns sentences, raises nothing
for a broken file.
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel import Locale

from webapp.core.block_settings import setting_problems
from webapp.core.catalogs import CATEGORIES
from webapp.core.liquid_texts import schema_of

ALLOWED = {
    "assets": {".jpg", ".jpeg", ".json", ".js", ".css", ".png", ".svg", ".wasm"},
    "blocks": {".liquid"},
    "snippets": {".liquid"},
    "locales": {".json"},
}
MOST_BLOCKS, MOST_LOCALES = 30, 100
ALL_BYTES, LIQUID_BYTES, LOCALE_BYTES = 10_000_000, 100_000, 15_000
ASSET_BYTES = {"javascript": (".js", 10_000), "stylesheet": (".css", 100_000)}
NAME_LENGTH = 25
APP_NAME = "loyalnest"
TARGETS = {"section", "body", "head", "compliance_head"}
_ATTRIBUTES = {
    *("name", "target", "javascript", "stylesheet", "enabled_on", "disabled_on"),
    *("class", "tag", "settings", "default", "available_if"),
}
_SETTING_USE = re.compile(r"block\.settings\.(\w+)")
_HANDED_ON = re.compile(r"render\s+'([\w-]+)'[^%]*\bblock:\s*block\b")
_PLACE = re.compile(r"\{\{\s*(\w+)\s*\}\}")

Tree = Mapping[str, object]


def validate(folder: Path) -> list[str]:
    """Everything Shopify would refuse in the extension at `folder`; empty when all is well."""
    problems = [*_layout(folder), *_sizes(folder)]
    locales, broken = _locales(folder)
    problems += broken
    problems += _locale_problems(locales)
    for block in sorted(folder.glob("blocks/*.liquid")):
        source = block.read_text("utf-8")
        problems += (f"blocks/{block.name}: {p}" for p in _block_problems(folder, source, locales))
    return problems


def _layout(folder: Path) -> Iterator[str]:
    try:
        settings = tomllib.loads((folder / "shopify.extension.toml").read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        yield f"shopify.extension.toml: {error}"
        settings = {"type": "theme"}
    if settings.get("type") != "theme":
        yield "shopify.extension.toml: the type is not theme"
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.is_dir() or place == Path("shopify.extension.toml"):
            continue
        kind = place.parts[0]
        if len(place.parts) != 2 or kind not in ALLOWED:
            yield f"{place}: there is no place for it in a theme app extension"
        elif path.suffix not in ALLOWED[kind]:
            yield f"{place}: Shopify takes no {path.suffix or 'such'} files in {kind}"


def _bytes(paths: list[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def _sizes(folder: Path) -> Iterator[str]:
    every = [path for path in folder.rglob("*") if path.is_file()]
    liquid = [path for path in every if path.suffix == ".liquid"]
    locales = sorted(folder.glob("locales/*.json"))
    counted = (
        (_bytes(every), ALL_BYTES, "bytes altogether"),
        (_bytes(liquid), LIQUID_BYTES, "bytes of Liquid"),
        (len([*folder.glob("blocks/*.liquid")]), MOST_BLOCKS, "blocks"),
        (len(locales), MOST_LOCALES, "locale files"),
        *((_bytes([path]), LOCALE_BYTES, f"bytes in locales/{path.name}") for path in locales),
    )
    yield from (f"{n} {what}, Shopify takes {most}" for n, most, what in counted if n > most)


def _locales(folder: Path) -> tuple[dict[str, Tree], list[str]]:
    """Stem of the file (`de`, `de.schema`) -> its texts; and the files that are no JSON object."""
    found: dict[str, Tree] = {}
    broken = []
    for path in sorted(folder.glob("locales/*.json")):
        try:
            tree = json.loads(path.read_text("utf-8"))
        except ValueError as error:
            broken.append(f"locales/{path.name}: {error}")
            continue
        if isinstance(tree, dict):
            found[path.name.removesuffix(".json")] = tree
        else:
            broken.append(f"locales/{path.name}: no JSON object")
    return found, broken


def flat(tree: Tree, above: str = "") -> dict[str, str | Tree]:
    """Dotted key -> text, or the mapping of its plural categories."""
    texts: dict[str, str | Tree] = {}
    for name, value in tree.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping) and not (value and value.keys() <= set(CATEGORIES)):
            texts |= flat(value, f"{key}.")
        else:
            texts[key] = value if isinstance(value, Mapping) else str(value)
    return texts


def _places(text: str | Tree) -> set[str]:
    forms = [text] if isinstance(text, str) else [str(form) for form in text.values()]
    return {name for form in forms for name in _PLACE.findall(form)}


def _locale_problems(locales: Mapping[str, Tree]) -> Iterator[str]:
    for default in ("en.default", "en.default.schema"):
        kind = default.removeprefix("en.default")
        source = flat(locales.get(default, {}))
        for stem, tree in locales.items():
            if stem.endswith(".schema") != bool(kind):
                continue
            said = flat(tree)
            for key in sorted(source.keys() ^ said.keys()):
                yield f"locales/{stem}.json: {key} is not in both this file and {default}.json"
            for key in sorted(source.keys() & said.keys()):
                yield from _text_problems(stem, key, source[key], said[key])


def _text_problems(stem: str, key: str, source: str | Tree, said: str | Tree) -> Iterator[str]:
    if _places(source) != _places(said):
        yield f"locales/{stem}.json: {key} has other placeholders than the English"
    if isinstance(said, Mapping):
        rule = Locale.parse(stem.split(".")[0], sep="-").plural_form
        wanted = {*rule.tags, "other"}
        if said.keys() != wanted:
            yield f"locales/{stem}.json: {key} needs exactly {', '.join(sorted(wanted))}"


def _block_problems(folder: Path, source: str, locales: Mapping[str, Tree]) -> Iterator[str]:
    text = schema_of(source)
    try:
        schema = json.loads(text or "")
    except ValueError as error:
        yield f"the schema is no JSON: {error}" if text else "there must be exactly one schema"
        return
    if not isinstance(schema, dict):
        yield "the schema is no JSON object"
        return
    yield from _schema_problems(schema, folder)
    yield from _wording_problems(schema, locales)
    settings = schema.get("settings", [])
    ids, problems = setting_problems(settings if isinstance(settings, list) else [None])
    yield from problems
    used = set(_SETTING_USE.findall(source))
    yield from (f"block.settings.{name} is no setting" for name in sorted(used - ids))
    used |= _used_by_snippets(folder, source)
    yield from (f"the setting {name} is never used" for name in sorted(ids - used))


def _used_by_snippets(folder: Path, source: str) -> set[str]:
    """The settings read by the snippets to which a block hands itself. They may know more settings
    than a block has: what it has not is nothing."""
    named = [folder / "snippets" / f"{name}.liquid" for name in _HANDED_ON.findall(source)]
    return {
        name
        for path in named
        if path.is_file()
        for name in _SETTING_USE.findall(path.read_text("utf-8"))
    }


def _schema_problems(schema: Tree, folder: Path) -> Iterator[str]:
    yield from (
        f"{name} is no attribute of a schema" for name in sorted(schema.keys() - _ATTRIBUTES)
    )
    if schema.get("target") not in TARGETS:
        yield f"the target is none of {', '.join(sorted(TARGETS))}"
    if "enabled_on" in schema and "disabled_on" in schema:
        yield "enabled_on and disabled_on exclude each other"
    for attribute, (suffix, most) in ASSET_BYTES.items():
        name = schema.get(attribute)
        if name is None:
            continue
        asset = folder / "assets" / str(name)
        if asset.suffix != suffix or not asset.is_file():
            yield f"{attribute} {name} is no file in assets"
        elif asset.stat().st_size > most:
            yield f"{attribute} {name} has {asset.stat().st_size} bytes, Shopify takes {most}"


def _wording_problems(schema: Tree, locales: Mapping[str, Tree]) -> Iterator[str]:
    """The name in every language, and texts that the schema refers to but no file has."""
    merchants = {stem: flat(tree) for stem, tree in locales.items() if stem.endswith(".schema")}
    for key in sorted(set(re.findall(r'"t:([\w.-]+)"', json.dumps(schema)))):
        missing = [stem for stem, texts in merchants.items() if key not in texts]
        yield from (f"t:{key} is not in locales/{stem}.json" for stem in sorted(missing))
        if not merchants:
            yield f"t:{key} is in no locales/*.schema.json"
    written = str(schema.get("name") or "")
    names = {written}
    if written.startswith("t:"):
        names = {str(texts[written[2:]]) for texts in merchants.values() if written[2:] in texts}
    for name in sorted(names):
        if not 0 < len(name) < NAME_LENGTH:
            yield f"the name {name!r} must have 1 to {NAME_LENGTH - 1} characters"
        if APP_NAME in name.lower():
            yield f"the name {name!r} must not repeat the app's name"
