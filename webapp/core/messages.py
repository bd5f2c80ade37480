"""Messages of programs: a mapping becomes a frozen dataclass, a result becomes JSON fields.

Shapes are read from the annotations of the dataclass (pydantic's words: `Annotated[str,
Field(max_length=...)]`). Nothing is guessed: text is no number, an unknown field is refused, and
so are NUL characters, over-long texts and nesting that no message has. What was refused is named
and shown shortened, and never when it may be a secret.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode
from pydantic_core import ErrorDetails
from typing_extensions import TypeAliasType

from webapp.core.errors import FIELD_REQUIRED, FIELD_UNKNOWN, INVALID_VALUE, AppError
from webapp.core.words import is_line

T = TypeVar("T")

MAX_TEXT = 2_000
MAX_ITEMS = 1_000
MAX_DEPTH = 8
SHOWN_OF_A_VALUE = 60

# Anything that people or shops use as an id: no control characters, nothing longer than a line.
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
# A language tag in any spelling; one that we do not speak is answered in the next best language.
LocaleTag = Annotated[
    str,
    Field(description="Language of messages, e.g. de; else Accept-Language, else English."),
    StringConstraints(max_length=35, pattern=r"^[A-Za-z0-9_-]*$"),
]

_SECRET_NAME = re.compile(r"secret|token|password|authorization|(?:^|_)key", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"lnk_|shp[a-z]{2}_|xox[a-z]-|sk[_-]|phc_|bearer ", re.IGNORECASE)
_NOTHING = "-"
_HIDDEN = "***"


# Adapters take a while to build and none to use; there is one for each kind of message.
_adapters: dict[type[Any], TypeAdapter[Any]] = {}


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    if kind not in _adapters:
        # Under another name, because pydantic takes no configuration for a dataclass itself.
        named: Any = TypeAliasType(kind.__name__, kind)
        _adapters[kind] = TypeAdapter(named, config=ConfigDict(extra="forbid"))
    return _adapters[kind]


def decode(kind: type[T], given: Mapping[str, Any], *, from_text: bool = False) -> T:
    """The message that `given` (values as JSON has them) says.

    `from_text` reads numbers and truth from text, for query strings. Raises AppError:
    field_required (absent, or empty where that is no value), field_unknown, invalid_value.
    """
    _refuse_wild(given, ())
    try:
        message: T = _adapter(kind).validate_json(json.dumps(given), strict=not from_text)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)[0]) from None
    return message


def encode(result: Any) -> dict[str, Any]:
    """A result as JSON fields."""
    fields = _adapter(type(result)).dump_python(result, mode="json")
    return dict(fields)


def json_schema(kind: type[Any], *, given: bool) -> dict[str, Any]:
    """JSON Schema (2020-12) of a message that is `given`, or of a result. Nested shapes are under
    `$defs`, and referred to as they are called in an OpenAPI document."""
    mode: JsonSchemaMode = "validation" if given else "serialization"
    return _adapter(kind).json_schema(mode=mode, ref_template="#/components/schemas/{model}")


def _refuse_wild(value: Any, steps: tuple[str | int, ...]) -> None:
    """Refuse what no message may hold, whatever its shape. `steps` lead to the value; they are put
    into words only when it is refused."""
    if isinstance(value, str):
        if _is_wild(value):
            path = _path(steps)
            raise AppError(INVALID_VALUE, field=path, value=shown(path, value))
    elif isinstance(value, dict | list):
        if len(steps) >= MAX_DEPTH or len(value) > MAX_ITEMS:
            path = _path(steps)
            raise AppError(INVALID_VALUE, field=path or _NOTHING, value=shown(path, value))
        for name, item in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(name, str) and _is_wild(name):
                path = shown("", name)
                raise AppError(INVALID_VALUE, field=path, value=shown(path, name))
            _refuse_wild(item, (*steps, name))


def _is_wild(written: str) -> bool:
    return "\0" in written or len(written) > MAX_TEXT


def _path(steps: Iterable[str | int]) -> str:
    """How the way to a value reads: `a.b[0]`."""
    path = ""
    for step in steps:
        path = _joined(path, step)
    return path


def _refusal(problem: ErrorDetails) -> AppError:
    """The visible failure for the first thing that pydantic found wrong."""
    path = _path(problem["loc"])
    kind, value = problem["type"], problem["input"]
    if kind == "unexpected_keyword_argument":
        return AppError(FIELD_UNKNOWN, field=path)
    # Other protocols cannot tell an absent value from an empty one, so both are called the same.
    if kind == "missing" or (kind.endswith("too_short") and not value):
        return AppError(FIELD_REQUIRED, field=path)
    return AppError(INVALID_VALUE, field=path or _NOTHING, value=shown(path, value))


def _joined(path: str, name: str | int) -> str:
    step = f"[{name}]" if isinstance(name, int) else _printable(name)
    return f"{path}.{step}" if path and isinstance(name, str) else f"{path}{step}"


def shown(path: str, value: Any) -> str:
    """A refused value of the field at `path`, as a message may repeat it."""
    if isinstance(value, Mapping | list | tuple):
        return "{...}" if isinstance(value, Mapping) else "[...]"
    written = str(value)
    if _SECRET_NAME.search(path) or _SECRET_VALUE.search(written):
        return _HIDDEN
    return _printable(written) or _NOTHING


def _printable(written: str) -> str:
    """Short, and without characters that could change how the text around it reads."""
    short = written[:SHOWN_OF_A_VALUE]
    clean = "".join(c if is_line(c) else "?" for c in short)
    return clean + ("..." if len(written) > SHOWN_OF_A_VALUE else "")
