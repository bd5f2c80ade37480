"""Calls of programs over REST: who may, what is refused and how, and what a call leaves behind."""

from dataclasses import replace
from typing import Any

import pytest

from tests.entry.programs import SYNC, Program, make_key, make_member, make_program
from webapp.app import create_app
from webapp.core import i18n
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import ConnectStore
from webapp.gateways.rate_limits import RateLimiter
from webapp.gateways.redis_cache import Guard, connect
from webapp.parts import Parts, build

JSON = {"Content-Type": "application/json"}


def code(response: Any) -> tuple[int, str]:
    """(status, code) of a refusal, whose envelope is checked on the way."""
    body = response.get_json()
    assert response.mimetype == "application/json"
    assert set(body) == {"status", "error"} and body["status"] == "error"
    assert set(body["error"]) == {"code", "message"} and body["error"]["message"]
    assert response.headers["X-LoyalNest-Error"] == body["error"]["code"]
    return response.status_code, body["error"]["code"]


def test_sync_gives_the_balance_in_the_envelope(program: Program) -> None:
    response = program.sync()
    assert response.status_code == 200
    assert response.get_json() == {"status": "ok", "points_balance": 12, "error": None}
    assert response.headers["Cache-Control"] == "no-store"


def test_sync_pushes_even_what_the_store_should_show(program: Program) -> None:
    before = program.count("points_transactions")
    assert program.sync().status_code == 200
    pushes = program.count("outbox", "topic = 'points.changed' and payload ->> 'again' = 'true'")
    assert (pushes, program.count("audit_logs", "action = 'multi_store_sync'")) == (1, 1)
    assert program.count("outbox", "payload ->> 'event' = 'multi_store_sync'") == 1
    assert program.count("points_transactions") == before


@pytest.mark.parametrize("asked", ["11", "gid://shopify/Customer/11", "our own"])
def test_members_are_found_by_every_kind_of_id(program: Program, asked: str) -> None:
    asked = program.member if asked == "our own" else asked
    assert program.sync(asked).get_json()["points_balance"] == 12


def test_an_id_that_two_members_have_is_ambiguous(program: Program) -> None:
    tenant = program.tenant
    with program.parts.database.transaction(tenant.merchant_id) as ctx:
        app = ctx.db.connection().exec_driver_sql("select app_id from stores").scalar_one()
        store_id = accounts.connect_store(ctx, ConnectStore("b.myshopify.com", app, "USD"))
    second = replace(tenant, store_id=store_id, shop="b.myshopify.com")
    make_member(program.parts.database, second, "11", 100)
    assert code(program.sync()) == (409, "customer_ambiguous")
    assert program.sync(program.member).status_code == 200


REFUSED_BODIES = [
    ({}, 422, "field_required"),
    ({"customer_id": "", "store_ids": ["x"]}, 422, "field_required"),
    ({"customer_id": "11", "store_ids": []}, 422, "field_required"),
    ({"customer_id": 11, "store_ids": ["x"]}, 422, "invalid_value"),
    ({"customer_id": "11", "store_ids": "x"}, 422, "invalid_value"),
    ({"customer_id": "11", "store_ids": ["x"], "more": 1}, 422, "field_unknown"),
    ({"customer_id": "1\0", "store_ids": ["x"]}, 422, "invalid_value"),
    ({"customer_id": "1" * 3_000, "store_ids": ["x"]}, 422, "invalid_value"),
    ({"customer_id": "11", "store_ids": ["x"] * 51}, 422, "invalid_value"),
    ({"customer_id": "\ud800", "store_ids": ["x"]}, 422, "invalid_value"),
    ({"customer_id": "12", "store_ids": ["x"]}, 404, "customer_not_found"),
    ({"customer_id": "11", "store_ids": ["x"]}, 404, "store_not_found"),
]


@pytest.mark.parametrize(("body", "status", "name"), REFUSED_BODIES)
def test_wrong_messages_are_refused(program: Program, body: Any, status: int, name: str) -> None:
    assert code(program.call("POST", SYNC, json=body)) == (status, name)
    assert program.count("audit_logs", "action = 'multi_store_sync'") == 0


REFUSED_REQUESTS = [
    ("POST", SYNC, b"{", JSON, 400, "malformed_body"),
    ("POST", SYNC, b"[]", JSON, 400, "malformed_body"),
    ("POST", SYNC, b"", JSON, 400, "malformed_body"),
    ("POST", SYNC, b'{"a": 1, "a": 2}', JSON, 400, "malformed_body"),
    ("POST", SYNC, b'{"a": NaN}', JSON, 400, "malformed_body"),
    ("POST", SYNC, b"\xff", JSON, 400, "malformed_body"),
    ("POST", SYNC, b'{"a":' * 50_000, JSON, 400, "malformed_body"),
    ("POST", SYNC, b"{}", {"Content-Type": "text/plain"}, 415, "wrong_content_type"),
    ("POST", SYNC, b"", {}, 415, "wrong_content_type"),
    ("POST", SYNC, b" " * 262_145, JSON, 413, "body_too_large"),
    ("POST", SYNC, b" " * 10_000_000, JSON, 413, "body_too_large"),
    ("GET", SYNC, b"", {}, 405, "method_not_allowed"),
    ("OPTIONS", SYNC, b"", {}, 405, "method_not_allowed"),
    ("PROPFIND", SYNC, b"", {}, 405, "method_not_allowed"),
    ("POST", "/v1/api/nothing", b"{}", JSON, 404, "not_found"),
    ("POST", "/v1/", b"{}", JSON, 404, "not_found"),
    ("POST", "/v1", b"{}", JSON, 404, "not_found"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status", "name"),
    REFUSED_REQUESTS,
    ids=lambda value: str(value)[:20],
)
def test_wrong_requests_are_refused_in_json(
    held: Parts,
    program: Program,
    method: str,
    path: str,
    body: bytes,
    headers: dict[str, str],
    status: int,
    name: str,
) -> None:
    response = program.call(method, path, data=body, headers=headers)
    assert code(response) == (status, name)
    assert status != 405 or response.headers["Allow"]


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "Bearer",
        "Bearer lnk_unknown",
        "Basic lnk_x",
        "Bearer lnk_" + "x" * 5_000,
        "Bearer l\xff",
    ],
)
def test_without_a_valid_key_nothing_is_done(program: Program, credential: str) -> None:
    program.key = ""
    response = program.sync(headers={"Authorization": credential})
    assert code(response) == (401, "service_key_invalid")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_ended_keys_look_like_unknown_ones(program: Program) -> None:
    answers = [program.sync(headers={"Authorization": "Bearer lnk_unknown"}).data]
    with program.parts.database.transaction(program.tenant.merchant_id) as ctx:
        accounts.revoke_service_key(ctx, accounts.list_service_keys(ctx)[0].key_id)
    answers.append(program.sync().data)
    assert answers[0] == answers[1]


def test_a_key_needs_the_permission_of_the_call(program: Program) -> None:
    program.key = make_key(program.parts.database, program.tenant, "admin:analytics")
    response = program.sync()
    assert code(response) == (403, "permission_denied")
    assert "admin:points" in response.get_json()["error"]["message"]


def test_two_tenants_see_nothing_of_each_other(held: Parts, program: Program) -> None:
    other = make_program(held)
    assert code(program.sync(other.member)) == (404, "customer_not_found")
    assert code(program.sync(store_ids=[other.tenant.shop])) == (404, "store_not_found")
    assert code(program.sync(store_ids=[other.tenant.store_id])) == (404, "store_not_found")
    assert other.count("audit_logs", "action = 'multi_store_sync'") == 0


def test_messages_come_in_the_language_of_the_body(program: Program) -> None:
    said = {
        locale: program.sync(store_ids=["x"], locale=locale, headers={"Accept-Language": "fr"})
        for locale in i18n.LOCALES
    }
    messages = {answer.get_json()["error"]["message"] for answer in said.values()}
    assert len(messages) == len(i18n.LOCALES)


def test_language_falls_back_to_query_then_header(program: Program) -> None:
    def said(query: str, accepted: str) -> str:
        body = {"customer_id": "11", "store_ids": ["x"]}
        headers = {"Accept-Language": accepted}
        answer = program.call("POST", SYNC + query, json=body, headers=headers)
        return str(answer.get_json()["error"]["message"])

    assert said("?locale=de", "fr") == said("", "de") != said("", "fr")
    assert said("?locale=de", "fr") != said("", "")


def test_secrets_are_not_repeated(program: Program) -> None:
    body = {"customer_id": 11, "store_ids": ["x"], program.key: program.key}
    for given in (body, {"customer_id": [program.key], "store_ids": 5}):
        answer = program.call("POST", SYNC, json=given)
        assert program.key not in answer.text


def test_database_that_is_away_is_said_in_json(held: Parts, program: Program) -> None:
    gone = replace(held.settings, database_url="postgresql+psycopg://x@127.0.0.1:1/x")
    web = create_app(build(gone)).test_client()
    response = web.post(SYNC, json={}, headers={"Authorization": f"Bearer {program.key}"})
    assert code(response) == (503, "unavailable")
    assert response.headers["Retry-After"]


def test_calls_over_the_limit_are_refused_with_headers(program: Program) -> None:
    limiter = RateLimiter(connect("unix:///nowhere/valkey.sock"), Guard(), 2)
    program.web = create_app(replace(program.parts, limiter=limiter)).test_client()
    first, second, third = program.sync(), program.sync("12"), program.sync()
    assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"key";r=1;t=')
    assert second.headers["RateLimit"].startswith('"key";r=0;t=')
    assert code(third) == (429, "rate_limited")
    assert 1 <= int(third.headers["Retry-After"]) <= 120
    assert program.count("audit_logs", "action = 'multi_store_sync'") == 1


def test_faults_are_said_in_json(program: Program) -> None:
    broken = create_app(replace(program.parts, limiter=None))  # type: ignore[arg-type]  # a fault
    program.web = broken.test_client()
    assert code(program.sync()) == (500, "internal")
