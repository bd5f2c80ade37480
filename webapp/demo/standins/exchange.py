"""One call to a stand-in and its answer, without the wire between them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True, slots=True)
class Call:
    """What a caller sent. `target` is path and query as they stood on the wire; header names are in
    lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path with its escapes resolved."""
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, str]:
        """The parameters of the address; of a repeated one the last."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The fields of a submitted form."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> object:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def members(self) -> Mapping[str, object]:
        """The body as a JSON object; empty when it is none."""
        return as_mapping(self.json())

    def word_after(self, scheme: str) -> str:
        """The credential of `Authorization: <scheme> <credential>`, else nothing."""
        given, _, credential = self.headers.get("authorization", "").partition(" ")
        return credential.strip() if given.lower() == scheme.lower() else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def as_json(content: object, status: int = HTTPStatus.OK, **headers: str) -> Answer:
    """A JSON answer; `Retry_After` in the headers' names is `Retry-After`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json", **named})


def as_mapping(value: object) -> Mapping[str, object]:
    """`value` when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def inside(value: object, *path: str) -> object:
    """What lies at a path of nested mappings; None where it ends early."""
    for name in path:
        value = as_mapping(value).get(name)
    return value
