"""Messages: strict, bounded, and silent about secrets."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from webapp.core import messages
from webapp.core.errors import AppError
from webapp.core.messages import Id, LocaleTag, decode, encode


@dataclass(frozen=True, slots=True)
class Period:
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Report:
    merchant_id: Id
    date_range: Period
    most: Annotated[int, Field(ge=1, le=50)] = 10
    tags: tuple[Id, ...] = ()
    deep: bool = False
    api_key: str | None = None
    locale: LocaleTag | None = None


RANGE = {"start": "2026-01-01", "end": "2026-02-01"}
GOOD: dict[str, Any] = {"merchant_id": "mer_1", "date_range": RANGE}


def test_nested_messages_and_defaults_are_read() -> None:
    period = Period(date(2026, 1, 1), date(2026, 2, 1))
    assert decode(Report, {**GOOD, "tags": ["a"]}) == Report("mer_1", period, tags=("a",))


def test_what_is_encoded_can_be_decoded() -> None:
    report = decode(Report, {**GOOD, "most": 3, "deep": True})
    assert decode(Report, encode(report)) == report


REFUSED = [
    ({"merchant_id": "mer_1"}, "field_required: date_range is required."),
    ({**GOOD, "merchant_id": ""}, "field_required: merchant_id is required."),
    ({**GOOD, "date_range": {**RANGE, "end": None}}, "invalid_value: date_range.end "),
    ({**GOOD, "date_range": {**RANGE, "more": 1}}, "field_unknown: .* date_range.more here"),
    ({**GOOD, "date_range": "2026"}, "invalid_value: date_range .* used: 2026"),
    ({**GOOD, "date_range": {"start": "yesterday", "end": "x"}}, "invalid_value: date_range.start"),
    ({**GOOD, "most": "3"}, "invalid_value: most .* used: 3"),
    ({**GOOD, "most": 3.5}, "invalid_value: most"),
    ({**GOOD, "most": True}, "invalid_value: most"),
    ({**GOOD, "most": 51}, "invalid_value: most .* used: 51"),
    ({**GOOD, "most": 10**30}, "invalid_value: most"),
    ({**GOOD, "tags": ["a", 1]}, r"invalid_value: tags\[1\] .* used: 1"),
    ({**GOOD, "tags": ["a\0"]}, r"invalid_value: tags\[0\] .* used: a\?"),
    ({**GOOD, "tags": ["a\n"]}, r"invalid_value: tags\[0\]"),
    ({**GOOD, "tags": ["x"] * 1_001}, r"invalid_value: tags .* used: \[...\]"),
    ({**GOOD, "merchant_id": "x" * 201}, r"invalid_value: merchant_id .* used: x{60}\.\.\.$"),
    ({**GOOD, "merchant_id": "\ud800"}, "invalid_value: - "),
    ({**GOOD, "a\0": 1}, r"invalid_value: a\? "),
    ({**GOOD, "deep": [[[[[[[[[]]]]]]]]]}, "invalid_value: deep"),
    ({**GOOD, "locale": "de;drop"}, "invalid_value: locale"),
]


@pytest.mark.parametrize(("given", "said"), REFUSED)
def test_wrong_messages_are_refused_by_name(given: dict[str, Any], said: str) -> None:
    with pytest.raises(AppError, match=f"^{said}"):
        decode(Report, given)


@pytest.mark.parametrize(
    "given",
    [
        {**GOOD, "api_key": 5},
        {**GOOD, "most": "lnk_abcdef"},
        {**GOOD, "most": "shpat_abcdef"},
        {**GOOD, "most": "xoxb-abcdef"},
        {**GOOD, "tags": "Bearer abcdef"},
    ],
)
def test_what_may_be_a_secret_is_not_shown(given: dict[str, Any]) -> None:
    with pytest.raises(AppError, match=r"used: \*\*\*$"):
        decode(Report, given)


def test_query_strings_may_write_numbers_and_truth_as_text() -> None:
    read = decode(Report, {**GOOD, "most": "7", "deep": "true"}, from_text=True)
    assert (read.most, read.deep) == (7, True)


words = st.text("a1-_\0\n\u202e\u00e9\U0001f60a\ud800")
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


@given(
    st.fixed_dictionaries({}, optional={name: json_values for name in (*Report.__slots__, "other")})
)
def test_anything_is_either_read_or_visibly_refused(given: dict[str, Any]) -> None:
    try:
        decode(Report, given)
    except AppError as error:
        assert error.kind.http == 422
        assert error.message("en").isprintable()


def test_schema_of_a_nested_message_refers_to_components() -> None:
    schema = messages.json_schema(Report, given=True)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["date_range"] == {"$ref": "#/components/schemas/Period"}
