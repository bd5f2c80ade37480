"""A row answers alike by REST and by gRPC, and leaves the same behind."""

import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.conftest import Servers, own_parts
from tests.contract.ways import NOTHING, Told, Ways, World, wrong_messages
from tests.entry.programs import as_shown, example_tenant, make_member
from tests.factories import FixedClock, make_tenant
from tests.rpc_client import RpcClient
from webapp.app import create_app
from webapp.core import discovery
from webapp.core.contract import Example, UseCase
from webapp.entry.rpc import RpcServer
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import CreateServiceKey
from webapp.parts import Parts, build

ROWS = [row for _, row in discovery.use_cases().values() if row.grpc]
EXAMPLES = [(row, example) for row in ROWS for example in row.examples]
LOCALES = ("de", "ar")
NOW = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


@pytest.fixture(scope="module")
def world(servers: Servers) -> Iterator[World]:
    with own_parts(servers, FixedClock(NOW), calls_a_minute=1_000_000) as parts:
        tenant, other = example_tenant(parts.database), make_tenant(parts.database)
        stranger = make_member(parts.database, other, "12", 100)
        yield World(parts, tenant, other, stranger)


@pytest.fixture(scope="module")
def ways(world: World) -> Iterator[Ways]:
    yield from serving(world.parts)


def serving(parts: Parts) -> Iterator[Ways]:
    """Both servers on ports of their own."""
    rpc = RpcServer(parts, "127.0.0.1:0")
    client = RpcClient(rpc.address)
    with make_server("127.0.0.1", 0, create_app(parts), threaded=True) as web:
        worker = threading.Thread(target=web.serve_forever, args=(0.01,))
        worker.start()
        yield Ways(web.server_port, client)
        web.shutdown()
        worker.join()
    client.close()
    rpc.stop(0)


@dataclass(frozen=True)
class Both:
    """Calls both ways and compares."""

    world: World
    ways: Ways

    def __call__(
        self, row: UseCase, given: Mapping[str, Any], key: str | None, **headers: str
    ) -> Told:
        """What both ways told, which must be the same, as must be what they left behind."""
        start = self.world.traces()
        by_rest = self.ways.rest(row, given, key, **headers)
        middle = self.world.traces()
        by_grpc = self.ways.grpc(row, given, key, **headers)
        end = self.world.traces()
        assert by_rest == by_grpc
        assert middle.since(start) == end.since(middle)
        if by_rest.code:
            assert end.since(start) == NOTHING
        return by_rest


@pytest.fixture
def both(world: World, ways: Ways) -> Both:
    return Both(world, ways)


@pytest.mark.parametrize(("row", "example"), EXAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_examples_are_answered_alike(both: Both, row: UseCase, example: Example) -> None:
    start = both.world.traces()
    told = both(row, example.given, both.world.key(row.permission))
    wanted = {"status": "ok", **example.answer, "error": None}
    assert as_shown(told.fields, wanted) == wanted
    if row.write:
        assert both.world.traces().since(start).audit


@every_row
def test_what_is_wrong_is_refused_alike(both: Both, row: UseCase) -> None:
    key, refused = both.world.key(row.permission), {}
    for what, given in wrong_messages(row, both.world):
        for locale in LOCALES:
            asked = {k: v for k, v in given.items() if k != "locale" or "locale" in what}
            told = both(row, asked, key, accept_language=locale)
            refused[what] = told.code
    accepted = {what for what, code in refused.items() if not code}
    assert {what for what in accepted if not what.endswith(" locale")} == set()
    foreign = {code for what, code in refused.items() if what.startswith("foreign")}
    assert foreign and all(code.endswith("_not_found") for code in foreign)


@every_row
def test_who_may_not_call_hears_it_alike(both: Both, row: UseCase) -> None:
    given = row.examples[0].given
    with both.world.parts.database.transaction(both.world.tenant.merchant_id) as ctx:
        wanted = CreateServiceKey(frozenset({row.permission}), NOW - timedelta(seconds=1))
        expired = accounts.create_service_key(ctx, wanted)
    callers = {
        None: "service_key_invalid",
        "": "service_key_invalid",
        "lnk_nobody": "service_key_invalid",
        expired: "service_key_invalid",
        both.world.key("admin:settings"): "permission_denied",
    }
    for locale in LOCALES:
        for key, code in callers.items():
            assert both(row, {**given, "locale": locale}, key).code == code


@pytest.mark.parametrize("row", [row for row in ROWS if row.repeatable], ids=lambda row: row.name)
@pytest.mark.parametrize("first", ["rest", "grpc"])
def test_a_repeated_key_is_one_call_whichever_way(both: Both, row: UseCase, first: str) -> None:
    key, repeated = both.world.key(row.permission), f"k-{uuid.uuid4()}"
    given = row.examples[0].given
    call, again = (
        (both.ways.rest, both.ways.grpc) if first == "rest" else (both.ways.grpc, both.ways.rest)
    )
    told = call(row, given, key, idempotency_key=repeated)
    before = both.world.traces()
    assert again(row, given, key, idempotency_key=repeated) == told
    assert call(row, given, key, idempotency_key=repeated) == told
    changed = {**given, "locale": "fr"}
    assert again(row, changed, key, idempotency_key=repeated).code == "idempotency_key_reused"
    assert both.world.traces() == before


def test_both_ways_count_towards_one_limit(world: World) -> None:
    settings = replace(world.parts.settings, calls_a_minute=3)
    parts: Parts = build(settings, world.parts.clock)
    row = ROWS[0]
    key = world.key(row.permission)
    for limited in serving(parts):
        told = [limited.rest, limited.grpc, limited.rest, limited.grpc, limited.rest]
        codes = [call(row, row.examples[0].given, key).code for call in told]
    parts.close()
    assert codes == ["", "", "", "rate_limited", "rate_limited"]
