"""The catalogs in `translations/`: what the sources say, what the .po files hold, what is wrong.

A text is known by its dotted key (`msgctxt`); its English is the msgid. When the English changes,
its translations are dropped, never guessed. Files are written without dates, places and wrapped
lines and in the order of the keys, so that a change of one text is a change of one line.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.pofile import PoFileError, normalize, read_po
from babel.plural import to_gettext

from webapp.core.extraction import PLACEHOLDER, Entry, extract_entries
from webapp.core.i18n import LOCALES, babel_locale, catalog_path

CATEGORIES = ("zero", "one", "two", "few", "many", "other")
_TAG = re.compile(r"</?[A-Za-z][^>]*>")


@dataclass(slots=True)
class Translation:
    """What a catalog says for a text: one string, or one per plural category of its language."""

    strings: tuple[str, ...]
    fuzzy: bool = False
    comments: list[str] = field(default_factory=list)


Catalog = dict[tuple[str, str], Translation]


@cache
def categories(tag: str) -> tuple[str, ...]:
    """The plural categories of the language (CLDR), in the order of `msgstr[i]`."""
    tags = babel_locale(tag).plural_form.tags
    return tuple(c for c in CATEGORIES if c in tags or c == "other")


@cache
def integers_of(tag: str) -> Mapping[str, tuple[int, ...]]:
    """Category -> the whole numbers below a thousand that take it; the pattern then repeats."""
    rule = babel_locale(tag).plural_form
    found: dict[str, list[int]] = {c: [] for c in categories(tag)}
    for n in range(1000):
        found[rule(n)].append(n)
    return {c: tuple(numbers) for c, numbers in found.items()}


@cache
def plural_forms(tag: str) -> str:
    """The Plural-Forms header: CLDR's rule for whole numbers (no exponent `e`, which C lacks)."""
    return re.sub(r"\be\b", "0", to_gettext(babel_locale(tag).plural_form))


def _several(strings: str | Sequence[str] | None) -> tuple[str, ...]:
    return tuple(s or "" for s in ((strings,) if isinstance(strings, str) else strings or ("",)))


def read(path: Path) -> Catalog:
    """The texts of a .po file, by (key, English); none when there is no file."""
    if not path.exists():
        return {}
    with path.open("rb") as source:
        found = read_po(source, ignore_obsolete=True, abort_invalid=True)
    texts: Catalog = {}
    for message in found:
        if message.id:
            said = _several(message.string)
            kept = Translation(said, message.fuzzy, message.user_comments)
            texts[message.context or "", _several(message.id)[0]] = kept
    return texts


def _spread(tag: str, strings: tuple[str, ...]) -> tuple[str, ...]:
    """The forms of a plural text; those that whole numbers never take copy their neighbour."""
    names, used = categories(tag), integers_of(tag)
    forms = list((*strings, *[""] * len(names))[: len(names)])
    for i, name in enumerate(names):
        if not forms[i] and not used[name]:
            forms[i] = forms[i + 1] if i + 1 < len(names) else forms[i - 1]
    return tuple(forms)


def updated(tag: str, entries: Iterable[Entry], old: Catalog) -> dict[str, Translation]:
    """Key -> translation for exactly these texts; empty strings where one has to be written."""
    texts: dict[str, Translation] = {}
    for entry in entries:
        kept = old.get((entry.key, entry.one), Translation(("",)))
        strings = kept.strings
        if tag == "en":
            strings = (entry.one,) if entry.many is None else (entry.one, entry.many)
        elif entry.many is not None:
            strings = _spread(tag, strings)
        texts[entry.key] = Translation(strings[: _forms(tag, entry)], kept.fuzzy, kept.comments)
    return texts


def _forms(tag: str, entry: Entry) -> int:
    return 1 if entry.many is None else len(categories(tag))


def _quoted(text: str) -> str:
    return str(normalize(text, width=0))


def _po_entry(entry: Entry, translation: Translation) -> Iterator[str]:
    yield from ("", *(f"# {line}" for line in translation.comments))
    flags = ["fuzzy"] * translation.fuzzy
    flags += ["python-format"] * bool(PLACEHOLDER.search(entry.one + (entry.many or "")))
    if flags:
        yield f"#, {', '.join(flags)}"
    yield f"msgctxt {_quoted(entry.key)}"
    yield f"msgid {_quoted(entry.one)}"
    if entry.many is None:
        yield f"msgstr {_quoted(translation.strings[0])}"
        return
    yield f"msgid_plural {_quoted(entry.many)}"
    for i, string in enumerate(translation.strings):
        yield f"msgstr[{i}] {_quoted(string)}"


def _file(
    language: str,
    forms: str,
    entries: Mapping[str, Entry],
    texts: Mapping[str, Translation],
) -> str:
    """A .po file, or the template when there is no language."""
    header = (
        "Project-Id-Version: loyalnest",
        f"Language: {language}",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=UTF-8",
        "Content-Transfer-Encoding: 8bit",
        f"Plural-Forms: {forms}",
    )
    lines = ["# Built by `python3 -m webapp build`; only the msgstr lines are written by hand."]
    lines += ['msgid ""', 'msgstr ""', *(f'"{line}\\n"' for line in header)]
    for key, entry in entries.items():
        lines += _po_entry(entry, texts[key])
    return "\n".join(lines) + "\n"


def _template(entries: Mapping[str, Entry]) -> str:
    """`messages.pot`: every text, nothing said."""
    empty = {k: Translation(("",) if e.many is None else ("", "")) for k, e in entries.items()}
    return _file("", "nplurals=INTEGER; plural=EXPRESSION;", entries, empty)


_SHAPE = ("HTML tags", "placeholders", "a first blank", "a last blank")


def _shape(text: str) -> tuple[list[str], Counter[str], bool, bool]:
    """What a translation must share with its source: tags, placeholders, outer white space."""
    return (
        sorted(_TAG.findall(text)),
        Counter(PLACEHOLDER.findall(text)),
        text[:1].isspace(),
        text[-1:].isspace(),
    )


def _shape_problem(source: str, said: str, num_may_go: bool) -> str | None:
    wanted, found = _shape(source), _shape(said)
    if num_may_go and "num" not in found[1]:
        wanted[1].pop("num", None)
    if "%" in PLACEHOLDER.sub("", said).replace("%%", ""):
        return "has a stray per cent sign"
    for name, a, b in zip(_SHAPE, wanted, found, strict=True):
        if a != b:
            return f"has {name} unlike the English"
    return None


def problems(
    tag: str, entries: Mapping[str, Entry], texts: Mapping[str, Translation]
) -> Iterator[str]:
    """What keeps this catalog from being shown: missing, fuzzy or unlike its source.

    Only a plural form that stands for one single number may leave that number out.
    """
    for key, entry in entries.items():
        said = texts[key]
        if said.fuzzy:
            yield f"{tag}: {key} is fuzzy"
        for i, string in enumerate(said.strings):
            category = categories(tag)[i] if entry.many is not None else ""
            where = f"{tag}: {key}" + (f" ({category})" if category else "")
            if not string.strip():
                yield f"{where} is not translated"
                continue
            exact = bool(category) and len(integers_of(tag)[category]) == 1
            problem = _shape_problem(entry.many or entry.one, string, exact)
            if problem:
                yield f"{where} {problem}"


@dataclass(frozen=True, slots=True)
class Texts:
    """Every text of the sources and what the 22 catalogs say for it: `said[tag][key]`."""

    entries: Mapping[str, Entry]
    said: Mapping[str, Mapping[str, Translation]]

    def files(self, root: Path) -> dict[Path, str]:
        """The template and the catalogs as they should stand below `root`."""
        folder = root / "translations"
        files = {folder / "messages.pot": _template(self.entries)}
        for tag, texts in self.said.items():
            language = str(babel_locale(tag))
            files[catalog_path(tag, folder)] = _file(
                language, plural_forms(tag), self.entries, texts
            )
        return files

    def problems(self) -> list[str]:
        """Everything missing, fuzzy or unlike its source, in any language."""
        return [p for tag, texts in self.said.items() for p in problems(tag, self.entries, texts)]


def load(root: Path) -> tuple[Texts, list[str]]:
    """The texts of the project at `root`, and faults for which nothing may be written."""
    entries, faults = extract_entries(root)
    said: dict[str, Mapping[str, Translation]] = {}
    for tag in LOCALES:
        path = catalog_path(tag, root / "translations")
        try:
            said[tag] = updated(tag, entries.values(), read(path))
        except (PoFileError, ValueError) as error:
            faults.append(f"{path.relative_to(root)}: {error}")
    return Texts(entries, said), faults
