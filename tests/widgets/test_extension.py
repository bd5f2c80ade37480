"""The theme app extension as Shopify would take it, or refuse it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from gzip import compress
from pathlib import Path

import jsonschema
import pytest
import referencing

from tests.widgets.storefront import EXTENSION, ROOT
from webapp.bootstrap.node import find_node
from webapp.core import i18n
from webapp.core.colours import TEXT_CONTRAST, WHITE, contrast
from webapp.core.extension import copy_htmx
from webapp.core.extension_validation import validate
from webapp.core.liquid_texts import schema_of

BLOCK = "blocks/points_display.liquid"
THEME_CHECK = """
import { themeCheckRun } from '@shopify/theme-check-node';
const { offenses } = await themeCheckRun(process.argv[1]);
console.log(JSON.stringify(offenses.map((o) => [o.check, o.severity, o.message])));
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the extension that a test may break."""
    leave_out = shutil.ignore_patterns("*.min.js")
    return shutil.copytree(EXTENSION, tmp_path / "extensions" / "loyalnest", ignore=leave_out)


def theme_check(root: Path) -> list[list[object]]:
    """What Shopify's own linter says: [check, severity, message] of every offence."""
    modules = ROOT / "node_modules"
    node = find_node()
    if node is None or not (modules / "@shopify" / "theme-check-node").is_dir():
        assert os.environ.get("CI") != "true", "theme-check is not installed"
        pytest.skip("theme-check is not installed: `python3 -m webapp test` installs it")
    command = [node, "--input-type=module", "--eval", THEME_CHECK, str(root)]
    environment = {**os.environ, "SHOPIFY_TLD_ROOT": "/nonexistent"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60
    )
    return [list(offence) for offence in json.loads(done.stdout)]


def test_theme_check_has_nothing_to_say() -> None:
    copy_htmx(ROOT)
    assert theme_check(ROOT) == []


def test_theme_check_really_looks(copy: Path) -> None:
    shutil.copy(ROOT / ".theme-check.yml", copy.parents[1])
    (copy / BLOCK).write_text("{% include 'x' %}{{ 'no.such.key' | t }}{{ nobody }}", "utf-8")
    found = {offence[0] for offence in theme_check(copy.parents[1])}
    assert {"AppBlockValidTags", "AppBlockMissingSchema", "TranslationKeyExists"} <= found


def test_our_own_validation_has_nothing_to_say() -> None:
    assert validate(EXTENSION) == []


def test_the_settings_fit_shopifys_own_schema() -> None:
    data = ROOT / "node_modules" / "@shopify" / "theme-check-docs-updater" / "data"
    if not data.is_dir():
        assert os.environ.get("CI") != "true", "Shopify's schemas are not installed"
        pytest.skip("Shopify's schemas come with theme-check: `python3 -m webapp test` installs it")
    resource = referencing.Resource.from_contents(json.loads((data / "setting.json").read_text()))
    registry = referencing.Registry().with_resources([("setting.json", resource)])
    checker = jsonschema.Draft7Validator({"$ref": "setting.json"}, registry=registry)
    settings = json.loads(schema_of((EXTENSION / BLOCK).read_text("utf-8")) or "")["settings"]
    assert [error.message for s in settings for error in checker.iter_errors(s)] == []
    assert list(checker.iter_errors({"type": "colour", "id": "x", "label": "X"}))


def schema(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    """A fault in the block's schema."""

    def spoil(folder: Path) -> None:
        source = (folder / BLOCK).read_text("utf-8")
        text = schema_of(source) or ""
        tree = json.loads(text)
        change(tree)
        (folder / BLOCK).write_text(source.replace(text, json.dumps(tree)), "utf-8")

    return spoil


def setting(**values: object) -> Callable[[Path], None]:
    """One more setting in the block's schema."""
    return schema(lambda tree: tree["settings"].append({"label": "L", **values}))  # type: ignore[attr-defined]


def text(name: str, content: str) -> Callable[[Path], None]:
    """A file with that content."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(content, "utf-8")

    return write


def plural(name: str, forms: dict[str, str]) -> Callable[[Path], None]:
    """Other plural forms in a locale file."""

    def spoil(folder: Path) -> None:
        path = folder / "locales" / name
        tree = json.loads(path.read_text("utf-8"))
        tree["points_display"]["points"] = forms
        path.write_text(json.dumps(tree), "utf-8")

    return spoil


FAULTS = {
    "schema that is no JSON": (text(BLOCK, "{% schema %}{,}{% endschema %}"), "no JSON"),
    "no schema": (text(BLOCK, "hello"), "exactly one schema"),
    "unknown target": (schema(lambda t: t.update(target="nowhere")), "the target is none of"),
    "unknown attribute": (schema(lambda t: t.update(presets=[])), "presets is no attribute"),
    "long name": (schema(lambda t: t.update(name="x" * 25)), "1 to 24 characters"),
    "app's name": (schema(lambda t: t.update(name="LoyalNest points")), "the app's name"),
    "unknown text": (schema(lambda t: t.update(name="t:no.key")), "t:no.key is not in"),
    "missing asset": (schema(lambda t: t.update(stylesheet="no.css")), "no file in assets"),
    "two conditions": (schema(lambda t: t.update(enabled_on={}, disabled_on={})), "exclude"),
    "unknown type": (setting(type="colour", id="x"), "no such type"),
    "id twice": (setting(type="text", id="heading"), "the id is taken"),
    "no id": (setting(type="text"), "the id is no name"),
    "unused setting": (setting(type="text", id="idle"), "the setting idle is never used"),
    "empty default": (setting(type="text", id="x", default=""), "left out or be a text"),
    "bad range": (setting(type="range", id="x", min=0, max=9, step=2, default=3), "the steps"),
    "long range": (setting(type="range", id="x", min=0, max=999, default=3), "100 steps"),
    "bad option": (setting(type="select", id="x", options=[{"value": "a"}]), "a label"),
    "bad colour": (setting(type="color", id="x", default="green-ish"), "no colour"),
    "unlabelled": (setting(type="checkbox", id="x", label=""), "there is no label"),
    "typing error": (text("blocks/b.liquid", "{{ block.settings.hading }}"), "exactly one schema"),
    "too much Liquid": (text("snippets/long.liquid", "x" * 100_001), "bytes of Liquid"),
    "long locale file": (text("locales/de.json", '{"a": "%s"}' % ("ä" * 8000)), "bytes in locales"),
    "broken locale file": (text("locales/de.json", '{"a": 1,}'), "locales/de.json"),
    "missing text": (text("locales/de.json", "{}"), "points_display.heading is not in both"),
    "font": (text("assets/x.woff2", ""), "takes no .woff2"),
    "deep folder": (text("blocks/deep/x.liquid", ""), "there is no place"),
    "large script": (text("assets/loyalnest.js", "x" * 10_001), "Shopify takes 10000"),
    "plural form missing": (plural("ru.json", {"other": "{{ num }}"}), "needs exactly few, many"),
    "plural form too many": (
        plural("ja.json", {"one": "{{ num }}", "other": "{{ num }}"}),
        "needs exactly other",
    ),
    "placeholder lost": (plural("ja.json", {"other": "x"}), "other placeholders"),
    "no extension": (text("shopify.extension.toml", 'type = "ui"'), "the type is not theme"),
}


@pytest.mark.parametrize(("spoil", "said"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_found(copy: Path, spoil: Callable[[Path], None], said: str) -> None:
    assert validate(copy) == []
    if said.startswith("there is no place"):
        (copy / "blocks" / "deep").mkdir()
    spoil(copy)
    assert [problem for problem in validate(copy) if said in problem]


def test_a_setting_that_does_not_exist_is_found(copy: Path) -> None:
    source = (copy / BLOCK).read_text("utf-8")
    (copy / BLOCK).write_text(source + "{{ block.settings.hading }}", "utf-8")
    assert validate(copy) == ["blocks/points_display.liquid: block.settings.hading is no setting"]


def test_thirty_blocks_are_the_most(copy: Path) -> None:
    for n in range(31 - len(list((copy / "blocks").iterdir()))):
        shutil.copy(copy / BLOCK, copy / "blocks" / f"b{n}.liquid")
    assert "31 blocks, Shopify takes 30" in validate(copy)


def test_what_a_page_pays_before_interest_is_small() -> None:
    script = (EXTENSION / "assets" / "loyalnest.js").read_bytes()
    style = (EXTENSION / "assets" / "loyalnest.css").read_bytes()
    assert len(compress(script, 9)) <= 700
    assert len(compress(style, 9)) <= 3000


def test_what_interest_costs_is_small() -> None:
    copy_htmx(ROOT)
    scripts = [path.read_bytes() for path in (EXTENSION / "assets").glob("*.js")]
    assert len(scripts) == 3
    assert sum(len(compress(script, 9)) for script in scripts) <= 15_000


def test_htmx_is_never_half_there(tmp_path: Path) -> None:
    """Whoever serves the assets meanwhile reads the old file or the new one, whole."""
    source, assets = (
        tmp_path / "node_modules/htmx.org/dist",
        tmp_path / "extensions/loyalnest/assets",
    )
    source.mkdir(parents=True)
    (source / "htmx.min.js").write_text("old")
    assert copy_htmx(tmp_path)
    with (assets / "htmx.min.js").open() as served:
        (source / "htmx.min.js").write_text("new")
        assert copy_htmx(tmp_path)
        assert served.read() == "old"
    made = (assets / "htmx.min.js").stat()
    assert copy_htmx(tmp_path)
    assert (assets / "htmx.min.js").stat() == made
    assert [path.read_text() for path in assets.iterdir()] == ["new"]


def test_the_style_sheet_knows_no_left_and_right() -> None:
    style = (EXTENSION / "assets" / "loyalnest.css").read_text("utf-8")
    physical = r"^\s*(?:\w+-)?(?:left|right|top|bottom)\b[\w-]*:|^\s*(?:\w+-)?(?:width|height):"
    found = re.findall(physical, style.replace("line-height", ""), re.MULTILINE)
    assert found == []
    assert not re.search(r"text-align:\s*(?:left|right)|float:|inset:", style)


def test_every_colour_of_ours_stands_out_on_white() -> None:
    files = [*(EXTENSION / "assets").glob("*.css"), EXTENSION / "snippets" / "ln-block.liquid"]
    found = {c for path in files for c in re.findall(r"#[0-9a-f]{6}\b", path.read_text("utf-8"))}
    colours = found - {WHITE}
    assert colours
    assert all(contrast(colour, WHITE) >= TEXT_CONTRAST for colour in colours)


def test_every_language_has_its_files() -> None:
    names = {n for tag in i18n.LOCALES for n in i18n.shopify_tags(tag)} - {"en"} | {"en.default"}
    expected = {f"{name}{kind}.json" for name in names for kind in ("", ".schema")}
    assert {path.name for path in (EXTENSION / "locales").iterdir()} == expected
