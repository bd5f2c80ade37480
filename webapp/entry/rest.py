"""REST: the rows of all features below /v1, with JSON in and out whatever happens."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from flask import Blueprint, Flask, Request, Response, g, make_response, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.exceptions import BadRequest, MethodNotAllowed, RequestEntityTooLarge

from webapp.core import discovery, messages
from webapp.core.contract import UseCase
from webapp.core.errors import (
    BODY_TOO_LARGE,
    INVALID_VALUE,
    MALFORMED_BODY,
    NOT_FOUND,
    WRONG_CONTENT_TYPE,
    AppError,
)
from webapp.entry import calls, parts

blueprint = Blueprint("rest", __name__)


class Sessions(SecureCookieSessionInterface):
    """Sessions of people; programs have none, and are spared the looking."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith(PROGRAMS):
            return self.make_null_session(app)
        return super().open_session(app, request)


PREFIX = "/v1/"
# Where programs and shops ask, who have no session.
PROGRAMS = (PREFIX, "/proxy/", "/checkout/", "/wallet/", "/w/")
MAX_BODY_BYTES = 262_144
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
_NESTED = re.compile(r"([^\[\]]+)\[([^\[\]]+)\]")


@blueprint.route("/v1/<path:path>", methods=METHODS, provide_automatic_options=False)
def call(path: str) -> Response:
    """Carry out the row at this address. Failures become JSON in `failures`."""
    g.call_notes = notes = calls.Notes()
    g.locale = locale_of({})
    row = row_at(PREFIX + path, request.method)
    reads = row.method == "GET"
    given = dict(read_query()) if reads else read_body()
    g.locale = locale_of(given)
    fields = calls.perform(
        parts(),
        row,
        request.headers.get("Authorization"),
        given,
        locale=g.locale,
        idempotency_key=request.headers.get("Idempotency-Key"),
        from_text=reads,
        notes=notes,
    )
    return envelope(fields, 200)


def envelope(fields: Mapping[str, Any], status: int) -> Response:
    """An answer in JSON."""
    body = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return make_response(body, status, {"Content-Type": "application/json"})


def refusal(error: AppError, locale: str) -> Response:
    """The envelope of a failure, with what HTTP wants beside it."""
    response = envelope(calls.failure(error, locale), error.kind.http)
    response.headers["X-LoyalNest-Error"] = error.kind.code
    if error.kind.http == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="LoyalNest"'
    after = retry_after(error)
    if after is not None:
        response.headers["Retry-After"] = str(after)
    return response


def retry_after(error: AppError) -> int | None:
    """After how many seconds the same call may succeed, where waiting helps."""
    if error.kind.http == 429:
        return int(error.values["seconds"])
    return {"unavailable": 5, "idempotency_key_in_use": 1}.get(error.kind.code)


@blueprint.after_request
def add_headers(response: Response) -> Response:
    """Nobody keeps answers; callers hear what they may still do (draft-ietf-httpapi-ratelimit-
    headers-10: quota q in w seconds, r left, reset in t seconds) and whether this is a replay."""
    response.headers["Cache-Control"] = "no-store"
    notes: calls.Notes = g.get("call_notes") or calls.Notes()
    if notes.allowance is not None:
        left = notes.allowance
        response.headers["RateLimit-Policy"] = f'"key";q={left.limit};w={left.window}'
        response.headers["RateLimit"] = f'"key";r={left.remaining};t={left.reset}'
    if notes.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return response


def row_at(path: str, method: str) -> UseCase:
    """The row of this address. Raises AppError(not_found), MethodNotAllowed."""
    here = {row.method: row for _, row in discovery.use_cases().values() if row.path == path}
    if not here:
        raise AppError(NOT_FOUND)
    if method not in here:
        raise MethodNotAllowed(sorted(here))
    return here[method]


def locale_of(given: Mapping[str, Any]) -> str:
    return calls.asked_locale(
        given, request.args.get("locale"), request.headers.get("Accept-Language")
    )


def read_query() -> Iterator[tuple[str, Any]]:
    """The query as a message: `a[b]=1` is `{"a": {"b": "1"}}`. Raises AppError(invalid_value) for
    a parameter that is there twice."""
    nested: dict[str, dict[str, str]] = {}
    for name, values in request.args.lists():
        parts_of_name = _NESTED.fullmatch(name)
        outer = parts_of_name[1] if parts_of_name else name
        if len(values) > 1 or (outer in request.args and parts_of_name):
            raise AppError(INVALID_VALUE, field=messages.shown("", outer), value="[...]")
        if parts_of_name:
            nested.setdefault(outer, {})[parts_of_name[2]] = values[0]
        else:
            yield name, values[0]
    yield from nested.items()


def read_body(most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """The JSON object in the body. Raises AppError: wrong_content_type, body_too_large,
    malformed_body (also for a field that is there twice, and for what JSON has no word for)."""
    if request.mimetype != "application/json":
        raise AppError(WRONG_CONTENT_TYPE)
    request.max_content_length = most
    try:
        body = request.get_data(cache=False)
        given = json.loads(
            body.decode(), object_pairs_hook=_without_twins, parse_constant=_no_constant
        )
    except RequestEntityTooLarge:
        raise AppError(BODY_TOO_LARGE) from None
    except (BadRequest, ValueError, RecursionError):
        raise AppError(MALFORMED_BODY) from None
    if not isinstance(given, dict):
        raise AppError(MALFORMED_BODY)
    return given


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
