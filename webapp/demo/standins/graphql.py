"""The part of GraphQL that the Shopify stand-in answers: one operation, variables, aliases,
literal arguments, fragments. Directives and introspection are refused in words, so that nobody
takes silence for support.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

_TOKEN = re.compile(
    r'(?P<skip>[\s,\ufeff]+|\#[^\n\r]*)|(?P<string>"(?:\\.|[^"\\\n])*")'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?P<spread>\.\.\.)"
    r"|(?P<name>[_A-Za-z][_0-9A-Za-z]*)|(?P<mark>[!$()\[\]{}:=@&|])"
)
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None}
_MAX_DEPTH = 20
# The name of a field that stands for a named fragment, whose name is its alias.
_SPREAD = "...name"


class GraphQLError(Exception):
    """What goes into the `errors` of the answer; `extensions` as Shopify fills them."""

    def __init__(self, message: str, **extensions: object) -> None:
        super().__init__(message)
        self.extensions = extensions


@dataclass(frozen=True, slots=True)
class Field:
    """One selected field. A name of `...` is an inline fragment on the type `alias`."""

    name: str
    alias: str
    arguments: Mapping[str, object]
    selections: tuple["Field", ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`kind` is query or mutation; variables are already put into the arguments."""

    kind: str
    selections: tuple[Field, ...]


def parse(document: str, variables: Mapping[str, object]) -> Operation:
    """The one operation of `document`; raises GraphQLError where it is wrong or not understood."""
    return _Parser(document, variables).operation()


def project(value: object, selections: Sequence[Field]) -> object:
    """The parts of `value` that were asked for, as deep as they were asked for.

    An object is a mapping with `__typename`; a member that is callable is called with the field's
    arguments. Raises GraphQLError for a field that the object does not have.
    """
    if isinstance(value, list):
        return [project(item, selections) for item in value]
    if not isinstance(value, Mapping):
        return value
    answer: dict[str, object] = {}
    for field in selections:
        if field.name == "...":
            if field.alias == value["__typename"]:
                answer.update(_as_mapping(project(value, field.selections)))
            continue
        answer[field.alias] = _resolve(value, field)
    return answer


def cost_of(selections: Sequence[Field]) -> int:
    """What a query costs: one point for an object, two and its items for a list, and what is asked
    of each of the objects that are named by `ids`.

    Source: shopify.dev, "Shopify API limits".
    """
    return sum(_cost(field) for field in selections if field.selections)


def _cost(field: Field) -> int:
    inner = cost_of(field.selections)
    size = field.arguments.get("first", field.arguments.get("last"))
    if isinstance(size, int):
        return 2 + size * max(1, inner)
    identities = field.arguments.get("ids")
    if isinstance(identities, list):
        return len(identities) * max(1, inner)
    # What only wraps the items of a list costs nothing itself.
    return inner if field.name in ("edges", "nodes", "pageInfo") else 1 + inner


def _resolve(value: Mapping[str, object], field: Field) -> object:
    if field.name not in value:
        kind = value["__typename"]
        raise GraphQLError(
            f"Field '{field.name}' doesn't exist on type '{kind}' (of this stand-in)",
            code="undefinedField",
            typeName=kind,
            fieldName=field.name,
        )
    member = value[field.name]
    found = member(field.arguments) if callable(member) else member
    is_object = isinstance(found, (Mapping, list)) and bool(field.selections)
    return project(found, field.selections) if is_object else found


def _as_mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _filled(
    selections: tuple[Field, ...], fragments: Mapping[str, Field], depth: int
) -> tuple[Field, ...]:
    """The selections with every named fragment in its place."""
    if depth > _MAX_DEPTH:
        raise GraphQLError("Query has too many levels", code="MAX_DEPTH_EXCEEDED")
    found: list[Field] = []
    for field in selections:
        if field.name == _SPREAD and field.alias not in fragments:
            raise GraphQLError(f"Fragment {field.alias} was used, but not defined")
        whole = fragments[field.alias] if field.name == _SPREAD else field
        inner = _filled(whole.selections, fragments, depth + 1)
        found.append(Field(whole.name, whole.alias, whole.arguments, inner))
    return tuple(found)


class _Parser:
    """Recursive descent over the tokens; the text has already been cut into (kind, text)."""

    def __init__(self, document: str, variables: Mapping[str, object]) -> None:
        self._tokens = _cut(document)
        self._variables = dict(variables)
        self._at = 0

    def operation(self) -> Operation:
        kind = "query"
        if self._text() != "{":
            kind = self._take("name")
            if kind not in ("query", "mutation"):
                self._fail()
            if self._kind() == "name":
                self._take("name")
            if self._text() == "(":
                self._variable_definitions()
        selections = self._selections(0)
        fragments: dict[str, Field] = {}
        while self._kind() != "end":
            fragments.update([self._fragment()])
        return Operation(kind, _filled(selections, fragments, 0))

    def _fragment(self) -> tuple[str, Field]:
        """A named fragment behind the operation, as an inline one."""
        if self._text() != "fragment":
            raise GraphQLError("This stand-in answers one operation a call")
        self._take("name")
        name = self._take("name")
        if self._take("name") != "on":
            self._fail()
        return name, Field("...", self._take("name"), {}, self._selections(1))

    def _variable_definitions(self) -> None:
        self._mark("(")
        while self._text() != ")":
            self._mark("$")
            name = self._take("name")
            self._mark(":")
            while self._kind() == "name" or self._text() in ("[", "]", "!"):
                self._at += 1
            if self._text() == "=":
                self._mark("=")
                self._variables.setdefault(name, self._value())
        self._mark(")")

    def _selections(self, depth: int) -> tuple[Field, ...]:
        if depth > _MAX_DEPTH:
            raise GraphQLError("Query has too many levels", code="MAX_DEPTH_EXCEEDED")
        found: list[Field] = []
        self._mark("{")
        while self._text() != "}":
            found.append(self._field(depth))
        self._mark("}")
        if not found:
            self._fail()
        return tuple(found)

    def _field(self, depth: int) -> Field:
        if self._kind() == "spread":
            return self._inline_fragment(depth)
        name = alias = self._take("name")
        if self._text() == ":":
            self._mark(":")
            name = self._take("name")
        arguments: dict[str, object] = {}
        if self._text() == "(":
            arguments = self._members("(", ")")
        if self._text() == "@":
            raise GraphQLError("This stand-in does not understand directives")
        nested = self._selections(depth + 1) if self._text() == "{" else ()
        return Field(name, alias, arguments, nested)

    def _inline_fragment(self, depth: int) -> Field:
        self._take("spread")
        named = self._take("name")
        if named != "on":
            return Field(_SPREAD, named, {}, ())
        return Field("...", self._take("name"), {}, self._selections(depth + 1))

    def _members(self, opening: str, closing: str) -> dict[str, object]:
        found: dict[str, object] = {}
        self._mark(opening)
        while self._text() != closing:
            name = self._take("name")
            self._mark(":")
            found[name] = self._value()
        self._mark(closing)
        return found

    def _value(self) -> object:
        kind, text = self._kind(), self._text()
        if kind in ("string", "number"):
            self._at += 1
            return json.loads(text)
        if kind == "name":
            self._at += 1
            return _WORDS.get(text, text)
        if text == "$":
            self._mark("$")
            return self._variables.get(self._take("name"))
        if text == "{":
            return self._members("{", "}")
        self._mark("[")
        items: list[object] = []
        while self._text() != "]":
            items.append(self._value())
        self._mark("]")
        return items

    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _take(self, kind: str) -> str:
        if self._kind() != kind:
            self._fail()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _mark(self, text: str) -> None:
        if self._kind() != "mark" or self._text() != text:
            self._fail()
        self._at += 1

    def _fail(self) -> NoReturn:
        found = self._text() or "end of file"
        raise GraphQLError(f"syntax error, unexpected {found}")


def _cut(document: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(document):
        match = _TOKEN.match(document, at)
        if match is None:
            raise GraphQLError(f"syntax error, unexpected {document[at]!r}")
        at = match.end()
        if match.lastgroup and match.lastgroup != "skip":
            tokens.append((match.lastgroup, match.group()))
    return [*tokens, ("end", "")]
