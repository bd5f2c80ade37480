"""The description of the calls: valid, true, and public."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31
from werkzeug.test import TestResponse

from tests.browser.served import served
from tests.entry.programs import Program, as_shown, example_tenant, make_key
from tests.factories import make_tenant
from webapp.app import create_app
from webapp.core.contract import Example, UseCase
from webapp.entry import docs, openapi
from webapp.gateways.rate_limits import RateLimiter
from webapp.gateways.redis_cache import Guard, connect
from webapp.parts import Parts

BASE = "http://127.0.0.1:8000"
ROWS = openapi.rows()


def documented(built: Parts) -> Program:
    """A program of the merchant that the examples speak of, without a limit."""
    free = RateLimiter(connect("unix:///nowhere/valkey.sock"), Guard(), 1_000_000)
    parts = replace(built, limiter=free)
    tenant = example_tenant(parts.database)
    key = make_key(parts.database, tenant, *{row.permission for _, row in ROWS})
    return Program(create_app(parts).test_client(), parts, tenant, key, "")


def test_document_is_valid_openapi() -> None:
    Draft202012Validator(OPENAPI_31).validate(openapi.document(BASE))


def test_every_row_is_an_operation_with_every_status() -> None:
    document = openapi.document(BASE)
    for _, row in ROWS:
        operation = document["paths"][row.path][row.method.lower()]
        wanted = {"200", "401", "403", "404", "422", "429", "500", "503"}
        if row.method != "GET":
            wanted |= {"400", "409", "413", "415"}
        assert wanted <= set(operation["responses"]), row.name
        assert row.examples and operation["operationId"] == row.name
    assert sum(len(path) for path in document["paths"].values()) == len(ROWS)


@pytest.mark.parametrize(
    ("row", "example"),
    [(row, example) for _, row in ROWS for example in row.examples],
    ids=lambda value: getattr(value, "name", ""),
)
def test_examples_are_true_for_their_merchant_only(
    held: Parts, row: UseCase, example: Example
) -> None:
    program = documented(held)
    response = call(program, row, example)
    wanted = {"status": "ok", **example.answer, "error": None}
    assert as_shown(response.json or {}, wanted) == wanted
    program.key = make_key(held.database, make_tenant(held.database), row.permission)
    assert call(program, row, example).status_code == 404, "another merchant sees nothing of it"


def call(program: Program, row: UseCase, example: Example) -> TestResponse:
    if row.method == "GET":
        return program.call("GET", f"{row.path}?{docs.query(example.given)}")
    return program.call(row.method, row.path, json=example.given)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_description_is_public_and_cached(program: Program, path: str) -> None:
    first = program.web.get(path)
    assert first.status_code == 200 and "max-age" in first.headers["Cache-Control"]
    again = program.web.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_page_tells_every_call_and_code(program: Program) -> None:
    page = program.web.get("/docs").text
    document = json.dumps(program.web.get("/openapi.json").get_json())
    for _, row in ROWS:
        for told in (row.path, row.permission, row.grpc, *(k.code for k in openapi.kinds(row))):
            assert told in page and told in document


@pytest.mark.parametrize(
    "cases", [25, pytest.param(1_000, marks=pytest.mark.full)], ids=["moderate", "thorough"]
)
def test_schemathesis_finds_nothing(committed: Parts, tmp_path: Path, cases: int) -> None:
    """Every check of schemathesis, on every operation, with the same cases every time."""
    program = documented(committed)
    with served(program.parts) as address:
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
            *("--url", address, "--header", f"Authorization: Bearer {program.key}"),
            *("--mode", "all", "--phases", "examples,coverage,fuzzing", "--seed", "2026"),
            *("--max-examples", str(cases), "--generation-deterministic", "--workers", "1"),
        ]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert ran.returncode == 0, ran.stdout[-8_000:] + ran.stderr[-2_000:]
    assert "No issues found" in ran.stdout, ran.stdout
