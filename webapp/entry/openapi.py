"""The OpenAPI 3.1 document, made of the rows: what REST does is what it says."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from functools import cache
from itertools import groupby
from typing import Any

from webapp.core import discovery, messages
from webapp.core.contract import UseCase
from webapp.core.errors import (
    BODY_TOO_LARGE,
    FIELD_REQUIRED,
    FIELD_UNKNOWN,
    IDEMPOTENCY_KEY_IN_USE,
    IDEMPOTENCY_KEY_REUSED,
    INTERNAL,
    INVALID_VALUE,
    MALFORMED_BODY,
    MERCHANT_NOT_FOUND,
    PERMISSION_DENIED,
    RATE_LIMITED,
    SERVICE_KEY_INVALID,
    UNAVAILABLE,
    WRONG_CONTENT_TYPE,
    Kind,
)
from webapp.entry.calls import OWN_MERCHANT

Json = dict[str, Any]

# What any call may answer, and what only some may.
OF_EVERY_CALL = (
    *(SERVICE_KEY_INVALID, PERMISSION_DENIED, FIELD_REQUIRED, FIELD_UNKNOWN, INVALID_VALUE),
    *(RATE_LIMITED, INTERNAL, UNAVAILABLE),
)
OF_BODIES = (MALFORMED_BODY, BODY_TOO_LARGE, WRONG_CONTENT_TYPE)
OF_KEYS = (IDEMPOTENCY_KEY_IN_USE, IDEMPOTENCY_KEY_REUSED)
# Kinds whose answer says when to try again.
WITH_RETRY_AFTER = (RATE_LIMITED, UNAVAILABLE, IDEMPOTENCY_KEY_IN_USE)

DESCRIPTION = """\
Every call answers with one envelope: `status` is `ok` or `error`; a failure has a `code` that \
never changes with the language and a `message` for people. Calls are authenticated with a service \
key of the merchant, made on the dashboard's page of service keys. The same calls are served over \
gRPC."""

HEADERS: Json = {
    "RateLimit": {
        "description": "What is left: `r` calls, for the next `t` seconds.",
        "schema": {"type": "string"},
        "example": '"key";r=599;t=60',
    },
    "RateLimit-Policy": {
        "description": "What a key may do: `q` calls in `w` seconds.",
        "schema": {"type": "string"},
        "example": '"key";q=600;w=60',
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer to an earlier call with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds after which the same call may succeed.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
    },
}

PARAMETERS: Json = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "A random value of your own. A repeated call with the same key and body is "
        "carried out once and answered alike for 24 hours.",
        "schema": {"type": "string", "pattern": "^[!-~]+$", "minLength": 1, "maxLength": 255},
        "example": "4f1c8a52-6f0e-4c52-9d55-6f6d1f6f1e0b",
    },
    "AcceptLanguage": {
        "name": "Accept-Language",
        "in": "header",
        "description": "The language of messages, where the call does not name one.",
        "schema": {"type": "string"},
        "example": "de",
    },
}

FAILURE: Json = {
    "type": "object",
    "required": ["status", "error"],
    "additionalProperties": False,
    "properties": {
        "status": {"const": "error"},
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "additionalProperties": False,
            "properties": {
                "code": {"type": "string", "description": "For programs."},
                "message": {"type": "string", "description": "For people, in their language."},
            },
        },
    },
}


@cache
def document(base_url: str) -> Json:
    """The whole document; `base_url` is where this installation is reached."""
    schemas: Json = {"Failure": FAILURE}
    paths: Json = {}
    for feature, row in rows():
        paths.setdefault(row.path, {})[row.method.lower()] = operation(feature, row, schemas)
    features = sorted({feature for feature, _ in rows()})
    return {
        "openapi": "3.1.0",
        "info": {"title": "LoyalNest", "version": "1", "description": DESCRIPTION},
        "servers": [{"url": base_url}],
        "security": [{"serviceKey": []}],
        "tags": [{"name": feature} for feature in features],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "serviceKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "lnk_...",
                    "description": "A service key of the merchant.",
                }
            },
            "schemas": schemas,
            "headers": HEADERS,
            "parameters": PARAMETERS,
        },
    }


def rows() -> tuple[tuple[str, UseCase], ...]:
    """(feature, row) of all calls that REST has, by path."""
    found = [(feature, row) for feature, row in discovery.use_cases().values() if row.rest]
    return tuple(sorted(found, key=lambda item: (item[1].rest or "")[::-1]))


def operation(feature: str, row: UseCase, schemas: Json) -> Json:
    """What a row is in the document. Shapes it needs are added to `schemas`."""
    parameters = [] if row.method != "GET" else list(query_parameters(row, schemas))
    if row.repeatable:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    parameters.append({"$ref": "#/components/parameters/AcceptLanguage"})
    described = {
        "operationId": row.name,
        "summary": row.summary,
        "description": f"{row.detail}\n\nPermission: `{row.permission}`. gRPC: `{row.grpc}`.",
        "tags": [feature],
        "parameters": parameters,
        "responses": {"200": success(row, schemas), **failures(row)},
    }
    if row.method != "GET":
        described["requestBody"] = request_body(row, schemas)
    return described


def request_body(row: UseCase, schemas: Json) -> Json:
    """The message, with the row's examples."""
    schema = shape(row.message, schemas, given=True)
    examples = numbered({"value": example.given} for example in row.examples)
    content = {"application/json": {"schema": schema, "examples": examples}}
    return {"required": True, "content": content}


def query_parameters(row: UseCase, schemas: Json) -> Iterator[Json]:
    """The message as query parameters: an object is `name[field]=...`."""
    own = messages.json_schema(row.message, given=True)
    schemas.update(own.pop("$defs", {}))
    for name, schema in own["properties"].items():
        parameter = {
            "name": name,
            "in": "query",
            "required": name in own.get("required", ()),
            "schema": schema,
        }
        given = row.examples[0].given.get(name)
        if given is not None:
            parameter["example"] = given
        if isinstance(given, Mapping):
            parameter |= {"style": "deepObject", "explode": True}
        yield parameter


def success(row: UseCase, schemas: Json) -> Json:
    """The envelope of a call that was carried out."""
    result = shape(row.result, schemas, given=False)
    named = [field.name for field in fields(row.result)]
    properties = schemas[row.result.__name__]["properties"]
    envelope = {
        "type": "object",
        "required": ["status", *named, "error"],
        "additionalProperties": False,
        "properties": {"status": {"const": "ok"}, **properties, "error": {"type": "null"}},
    }
    schemas[row.result.__name__] = envelope
    answers = ({"status": "ok", **example.answer, "error": None} for example in row.examples)
    headers = ["RateLimit", "RateLimit-Policy"]
    return {
        "description": "The call was carried out.",
        "headers": header_refs(headers + ["Idempotency-Replayed"] * row.repeatable),
        "content": {
            "application/json": {
                "schema": result,
                "examples": numbered({"value": answer} for answer in answers),
            }
        },
    }


def kinds(row: UseCase) -> tuple[Kind, ...]:
    """Every failure that a call of this row may answer, by status and code."""
    found = {*OF_EVERY_CALL, *row.errors}
    if row.method != "GET":
        found.update(OF_BODIES)
    if row.repeatable:
        found.update(OF_KEYS)
    if any(field.name in OWN_MERCHANT for field in fields(row.message)):
        found.add(MERCHANT_NOT_FOUND)
    return tuple(sorted(found, key=lambda kind: (kind.http, kind.code)))


def failures(row: UseCase) -> Json:
    """Status -> response of every failure of a row."""
    by_status = groupby(kinds(row), key=lambda kind: kind.http)
    return {str(status): failure(tuple(group)) for status, group in by_status}


def failure(group: tuple[Kind, ...]) -> Json:
    """The response of the failures that share a status."""
    codes = {"properties": {"error": {"properties": {"code": {"enum": [k.code for k in group]}}}}}
    headers = ["Retry-After"] if any(kind in WITH_RETRY_AFTER for kind in group) else []
    if any(kind.http == 401 for kind in group):
        headers.append("WWW-Authenticate")
    response: Json = {
        "description": " ".join(f"`{kind.code}`: {kind.english}" for kind in group),
        "content": {
            "application/json": {
                "schema": {"allOf": [{"$ref": "#/components/schemas/Failure"}, codes]},
            }
        },
    }
    if headers:
        response["headers"] = header_refs(headers)
    return response


def shape(kind: type[Any], schemas: Json, *, given: bool) -> Json:
    """A reference to the schema of a message or result, which is added to `schemas`."""
    own = messages.json_schema(kind, given=given)
    schemas.update(own.pop("$defs", {}))
    schemas[kind.__name__] = own
    return {"$ref": f"#/components/schemas/{kind.__name__}"}


def numbered(examples: Iterator[Json] | Any) -> Json:
    return {f"example{number}": example for number, example in enumerate(examples, 1)}


def header_refs(names: list[str]) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
