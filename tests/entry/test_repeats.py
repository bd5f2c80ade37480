"""Idempotency-Key: a repeated call is answered once more and done once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from tests.entry.programs import Program, make_program
from tests.factories import FixedClock
from webapp.app import create_app
from webapp.core import answers, discovery
from webapp.core.answers import first_answer
from webapp.parts import Parts

SYNCS = "action = 'multi_store_sync'"


def key(value: str) -> dict[str, str]:
    return {"Idempotency-Key": value}


def test_replay_gives_the_first_answer_and_does_nothing(program: Program) -> None:
    first, second = program.sync(headers=key("k")), program.sync(headers=key("k"))
    assert first.data == second.data
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert program.count("audit_logs", SYNCS) == 1


def test_fields_in_another_order_are_the_same_request(program: Program) -> None:
    program.sync(headers=key("k"), locale="de")
    body = {"locale": "de", "store_ids": [program.tenant.shop], "customer_id": "11"}
    again = program.call("POST", "/v1/api/points/sync", json=body, headers=key("k"))
    assert again.headers["Idempotency-Replayed"] == "true"


def test_same_key_with_another_body_is_refused(program: Program) -> None:
    program.sync(headers=key("k"))
    refused = program.sync(program.member, headers=key("k"))
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (
        409,
        "idempotency_key_reused",
    )


def test_failed_call_does_not_use_its_key_up(program: Program) -> None:
    assert program.sync("12", headers=key("k")).status_code == 404
    assert program.sync(headers=key("k")).status_code == 200


def test_keys_of_two_merchants_do_not_meet(held: Parts, program: Program) -> None:
    other = make_program(held)
    program.sync(headers=key("k"))
    assert "Idempotency-Replayed" not in other.sync(headers=key("k")).headers


def test_key_is_free_again_after_a_day(program: Program, clock: FixedClock) -> None:
    program.sync(headers=key("k"))
    clock.advance(hours=23, minutes=59)
    assert "Idempotency-Replayed" in program.sync(headers=key("k")).headers
    clock.advance(minutes=1)
    assert "Idempotency-Replayed" not in program.sync(headers=key("k")).headers
    assert program.count("audit_logs", SYNCS) == 2


def test_old_answers_are_forgotten_by_the_hourly_work(program: Program, clock: FixedClock) -> None:
    program.sync(headers=key("old"))
    clock.advance(hours=24)
    program.sync(headers=key("new"))
    assert "accounts.forget_answers" in discovery.handlers()
    with program.parts.database.transaction(program.tenant.merchant_id) as ctx:
        assert answers.forget_answers(ctx) == 1
    assert program.count("call_answers", "idempotency_key = 'new'") == 1


@pytest.mark.parametrize("value", ["", "a b", "x" * 256, "\xe9", "\t"])
def test_keys_of_a_wrong_shape_are_refused(program: Program, value: str) -> None:
    refused = program.sync(headers=key(value))
    assert (refused.status_code, refused.get_json()["error"]["code"]) == (422, "invalid_value")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["11", "own", "12"])), max_size=8)
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_series_of_calls_does_each_key_once(
    program: Program, series: list[tuple[str, str]]
) -> None:
    """Against a model: the first success of a key decides what every later call with it gets."""
    first: dict[str, str] = {}
    done = program.count("audit_logs", SYNCS)
    with program.parts.database.transaction(program.tenant.merchant_id) as ctx:
        ctx.db.execute(text("delete from call_answers"))
    for name, customer in series:
        asked = program.member if customer == "own" else customer
        response = program.sync(asked, headers=key(name))
        if name in first:
            wanted = 200 if first[name] == customer else 409
        elif customer == "12":
            wanted = 404
        else:
            first[name], wanted = customer, 200
        assert response.status_code == wanted
    assert program.count("audit_logs", SYNCS) - done == len(first)


def test_many_at_once_are_done_once(committed: Parts) -> None:
    program = make_program(committed)
    app = create_app(committed)

    def call(_: int) -> tuple[int, str | None]:
        caller = Program(app.test_client(), committed, program.tenant, program.key, program.member)
        response = caller.sync(headers=key("k"))
        return response.status_code, response.headers.get("Retry-After")

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(call, range(40)))
    assert (200, None) in seen and seen <= {(200, None), (409, "1")}
    assert program.count("audit_logs", SYNCS) == 1


def test_key_of_a_running_call_is_in_use(committed: Parts) -> None:
    program = make_program(committed)
    with committed.database.transaction(program.tenant.merchant_id) as ctx:
        assert first_answer(ctx, "k", b"hash") is None
        refused = program.sync(headers=key("k"))
        assert refused.get_json()["error"]["code"] == "idempotency_key_in_use"
        ctx.db.rollback()
    assert program.sync(headers=key("k")).status_code == 200
