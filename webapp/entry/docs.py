"""The description of the calls: `/openapi.json` for programs, `/docs` for people.

Both are public, in English, and the same for everybody.
"""

import hashlib
import json
import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, g, render_template, request

from webapp.core import messages
from webapp.core.contract import Example, UseCase
from webapp.core.errors import Kind
from webapp.entry import openapi, parts

blueprint = Blueprint("docs", __name__)

LIFE_SECONDS = 300


@blueprint.get("/openapi.json")
def document() -> Response:
    """The OpenAPI document."""
    body = json.dumps(openapi.document(parts().settings.base_url), ensure_ascii=False, indent=1)
    response = cached(body, "application/json")
    # Tools in a browser, such as an API client, may read it from anywhere: it is no secret.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@blueprint.get("/docs")
def page() -> Response:
    """The same for people."""
    g.locale, base_url = "en", parts().settings.base_url
    calls = [
        {
            "row": row,
            "feature": feature,
            "fields": described_fields(row),
            "examples": [
                {"curl": curl(base_url, row, example.given), "answer": answer(example)}
                for example in row.examples
            ],
            "kinds": openapi.kinds(row),
        }
        for feature, row in openapi.rows()
    ]
    body = render_template(
        "docs.html",
        locale="en",
        dir="ltr",
        title="API",
        calls=calls,
        kinds=all_kinds(),
        a_minute=parts().settings.calls_a_minute,
        base_url=base_url,
    )
    return cached(body, "text/html")


def cached(body: str, mimetype: str) -> Response:
    """An answer that anybody may keep for a while and then ask whether it is still right."""
    response = Response(body, mimetype=mimetype)
    response.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    response.headers["Cache-Control"] = f"public, max-age={LIFE_SECONDS}"
    response.make_conditional(request)
    return response


def all_kinds() -> list[Kind]:
    """Every failure of every call, by status and code."""
    found = {kind for _, row in openapi.rows() for kind in openapi.kinds(row)}
    return sorted(found, key=lambda kind: (kind.http, kind.code))


def described_fields(row: UseCase) -> list[dict[str, Any]]:
    """The fields of a row's message: name, type in words, whether it must be there, what it is."""
    schema = messages.json_schema(row.message, given=True)
    return [
        {
            "name": name,
            "type": type_in_words(field),
            "required": name in schema.get("required", ()),
            "description": field.get("description") or without_null(field).get("description", ""),
        }
        for name, field in schema["properties"].items()
    ]


def without_null(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a value looks like when it is there."""
    shapes = schema.get("anyOf", [schema])
    return next(shape for shape in shapes if shape.get("type") != "null")


def type_in_words(schema: Mapping[str, Any]) -> str:
    """`list of string`, `date`, `integer`, ..."""
    shape = without_null(schema)
    if "items" in shape:
        return f"list of {type_in_words(shape['items'])}"
    return str(shape.get("format") or shape.get("type") or "object")


def curl(base_url: str, row: UseCase, given: Mapping[str, Any]) -> str:
    """The call as a command line."""
    address = f"{base_url}{row.path}"
    lines = [f"curl -X {row.method} {shlex.quote(address)}", "-H 'Authorization: Bearer lnk_...'"]
    if row.method == "GET":
        lines[0] = f"curl {shlex.quote(f'{address}?{query(given)}')}"
    else:
        lines += ["-H 'Content-Type: application/json'", f"-d {shlex.quote(written(given))}"]
    if row.repeatable:
        lines.insert(2, f"-H 'Idempotency-Key: {openapi.PARAMETERS['IdempotencyKey']['example']}'")
    return " \\\n  ".join(lines)


def answer(example: Example) -> str:
    """What a call of the example gives back."""
    return written({"status": "ok", **example.answer, "error": None})


def query(given: Mapping[str, Any]) -> str:
    """A message as a query string, with `name[field]` for what is nested."""
    flat: dict[str, Any] = {}
    for name, value in given.items():
        nested = value.items() if isinstance(value, Mapping) else ()
        flat |= {f"{name}[{field}]": one for field, one in nested} or {name: value}
    return urlencode(flat, safe="[]")


def written(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
