"""What a process keeps near: for a moment, and never longer than it knows it to be right."""

import pytest

from webapp.core.cache import Near


@pytest.fixture
def near() -> Near:
    return Near()


def test_what_is_kept_is_found_until_its_moment_is_over(
    near: Near, monkeypatch: pytest.MonkeyPatch
) -> None:
    near.keep("a", ["t"], b"1", near.state())
    assert (near.get("a"), near.get("b")) == (b"1", None)
    monkeypatch.setattr(Near, "SECONDS", 0.0)
    near.keep("a", ["t"], b"2", near.state())
    assert near.get("a") is None


def test_a_dropped_tag_takes_all_of_its_own_and_nothing_else(near: Near) -> None:
    near.keep("a", ["t", "u"], b"1", near.state())
    near.keep("b", ["t"], b"2", near.state())
    near.keep("c", ["v"], b"3", near.state())
    near.drop(["t", "unknown"])
    assert [near.get(key) for key in "abc"] == [None, None, b"3"]


def test_what_was_made_before_a_drop_is_not_kept_after_it(near: Near) -> None:
    state = near.state()
    near.drop(["t"])
    near.keep("a", ["t"], b"old", state)
    assert near.get("a") is None


def test_it_forgets_everything_rather_than_grow_for_ever(
    near: Near, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Near, "MOST", 2)
    for key in "abc":
        near.keep(key, ["t"], key, near.state())
    assert [near.get(key) for key in "abc"] == [None, None, "c"]
