"""The path of a call, with rows that no feature has yet: reading, nested queries, own merchant."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.entry.programs import Program
from webapp.app import create_app
from webapp.core.context import Context
from webapp.core.contract import Example, UseCase
from webapp.core.errors import AppError
from webapp.core.messages import Id
from webapp.entry import calls, docs, openapi, rest


@dataclass(frozen=True, slots=True)
class Days:
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class AskDays:
    merchant_id: Id
    date_range: Days


@dataclass(frozen=True, slots=True)
class DaysCounted:
    days: int


def count_days(ctx: Context, message: AskDays) -> DaysCounted:
    return DaysCounted((message.date_range.end - message.date_range.start).days)


def write_something(ctx: Context, message: AskDays) -> DaysCounted:
    ctx.audit("written")
    return count_days(ctx, message)


def fail_after_writing(ctx: Context, message: AskDays) -> DaysCounted:
    ctx.audit("written")
    raise RuntimeError("a fault of ours")


GIVEN = {"merchant_id": "mer_1", "date_range": {"start": "2026-01-01", "end": "2026-01-31"}}
ROW = UseCase(
    name="count_days",
    permission="admin:analytics",
    rest="GET /v1/api/days",
    grpc="days.v1.DaysService/CountDays",
    message=AskDays,
    result=DaysCounted,
    run=count_days,
    summary="Count days",
    detail="How many days there are.",
    examples=(Example(GIVEN, {"days": 30}),),
    write=False,
)


def perform(program: Program, row: UseCase, merchant_id: str | None = None) -> dict[str, Any]:
    given = {**GIVEN, "merchant_id": merchant_id or program.tenant.merchant_id}
    credential = f"Bearer {program.key}"
    return calls.perform(
        program.parts, row, credential, given, locale="en", idempotency_key="k", from_text=True
    )


def test_reading_row_answers(program: Program) -> None:
    assert perform(program, ROW) == {"status": "ok", "days": 30, "error": None}
    assert program.count("call_answers") == 0


def test_reading_row_cannot_write(program: Program) -> None:
    with pytest.raises(Exception, match="read-only transaction"):
        perform(program, replace(ROW, run=write_something))


def test_fault_leaves_nothing_and_frees_the_key(program: Program) -> None:
    row = replace(ROW, rest="POST /v1/api/days", write=True)
    with pytest.raises(RuntimeError):
        perform(program, replace(row, run=fail_after_writing))
    assert program.count("audit_logs", "action = 'written'") == 0
    perform(program, replace(row, run=write_something))
    perform(program, replace(row, run=write_something))
    assert program.count("audit_logs", "action = 'written'") == 1


def test_another_merchant_is_not_found(program: Program) -> None:
    with pytest.raises(AppError, match="merchant_not_found"):
        perform(program, ROW, "mer_other")


def test_faults_are_not_told(program: Program) -> None:
    told = calls.failure(calls.visible(RuntimeError("password=hunter2")), "en")
    assert told["error"]["code"] == "internal" and "hunter2" not in str(told)


@pytest.fixture
def app(program: Program) -> Flask:
    return create_app(program.parts)


def read(app: Flask, query: str) -> dict[str, Any]:
    with app.test_request_context(f"/v1/api/days?{query}"):
        return dict(rest.read_query())


def test_brackets_in_a_query_are_an_object(app: Flask) -> None:
    assert read(app, docs.query(GIVEN)) == GIVEN
    assert read(app, "a%5Bb%5D=1&c=") == {"a": {"b": "1"}, "c": ""}


@pytest.mark.parametrize("query", ["a=1&a=2", "a[b]=1&a[b]=2", "a=1&a[b]=2"])
def test_twice_in_a_query_is_refused(app: Flask, query: str) -> None:
    with pytest.raises(AppError, match="invalid_value: a "):
        read(app, query)


def test_reading_row_is_described_by_its_parameters() -> None:
    schemas: dict[str, Any] = {}
    described = openapi.operation("days", ROW, schemas)
    by_name = {p["name"]: p for p in described["parameters"] if "name" in p}
    assert by_name["date_range"]["style"] == "deepObject" and by_name["date_range"]["required"]
    assert "requestBody" not in described and "404" in described["responses"]
    assert set(schemas) == {"Days", "DaysCounted"}
    assert "date_range[start]=2026-01-01" in docs.curl("https://x", ROW, GIVEN)


def test_keys_written_into_a_database_are_hashes_only(program: Program) -> None:
    with program.parts.database.transaction(program.tenant.merchant_id) as ctx:
        stored = str(ctx.db.execute(text("select k::text from service_keys k")).all())
    assert program.key not in stored
