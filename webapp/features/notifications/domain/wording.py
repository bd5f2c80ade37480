"""What a declared notification says in one language.

Texts are plain. Where a name is written the other way round than the sentence, it is set between
the marks that keep it from turning its neighbours (Unicode's isolates, UAX 9); elsewhere not, for
they would make an SMS three times as long.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from webapp.core import i18n
from webapp.core.contract import Facts, Notification, Wording

_FIRST_STRONG, _END = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL"})
PARAGRAPH = "\n\n"


@dataclass(frozen=True, slots=True)
class Words:
    """What one reader is told, in plain text: `subject` and `body` of a mail or a notice, and the
    `short` text of an SMS (empty where there is none)."""

    locale: str
    direction: str
    subject: str
    body: str
    short: str


def worded(said: Notification, locale: str, facts: Facts) -> Words:
    """The texts of `said`. Raises KeyError for a fact that the payload lacks."""
    shown = {name: _shown(locale, fact) for name, fact in facts.items()}
    return Words(
        locale=locale,
        direction=i18n.direction(locale),
        subject=_text(locale, said.subject, facts, shown),
        body=PARAGRAPH.join(_text(locale, part, facts, shown) for part in said.body),
        short=_text(locale, said.short, facts, shown) if said.short else "",
    )


def _text(locale: str, wording: Wording, facts: Facts, shown: Mapping[str, str]) -> str:
    if not wording.count:
        key, english = wording.text
        return i18n.text(locale, key, english, **shown)
    key, one, many = wording.text
    return i18n.plural(locale, key, one, many, int(facts[wording.count]), **shown)


def _shown(locale: str, fact: int | str) -> str:
    """A fact as it stands in a sentence of the language."""
    if isinstance(fact, int):
        return i18n.number(locale, fact)
    backwards = any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in fact)
    if i18n.direction(locale) == "rtl" or backwards:
        return f"{_FIRST_STRONG}{fact}{_END}"
    return fact


def of_payload(said: Notification, payload: Facts) -> dict[str, int | str]:
    """What of a payload may be kept and sent: the declared facts and nothing else."""
    return {name: payload[name] for name in said.facts}
