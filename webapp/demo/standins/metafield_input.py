"""What Shopify checks before it stores metafields: shape, owner, names, type, value.

Shape (a missing value, a global id that is none) is an error of the call, as GraphQL coerces
variables before anything runs; the rest is reported in `userErrors`. Source: shopify.dev,
MetafieldsSetInput and MetafieldsSetUserErrorCode of 2026-10; the wording is our own where theirs
is not documented.
"""

import json
import re
from collections.abc import Callable, Mapping, Set
from typing import Any

from webapp.demo.standins.graphql import GraphQLError
from webapp.demo.standins.metafields import ANY_DIGEST, Entry, Metafield

MAX_ENTRIES = 25
_FIELDS = {"ownerId", "namespace", "key", "type", "value", "compareDigest"}
_GLOBAL_ID = re.compile(r"gid://shopify/([A-Za-z]+)/(\d{1,20})")
_OWNERS = {"Customer", "Shop", "AppInstallation"}
_NAMESPACE = re.compile(r"\$app(?::[A-Za-z0-9_-]{1,250})?|[A-Za-z0-9_-]{3,255}")
_KEY = re.compile(r"[A-Za-z0-9_-]{2,64}")
_MAX_INTEGER = 9_007_199_254_740_991
Find = Callable[[str, str, str], Metafield | None]


class InputRefusedError(Exception):
    """Nothing was stored; `user_errors` says why."""

    def __init__(self, user_errors: list[dict[str, object]]) -> None:
        super().__init__(str(user_errors))
        self.user_errors = user_errors

    @classmethod
    def one(
        cls, index: int | None, field: str | None, message: str, code: str
    ) -> "InputRefusedError":
        """A refusal with one reason; `index` is the place of the bad entry."""
        path = ["metafields", *([str(index)] if index is not None else ())]
        return cls(
            [
                {
                    "__typename": "MetafieldsSetUserError",
                    "field": [*path, field] if field else path,
                    "message": message,
                    "code": code,
                    "elementIndex": index,
                }
            ]
        )


def check_entries(given: object, find: Find, gone: Set[str] = frozenset()) -> list[Entry]:
    """The entries of a `metafieldsSet` call; owners in `gone` are no more. Raises GraphQLError
    (shape) or InputRefusedError."""
    if not isinstance(given, list):
        raise GraphQLError(_invalid("", "Expected value to not be null"), code="INVALID_VARIABLE")
    for index, item in enumerate(given):
        _check_shape(index, item)
    if len(given) > MAX_ENTRIES:
        message = f"Exceeded the maximum metafields input limit of {MAX_ENTRIES}."
        raise InputRefusedError.one(None, None, message, "LESS_THAN_OR_EQUAL_TO")
    reasons: list[dict[str, object]] = []
    entries: list[Entry] = []
    for index, item in enumerate(given):
        try:
            entries.append(_entry(index, item, find, gone))
        except InputRefusedError as refused:
            reasons += refused.user_errors
    if reasons:
        raise InputRefusedError(reasons)
    return entries


def _check_shape(index: int, item: object) -> None:
    if not isinstance(item, Mapping):
        raise GraphQLError(_invalid(str(index), "Expected an object"), code="INVALID_VARIABLE")
    for name, value in item.items():
        if name not in _FIELDS:
            raise _wrong(index, name, "Field is not defined on MetafieldsSetInput")
        if not isinstance(value, str | None):
            raise _wrong(index, name, f"Could not coerce value {json.dumps(value)} to String")
    for name in ("ownerId", "key", "value"):
        if item.get(name) is None:
            raise _wrong(index, name, "Expected value to not be null")
    if not _GLOBAL_ID.fullmatch(item["ownerId"]):
        raise _wrong(index, "ownerId", f"Invalid global id '{item['ownerId']}'")


def _wrong(index: int, name: str, reason: str) -> GraphQLError:
    return GraphQLError(_invalid(f"{index}.{name}", reason), code="INVALID_VARIABLE")


def _invalid(path: str, reason: str) -> str:
    where = f" for {path} ({reason})" if path else f" ({reason})"
    return f"Variable $metafields of type [MetafieldsSetInput!]! was provided invalid value{where}"


def _entry(index: int, item: Mapping[str, Any], find: Find, gone: Set[str]) -> Entry:
    owner, key, value = item["ownerId"], item["key"], item["value"]
    namespace = item.get("namespace") or "$app"
    if owner in gone or owner.split("/")[-2] not in _OWNERS:
        raise InputRefusedError.one(index, "ownerId", "Owner does not exist.", "INVALID_VALUE")
    for name, text, pattern in (("namespace", namespace, _NAMESPACE), ("key", key, _KEY)):
        if not pattern.fullmatch(text):
            message = f"{name.capitalize()} has a wrong length or characters that are not allowed."
            raise InputRefusedError.one(index, name, message, "INVALID")
    kind = item.get("type") or _known_type(find(owner, namespace, key))
    _check_value(index, kind, value)
    return Entry(owner, namespace, key, kind, value, item.get("compareDigest", ANY_DIGEST))


def _known_type(existing: Metafield | None) -> str:
    return existing.type if existing else ""


def _check_value(index: int, kind: str, value: str) -> None:
    if not kind:
        raise InputRefusedError.one(index, "type", "Type can't be blank.", "BLANK")
    if kind not in _CHECKS:
        message = f"Type {kind!r} is not one this stand-in knows."
        raise InputRefusedError.one(index, "type", message, "INCLUSION")
    if not value:
        raise InputRefusedError.one(index, "value", "Value can't be blank.", "BLANK")
    complaint = _CHECKS[kind](value)
    if complaint:
        raise InputRefusedError.one(index, "value", complaint, "INVALID_VALUE")


def _integer(value: str) -> str:
    if not re.fullmatch(r"[+-]?\d{1,19}", value, re.ASCII):
        return "Value must be an integer."
    return "" if abs(int(value)) <= _MAX_INTEGER else "Value is out of range."


def _decimal(value: str) -> str:
    fits = re.fullmatch(r"[+-]?\d{1,13}(\.\d{1,9})?", value, re.ASCII)
    return "" if fits else "Value must be a decimal."


def _boolean(value: str) -> str:
    return "" if value in ("true", "false") else "Value must be true or false."


def _json(value: str) -> str:
    try:
        json.loads(value)
    except ValueError:
        return "Value is invalid JSON."
    return ""


def _single_line(value: str) -> str:
    return "Value must be a single line text string." if "\n" in value else ""


_CHECKS: Mapping[str, Callable[[str], str]] = {
    "number_integer": _integer,
    "number_decimal": _decimal,
    "boolean": _boolean,
    "json": _json,
    "single_line_text_field": _single_line,
    "multi_line_text_field": lambda _: "",
}
