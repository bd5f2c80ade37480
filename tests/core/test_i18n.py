"""Languages: negotiation, numbers, days and money, and texts without a web framework."""

import random
import shutil
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime
from multiprocessing import get_context
from pathlib import Path

import pytest
from babel import Locale

from webapp.core import i18n

SPECIFIED = "en es de ja fr pt ru it nl pl tr fa zh-CN vi id cs ar ko uk hu sv he"
ASKED = {
    "de": "de",
    "DE": "de",
    " fr ": "fr",
    "de-AT": "de",
    "de_CH": "de",
    "pt-BR": "pt",
    "pt-PT": "pt",
    "en-GB": "en",
    "es-419": "es",
    "zh": "zh-CN",
    "zh-CN": "zh-CN",
    "ZH_cn": "zh-CN",
    "zh-Hans": "zh-CN",
    "zh-Hans-HK": "zh-CN",
    "zh-SG": "zh-CN",
    "iw": "he",
    "iw-IL": "he",
    "in": "id",
    "in_ID": "id",
    "fa-IR": "fa",
}
HEADERS = {
    "de-AT,de;q=0.9,en;q=0.8": "de",
    "xx, fr;q=0.3, ja;q=0.7": "ja",
    "da, sv;q=0.5": "sv",
    "zh-TW,zh-Hant;q=0.9,ko;q=0.1": "ko",
    "fr;q=0, it": "it",
    "fr;q=nan, it;q=0.1": "it",
    "it;q=0.5, nl;q=0.5": "it",
    "*": "en",
    "": "en",
    ";;;,,,": "en",
}


def test_the_languages_are_those_of_the_specification_in_its_order() -> None:
    assert " ".join(i18n.LOCALES) == SPECIFIED


@pytest.mark.parametrize(("asked", "tag"), ASKED.items())
def test_a_language_is_found_in_any_spelling(asked: str, tag: str) -> None:
    assert i18n.negotiate(asked) == tag


@pytest.mark.parametrize("asked", ["zh-TW", "zh-Hant", "zh_HK", "zh-Hant-CN", "xx", "d", "", None])
def test_traditional_chinese_and_strangers_get_the_default(asked: str | None) -> None:
    assert i18n.negotiate(asked) == "en"
    assert i18n.negotiate(asked, default="de") == "de"


@pytest.mark.parametrize(("header", "tag"), HEADERS.items())
def test_a_browser_gets_what_it_wants_most(header: str, tag: str) -> None:
    assert i18n.negotiate(None, header) == tag


def test_what_is_asked_by_name_goes_before_the_header() -> None:
    assert i18n.negotiate("ja", "de") == "ja"
    assert i18n.negotiate("nonsense", "de") == "de"


def test_no_string_can_break_the_negotiation() -> None:
    chance = random.Random(20261)  # noqa: S311 - a repeatable choice, no secret.
    alphabet = "abcdehinqtwz-_;,=.*0159 \t\n\0%İıßא中\ud800\U0001f600"
    for _ in range(10_000):
        asked, header = ("".join(chance.choices(alphabet, k=chance.randrange(40))) for _ in "ab")
        assert i18n.negotiate(asked, header) in i18n.LOCALES
        assert isinstance(i18n.babel_locale(asked), Locale)
        assert i18n.direction(asked) in {"rtl", "ltr"}


def test_a_very_long_header_is_read_at_once() -> None:
    assert i18n.negotiate("x" * 1_000_000, "xx," * 1_000_000) == "en"


def test_exactly_arabic_persian_and_hebrew_run_from_right_to_left() -> None:
    assert {tag for tag in i18n.LOCALES if i18n.direction(tag) == "rtl"} == {"ar", "fa", "he"}


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_babel_knows_every_language_and_its_direction(tag: str) -> None:
    locale = i18n.babel_locale(tag)
    assert locale.character_order == f"{'right' if tag in i18n.RTL else 'left'}-to-" + (
        "left" if tag in i18n.RTL else "right"
    )


def test_chinese_is_simplified_and_lies_in_the_folder_flask_babel_finds() -> None:
    assert str(i18n.babel_locale("zh-CN")) == "zh_Hans_CN"
    assert i18n.catalog_name("zh-CN") == "zh"


def test_shopify_has_two_kinds_of_portuguese() -> None:
    names = [name for tag in i18n.LOCALES for name in i18n.shopify_tags(tag)]
    assert {"pt-BR", "pt-PT", "zh-CN"} <= set(names)
    assert len(names) == 23
    assert all(i18n.negotiate(name) in i18n.LOCALES for name in names)


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_all_digits_are_latin(tag: str) -> None:
    moment = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
    written = (
        i18n.number(tag, 1234567890)
        + i18n.money(tag, 1234567890, "EUR")
        + i18n.day(tag, moment)
        + i18n.moment(tag, moment)
        + i18n.percent(tag, 0.2716)
    )
    assert {c for c in written if c.isdigit()} <= set("0123456789")
    assert "2026" in i18n.day(tag, date(2026, 3, 9))


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (1050, "EUR", "10,50 €"),
        (-1050, "EUR", "-10,50 €"),
        (1234, "JPY", "1.234 ¥"),
        (1234567, "KWD", "1.234,567 KWD"),
        (5, "USD", "0,05 $"),
    ],
)
def test_money_counts_the_minor_units_of_its_currency(
    minor: int, currency: str, written: str
) -> None:
    assert i18n.money("de", minor, currency).replace("\xa0", " ") == written


def test_numbers_days_and_shares_follow_the_language() -> None:
    assert i18n.number("de", 1234567) == "1.234.567"
    assert i18n.number("fr", 1234) == "1\u202f234"
    assert i18n.day("fr", date(2026, 3, 9)) == "9 mars 2026"
    assert i18n.moment("de", datetime(2026, 3, 9, 14, 5, tzinfo=UTC)) == "09.03.2026, 14:05"
    assert i18n.percent("tr", 0.26) == "%26"


def test_an_unknown_text_is_shown_in_english() -> None:
    assert i18n.text("de", "no.such_key", "Hello %(name)s, 100%%", name="Ada") == "Hello Ada, 100%"
    assert i18n.plural("ar", "no.such_key", "%(num)s day", "%(num)s days", 1234) == "1,234 days"


def test_a_broken_translation_gives_way_to_the_english() -> None:
    for broken in ("Hallo %(nmae)s", "Hallo %(name)", "100 %", "%d Hallo"):
        assert i18n.filled(broken, "Hello %(name)s", {"name": "Ada"}) == "Hello Ada"


def test_a_text_may_be_given_values_of_any_name() -> None:
    assert i18n.text("en", "no.such_key", "%(tag)s %(key)s", tag=1, key=2) == "1 2"


def test_a_marked_text_stays_what_it_was() -> None:
    assert i18n.N_("a.b", "One") == ("a.b", "One")
    assert i18n.N_("a.b", "One", "Many") == ("a.b", "One", "Many")


def catalogs(folder: Path) -> Path:
    shutil.copytree(i18n.TRANSLATIONS, folder, ignore=shutil.ignore_patterns("*.mo"))
    return folder


def test_catalogs_are_compiled_once_and_again_when_they_change(tmp_path: Path) -> None:
    root = catalogs(tmp_path / "translations")
    po = i18n.catalog_path("de", root)
    mo = po.with_suffix(".mo")
    assert i18n.compile_catalogs(root) == ()
    first = mo.stat()
    i18n.compile_catalogs(root)
    assert mo.stat().st_ino == first.st_ino
    po.write_text(po.read_text("utf-8"), "utf-8")
    i18n.compile_catalogs(root)
    assert mo.stat().st_ino != first.st_ino


def test_many_processes_may_compile_at_the_same_time(tmp_path: Path) -> None:
    root = catalogs(tmp_path / "translations")
    with ProcessPoolExecutor(4, get_context("spawn")) as processes:
        assert list(processes.map(i18n.compile_catalogs, [root] * 4)) == [()] * 4
    assert len(list(root.rglob("*.mo"))) == 22
    assert not list(root.rglob("*.tmp"))


def test_a_broken_or_missing_catalog_leaves_the_others_alone(tmp_path: Path) -> None:
    root = catalogs(tmp_path / "translations")
    i18n.catalog_path("de", root).write_bytes(b'msgid "\xff"\nmsgstr "b"')
    i18n.catalog_path("fr", root).unlink()
    assert i18n.compile_catalogs(root) == ("de", "fr")
    assert i18n.load_catalog("de", root).gettext("a") == "a"
    assert i18n.load_catalog("es", root).pgettext("panel.retry", "Try again") != "Try again"


def test_a_damaged_compiled_catalog_is_no_crash(tmp_path: Path) -> None:
    root = catalogs(tmp_path / "translations")
    i18n.compile_catalogs(root)
    mo = i18n.catalog_path("nl", root).with_suffix(".mo")
    with mo.open("r+b") as file:
        file.truncate(100)
    shutil.copystat(i18n.catalog_path("nl", root), mo)
    assert i18n.load_catalog("nl", root).pgettext("panel.retry", "Try again") == "Try again"


def test_an_invented_language_is_negotiated() -> None:
    assert i18n.catalog("de-AT") is i18n.catalog("de")
    assert i18n.number("pt-BR", 1000) == "1.000"


@pytest.mark.parametrize(
    ("tag", "seconds", "length", "moment"),
    [
        ("en", 150, "2 minutes", "in 2 minutes"),
        ("de", -7200, "2 Stunden", "vor 2 Stunden"),
        ("ar", 0.4, "0 ثانية", "خلال 0 ثانية"),
        ("nobody", 45, "45 seconds", "in 45 seconds"),
    ],
)
def test_spans_are_told_in_their_largest_unit(
    tag: str, seconds: float, length: str, moment: str
) -> None:
    assert i18n.span(tag, seconds) == length
    assert i18n.span(tag, seconds, from_now=True) == moment


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_spans_speak_every_language(tag: str) -> None:
    assert "90" not in i18n.span(tag, 90)
    assert i18n.span(tag, -3600, from_now=True) != i18n.span(tag, 3600, from_now=True)
