"""The fragment: what a click brings into the block, in every language."""

import re

import pytest

from tests.widgets.fragment import fragment
from webapp.core import i18n

STEPS = [{"text": "Shop <more>", "href": "/collections/all"}, {"text": "Wait", "href": None}]


@pytest.mark.parametrize("tag", i18n.LOCALES)
@pytest.mark.parametrize("signed_in", [True, False], ids=["member", "guest"])
def test_the_fragment_carries_its_language_and_direction(tag: str, signed_in: bool) -> None:
    html = fragment(tag, member=signed_in)
    root = f'<div class="ln-fragment" lang="{tag}" dir="{i18n.direction(tag)}">'
    assert html.startswith(root)


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_entries_have_signed_points_and_a_day(tag: str) -> None:
    html = fragment(tag)
    assert f">+{i18n.number(tag, 1250)}<" in html
    assert f">\N{MINUS SIGN}{i18n.number(tag, 200)}<" in html
    assert html.count('<time datetime="2026-') == 5
    assert html.count("<li") == 5


def test_a_member_without_entries_is_told_how_to_start() -> None:
    html = fragment("en", entries=[])
    assert "Your first order starts your balance." in html
    assert "<li" not in html


def test_steps_are_links_where_there_is_somewhere_to_go() -> None:
    html = fragment("en", steps=STEPS)
    assert '<a href="/collections/all">Shop &lt;more&gt;</a>' in html
    assert "<li>Wait</li>" in html
    assert "Next steps" not in fragment("en", steps=[])


@pytest.mark.parametrize("tag", i18n.LOCALES)
def test_a_guest_is_invited_and_sees_no_entries(tag: str) -> None:
    html = fragment(tag, member=False)
    assert 'href="/account/register"' in html
    assert 'href="/account/login"' in html
    assert "<time" not in html


@pytest.mark.parametrize("tag", [tag for tag in i18n.LOCALES if tag != "en"])
@pytest.mark.parametrize("signed_in", [True, False], ids=["member", "guest"])
def test_no_english_is_left_over(tag: str, signed_in: bool) -> None:
    values = {"member": signed_in, "entries": [], "steps": []}
    english, said = (
        re.findall(r">\s*([^<>\s][^<>]*?)\s*<", fragment(t, **values)) for t in ("en", tag)
    )
    assert len(english) == len(said)
    assert not set(english) & set(said)
