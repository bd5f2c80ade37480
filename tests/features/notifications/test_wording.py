"""Every message in every language, and what a declaration must say."""

import re

import pytest

from webapp.core import catalogs, discovery, i18n
from webapp.core.contract import Facts, Notification
from webapp.features.notifications.domain.channels import DASHBOARD, SERVICES
from webapp.features.notifications.domain.wording import Words, of_payload, worded
from webapp.features.notifications.pages import CHANNELS, KINDS

DECLARED = tuple(discovery.notifications().values())
RESERVED = {"message", "subject", "body", "locale", "direction", "shop", "events", "num"}
SHOP = "Nest & Co"


def facts_of(said: Notification, n: int | None = None) -> Facts:
    """The sample of a message; with `n` for each of its numbers."""
    sample = {k: n if n is not None and isinstance(v, int) else v for k, v in said.facts.items()}
    return {"events": 3 if n is None else n, **sample, "shop": SHOP}


def parts(words: Words) -> list[str]:
    return [text for text in (words.subject, *words.body.split("\n\n"), words.short) if text]


@pytest.mark.parametrize("locale", i18n.LOCALES)
@pytest.mark.parametrize("said", DECLARED, ids=lambda said: said.name)
def test_every_message_is_whole_in_every_language(said: Notification, locale: str) -> None:
    facts = facts_of(said)
    words = worded(said, locale, facts)
    assert (words.locale, words.direction) == (locale, i18n.direction(locale))
    wordings = [w for w in (said.subject, *said.body, said.short) if w]
    for wording, shown in zip(wordings, parts(words), strict=True):
        assert "%" not in shown.replace("%%", "")
        assert shown.strip() == shown
        for name in re.findall(r"%\((\w+)\)s", wording.text[-1]):
            fact = facts[wording.count if name == "num" else name]
            written = i18n.number(locale, fact) if isinstance(fact, int) else fact
            assert written in shown, (name, shown)


@pytest.mark.parametrize("locale", i18n.LOCALES)
@pytest.mark.parametrize("said", DECLARED, ids=lambda said: said.name)
def test_every_plural_of_the_language_is_the_catalogs_own(said: Notification, locale: str) -> None:
    """For one number of each CLDR category of whole numbers."""
    for n in (numbers[0] for numbers in catalogs.integers_of(locale).values() if numbers):
        words = worded(said, locale, facts_of(said, n))
        for wording in (w for w in (said.subject, *said.body) if w.count):
            key, one, many = wording.text
            form = i18n.catalog(locale).npgettext(key, one, many, n)
            pieces = re.split(r"%\(\w+\)s", form)
            assert all(piece in words.subject + words.body for piece in pieces), (n, form)


@pytest.mark.parametrize("said", DECLARED, ids=lambda said: said.name)
def test_a_declaration_says_everything_that_is_needed(said: Notification) -> None:
    shopper = said.audience == "shopper"
    assert said.audience in ("shopper", "merchant")
    assert said.channels
    assert set(said.channels) <= (set(SERVICES) if shopper else {DASHBOARD})
    assert set(said.channels) <= set(CHANNELS)
    assert said.kind in KINDS
    assert bool(said.short) == ("sms" in said.channels)
    assert RESERVED.isdisjoint(said.facts)
    assert set(said.profile) <= set(said.facts)
    assert not said.gathered_by or said.gathered_by in said.facts
    if shopper:
        assert re.fullmatch(r"[A-Z][a-z]+( [A-Z][a-z]+)+", said.metric)


def test_names_topics_and_metrics_are_told_apart() -> None:
    every = [
        said
        for _, module in discovery.parts("messages")
        for said in getattr(module, "NOTIFICATIONS", ())
    ]
    assert len({said.name for said in every}) == len(every)
    metrics = [said.metric for said in every if said.metric]
    assert len(set(metrics)) == len(metrics)
    assert {"points_earned", "import_finished", "delivery_dead"} <= {said.name for said in every}


@pytest.mark.parametrize(
    ("locale", "shop", "marked"),
    [("en", "Nest", False), ("ar", "Nest", True), ("he", "קן", True), ("de", "عش", True)],
)
def test_a_name_of_the_other_direction_turns_nothing_around(
    locale: str, shop: str, marked: bool
) -> None:
    said = discovery.notifications()["points_earned"]
    short = worded(said, locale, {**facts_of(said), "shop": shop}).short
    assert (f"\u2068{shop}\u2069" in short) == marked
    assert shop in short


def test_only_declared_facts_of_a_payload_are_kept() -> None:
    said = discovery.notifications()["points_earned"]
    payload = {"points": 1, "balance": 2, "email": "robin@example.org", "customer_id": "c"}
    assert of_payload(said, payload) == {"points": 1, "balance": 2}


def test_one_and_many_are_worded_differently() -> None:
    said = discovery.notifications()["points_earned"]
    one, many = (worded(said, "en", {**facts_of(said), "points": n}).short for n in (1, 1200))
    assert one == f"{SHOP}: you earned 1 point. Your balance: 1,480."
    assert many == f"{SHOP}: you earned 1,200 points. Your balance: 1,480."
