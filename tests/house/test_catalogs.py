"""The catalogs are complete and fresh, and the tool that builds them finds every fault."""

from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import pytest

from webapp.core import catalogs, extension, i18n
from webapp.core.catalogs import Texts

NUMBERS = (0, 1, 2, 3, 5, 11, 21, 22, 25, 100, 1_000_000)
SOURCE = """
from webapp.core.i18n import N_
STRINGS = (
    N_("shop.hello", "Hello <b>%(name)s</b>"),
    N_("shop.items", "%(num)s item", "%(num)s items"),
    N_(
        "shop.title",
        "A title that is long enough for a line of its own, with a comma after it",
    ),
)
def say(tag, n):
    return text(tag, "shop.bye", "Bye")
"""
BLOCK = """{{ 'shop.title' | t }}{{ 'shop.items' | t: count: 1, num: 1 }}
{% schema %}{"name": "t:shop.bye", "target": "section", "settings": []}{% endschema %}
"""


@cache
def texts() -> Texts:
    loaded, faults = catalogs.load(extension.ROOT)
    assert faults == []
    return loaded


def test_the_build_is_fresh_and_complete() -> None:
    assert extension.check() == []


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_every_text_is_translated_and_shaped_like_its_english(tag: str) -> None:
    loaded = texts()
    assert list(catalogs.problems(tag, loaded.entries, loaded.said[tag])) == []


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_the_plural_table_is_that_of_cldr(tag: str) -> None:
    catalog = i18n.catalog(tag)
    assert isinstance(catalog, GNUTranslations)
    rule, names = i18n.babel_locale(tag).plural_form, catalogs.categories(tag)
    for n in (*NUMBERS, *range(200)):
        assert names[catalog.plural(n)] == rule(n), n  # type: ignore[attr-defined]


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_forms_that_whole_numbers_never_take_are_filled_as_well(tag: str) -> None:
    loaded = texts()
    for key, entry in loaded.entries.items():
        if entry.many is not None:
            forms = loaded.said[tag][key].strings
            assert len(forms) == len(catalogs.categories(tag))
            assert all(forms), key


def test_no_catalog_holds_an_empty_or_fuzzy_text() -> None:
    for path in sorted(i18n.TRANSLATIONS.rglob("*.po")):
        said = catalogs.read(path)
        assert said
        assert not [key for key, s in said.items() if s.fuzzy or not all(s.strings)], path


def test_the_english_catalog_says_what_the_sources_say() -> None:
    loaded = texts()
    for key, entry in loaded.entries.items():
        assert loaded.said["en"][key].strings[0] == entry.one


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    """A small project with one widget, built and translated by nobody yet."""
    widget = tmp_path / "webapp" / "features" / "shop" / "widgets" / "shelf"
    widget.mkdir(parents=True)
    (widget / "__init__.py").write_text(SOURCE, "utf-8")
    (widget / "block.liquid").write_text(BLOCK, "utf-8")
    folder = tmp_path / extension.EXTENSION
    folder.mkdir(parents=True)
    (folder / "shopify.extension.toml").write_text('type = "theme"', "utf-8")
    assert extension.main([], tmp_path) == 0
    yield tmp_path


def edit(project: Path, tag: str, old: str, new: str) -> None:
    """Change a catalog as a translator would."""
    po = i18n.catalog_path(tag, project / "translations")
    source = po.read_text("utf-8")
    assert old in source
    po.write_text(source.replace(old, new, 1), "utf-8")


def source(project: Path, old: str, new: str, name: str = "__init__.py") -> None:
    """Change the widget as a programmer would."""
    path = project / "webapp" / "features" / "shop" / "widgets" / "shelf" / name
    before = path.read_text("utf-8")
    assert old in before
    path.write_text(before.replace(old, new), "utf-8")


def title(said: str) -> tuple[str, str]:
    """The empty title of a catalog, and the same with a translation."""
    english = 'msgid "A title that is long enough for a line of its own, with a comma after it"\n'
    return f'{english}msgstr ""', f'{english}msgstr "{said}"'


def test_a_second_build_changes_nothing(project: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in project.rglob("*") if p.is_file()}
    assert extension.main([], project) == 0
    assert {p: p.stat().st_mtime_ns for p in project.rglob("*") if p.is_file()} == before


def test_a_translation_is_kept_until_its_english_changes(project: Path) -> None:
    edit(project, "de", *title("Ein Titel"))
    extension.main([], project)
    assert "Ein Titel" in (project / extension.EXTENSION / "locales/de.json").read_text("utf-8")
    source(project, "A title that", "The title which")
    extension.main([], project)
    catalog = i18n.catalog_path("de", project / "translations").read_text("utf-8")
    assert "Ein Titel" not in catalog
    assert 'msgid "The title which' in catalog


def test_a_text_that_is_gone_leaves_the_catalogs(project: Path) -> None:
    source(project, 'return text(tag, "shop.bye", "Bye")', "return None")
    source(project, "t:shop.bye", "Shelf", "block.liquid")
    assert extension.main([], project) == 0
    assert "shop.bye" not in (project / "translations" / "messages.pot").read_text("utf-8")


def test_the_check_names_what_is_stale_and_writes_nothing(project: Path) -> None:
    source(project, '"Bye"', '"Goodbye"')
    before = (project / "translations" / "messages.pot").read_text("utf-8")
    found = extension.check(project)
    assert "translations/messages.pot: stale, run `python3 -m webapp build`" in found
    assert (project / "translations" / "messages.pot").read_text("utf-8") == before


def test_a_file_of_a_widget_that_is_gone_is_removed(project: Path) -> None:
    old = project / extension.EXTENSION / "blocks" / "gone.liquid"
    old.write_text("", "utf-8")
    assert any("gone.liquid: left over" in problem for problem in extension.check(project))
    extension.main([], project)
    assert not old.exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (*title(""), "de: shop.title is not translated"),
        (*title(" Titel"), "de: shop.title has a first blank unlike the English"),
        (*title("100 % Titel"), "de: shop.title has a stray per cent sign"),
        (*title("<i>Titel</i>"), "de: shop.title has HTML tags unlike the English"),
        (*title("%(num)s"), "de: shop.title has placeholders unlike the English"),
        ('msgstr[1] ""', 'msgstr[1] "Dinge"', "de: shop.items (other) has placeholders unlike"),
        ('msgctxt "shop.title"', '#, fuzzy\nmsgctxt "shop.title"', "de: shop.title is fuzzy"),
    ],
)
def test_the_check_finds_faults_of_a_translation(
    project: Path, old: str, new: str, said: str
) -> None:
    edit(project, "de", old, new)
    assert [problem for problem in extension.check(project) if problem.startswith(said)]


def test_a_form_for_a_single_number_may_leave_the_number_out(project: Path) -> None:
    edit(project, "ar", 'msgstr[1] ""', 'msgstr[1] "واحد"')
    edit(project, "ru", 'msgstr[0] ""', 'msgstr[0] "одна"')
    found = extension.check(project)
    assert not [problem for problem in found if problem.startswith("ar: shop.items (one)")]
    assert [p for p in found if p.startswith("ru: shop.items (one) has placeholders unlike")]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("block.liquid", "shop.title", "shop.titel", "shop.titel is declared nowhere"),
        ("block.liquid", ", num: 1", "", "shop.items is shown without num"),
        ("block.liquid", "count: 1, ", "", "shop.items is shown without count"),
        ("block.liquid", "'shop.title'", "name", "the filter t needs a literal key"),
        ("block.liquid", "t:shop.bye", "t:shop.bey", "shop.bey of a schema is declared nowhere"),
        ("__init__.py", '"shop.bye"', '"shop.title"', "is declared elsewhere with another text"),
        ("__init__.py", '"shop.bye"', '"Bye"', "'Bye' is no dotted key in lower case"),
        ("__init__.py", '"Bye"', '"Bye 5 %"', "a per cent sign that is neither"),
        ("__init__.py", '"Bye"', "english", "the English of 'shop.bye' is no plain string"),
        ("__init__.py", "def say", "def", "shelf/__init__.py"),
    ],
)
def test_a_faulty_source_is_named_and_nothing_is_written(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, old: str, new: str, said: str
) -> None:
    before = (project / "translations" / "messages.pot").read_text("utf-8")
    source(project, old, new, name)
    assert extension.main([], project) == 1
    assert said in capsys.readouterr().err
    assert (project / "translations" / "messages.pot").read_text("utf-8") == before


def test_templates_give_their_texts_as_well(project: Path) -> None:
    template = project / "webapp" / "page.html"
    template.write_text(
        "{{ pgettext('page.hi', 'Hi %(name)s', name=x|e) }}"
        "{{ npgettext('page.n', '%(num)s day', '%(num)s days', n, num=n|number) }}",
        "utf-8",
    )
    extension.main([], project)
    template_file = (project / "translations" / "messages.pot").read_text("utf-8")
    assert 'msgctxt "page.hi"\nmsgid "Hi %(name)s"' in template_file
    assert 'msgid "%(num)s day"\nmsgid_plural "%(num)s days"' in template_file


def test_a_broken_template_is_named(project: Path) -> None:
    (project / "webapp" / "page.html").write_text("{{ pgettext('a.b', 'x') ", "utf-8")
    assert any(p.startswith("webapp/page.html: ") for p in extension.check(project))


def test_a_broken_catalog_is_named_and_never_overwritten(project: Path) -> None:
    po = i18n.catalog_path("de", project / "translations")
    po.write_bytes(b'msgid "\xff"')
    assert any(p.startswith("translations/de/") for p in extension.check(project))
    assert extension.main([], project) == 1
    assert po.read_bytes() == b'msgid "\xff"'
