"""The gRPC server over a real channel."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from sqlalchemy import create_engine, make_url, text

from tests.conftest import Servers, settings_for
from tests.factories import FixedClock, Tenant, import_orders, make_tenant, write_orders
from tests.rpc_client import Answer, RpcClient
from webapp.core import discovery, i18n
from webapp.entry import descriptors
from webapp.entry.rest import MAX_BODY_BYTES
from webapp.entry.rpc import THREADS, RpcServer, seconds_left
from webapp.features.accounts import service as accounts
from webapp.features.accounts.messages import CreateServiceKey
from webapp.parts import Parts, build

SYNC = "points.v1.PointsService/SyncPoints"
ROOT = Path(__file__).parents[2]
HEALTH = health_pb2.HealthCheckResponse


@pytest.fixture
def tenant(committed: Parts, tmp_path: Path) -> Tenant:
    """A shop with the customer 7."""
    made = make_tenant(committed.database)
    import_orders(committed.database, made, write_orders(tmp_path / "o", "7,2026-01-05,9.00,USD"))
    return made


@pytest.fixture
def key(committed: Parts, tenant: Tenant) -> str:
    with committed.database.transaction(tenant.merchant_id) as ctx:
        wanted = CreateServiceKey(frozenset({"admin:points"}))
        return accounts.create_service_key(ctx, wanted)


def serving(parts: Parts) -> Iterator[RpcClient]:
    server = RpcServer(parts, "127.0.0.1:0")
    client = RpcClient(server.address)
    yield client
    client.close()
    server.stop(0)


@pytest.fixture
def client(committed: Parts) -> Iterator[RpcClient]:
    yield from serving(committed)


@pytest.fixture
def blind(servers: Servers, clock: FixedClock) -> Iterator[RpcClient]:
    """A server whose database cannot be reached."""
    gone = "postgresql+psycopg://loyalnest_app@127.0.0.1:9/gone"
    yield from serving(build(settings_for(gone, servers.redis_url), clock))


def health_of(client: RpcClient, service: str = "") -> int:
    stub = health_pb2_grpc.HealthStub(client.channel)
    return int(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=20).status)


def sync(
    client: RpcClient, tenant: Tenant, key: str | None, timeout: float = 20, **metadata: str
) -> Answer:
    given = {"customer_id": "7", "store_ids": [tenant.shop]}
    return client.call(SYNC, given, key=key, timeout=timeout, **metadata)


def test_health_follows_the_database(client: RpcClient, blind: RpcClient) -> None:
    for service in ("", *descriptors.SERVICES):
        assert health_of(client, service) == HEALTH.SERVING
        assert health_of(blind, service) == HEALTH.NOT_SERVING


def test_a_watcher_hears_of_a_shutdown(committed: Parts) -> None:
    server = RpcServer(committed, "127.0.0.1:0")
    client = RpcClient(server.address)
    watched = health_pb2_grpc.HealthStub(client.channel).Watch(health_pb2.HealthCheckRequest())
    assert next(watched).status == HEALTH.SERVING
    threading.Thread(target=server.stop, args=(5,)).start()
    assert next(watched).status == HEALTH.NOT_SERVING
    client.close()


def test_callers_who_send_nothing_keep_nobody_waiting(
    client: RpcClient, tenant: Tenant, key: str
) -> None:
    unknown = (set(descriptors.methods()) - {SYNC}).pop()
    health = "grpc.health.v1.Health"
    mirror = "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
    over = threading.Event()

    def nothing() -> Iterator[bytes]:
        over.wait()
        yield from ()

    held: list[Any] = [
        client.channel.stream_stream(f"/{name}")(nothing())  # type: ignore[arg-type]
        for name in (SYNC, unknown, f"{health}/Check", f"{health}/Watch", mirror)
        for _ in range(THREADS)
    ]
    try:
        assert sync(client, tenant, key, timeout=5).status == "OK"
        assert health_of(client) == HEALTH.SERVING
    finally:
        for call in held:
            call.cancel()
        over.set()


def test_without_a_database_a_call_is_refused_as_unavailable(blind: RpcClient) -> None:
    answer = blind.call(SYNC, {}, key="lnk_any")
    assert (answer.status, answer.code) == ("UNAVAILABLE", "unavailable")


def test_reflection_tells_every_method(client: RpcClient) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(client.channel)
    ask = reflection_pb2.ServerReflectionRequest
    questions = [
        ask(list_services=""),
        *(ask(file_containing_symbol=s) for s in descriptors.SERVICES),
    ]
    listed, *files = stub.ServerReflectionInfo(iter(questions), timeout=20)
    names = {service.name for service in listed.list_services_response.service}
    assert names > {*descriptors.SERVICES, "grpc.health.v1.Health"}
    told = [
        FileDescriptorProto.FromString(data)
        for file in files
        for data in file.file_descriptor_response.file_descriptor_proto
    ]
    methods = {
        f"{file.package}.{service.name}/{method.name}"
        for file in told
        for service in file.service
        for method in service.method
    }
    assert methods == set(descriptors.methods())


@pytest.mark.parametrize(
    "name",
    sorted(set(descriptors.methods()) - {row.grpc for _, row in discovery.use_cases().values()}),
)
def test_a_method_without_a_row_says_so_in_the_callers_language(
    blind: RpcClient, name: str
) -> None:
    answer = blind.call(name, {}, accept_language="de-DE,de;q=0.9")
    assert (answer.status, answer.code) == ("UNIMPLEMENTED", "not_implemented")
    assert answer.message == i18n.text(
        "de", "error.not_implemented", "This call is not available yet."
    )


def test_a_failure_carries_its_code_for_programs(client: RpcClient) -> None:
    answer = client.call(SYNC, {})
    assert (answer.status, answer.code) == ("UNAUTHENTICATED", "service_key_invalid")
    info = answer.detail("ErrorInfo")
    assert (info.reason, info.domain) == ("service_key_invalid", "loyalnest")  # type: ignore[attr-defined]


def test_bytes_that_are_no_message_are_the_callers_fault(client: RpcClient, key: str) -> None:
    answer = client.send(SYNC, b"\xff\xff\xff", key=key)
    assert (answer.status, answer.code) == ("INVALID_ARGUMENT", "malformed_body")


def test_a_message_that_is_too_large_is_not_read(client: RpcClient, key: str) -> None:
    answer = client.send(SYNC, b"\n" * (MAX_BODY_BYTES + 1), key=key)
    assert answer.status == "RESOURCE_EXHAUSTED"


def test_a_long_value_leaves_the_answer_readable(client: RpcClient, key: str) -> None:
    given = {"customer_id": "好" * 200, "store_ids": ["岁" * 200]}
    answer = client.call(SYNC, given, key=key)
    assert (answer.status, answer.code) == ("NOT_FOUND", "customer_not_found")


def test_too_many_calls_are_told_when_to_come_back(
    committed: Parts, tenant: Tenant, key: str
) -> None:
    parts = build(replace(committed.settings, calls_a_minute=1), committed.clock)
    for client in serving(parts):
        answers = [sync(client, tenant, key) for _ in range(2)]
    parts.close()
    assert [answer.status for answer in answers] == ["OK", "RESOURCE_EXHAUSTED"]
    refused = answers[1]
    assert refused.code == "rate_limited"
    wait = refused.detail("RetryInfo").retry_delay.seconds  # type: ignore[attr-defined]
    assert 0 < wait <= 60
    assert refused.metadata["grpc-retry-pushback-ms"] == str(1000 * wait)


def test_a_replay_says_so(client: RpcClient, tenant: Tenant, key: str) -> None:
    first, second = (sync(client, tenant, key, idempotency_key="k") for _ in range(2))
    assert first.fields == second.fields
    replayed = [answer.metadata.get("idempotency-replayed") for answer in (first, second)]
    assert replayed == [None, "true"]


def test_a_surprise_tells_the_caller_nothing(
    committed: Parts, servers: Servers, tenant: Tenant, client: RpcClient, key: str
) -> None:
    administer(servers, committed, "alter table audit_logs rename to elsewhere")
    answer = sync(client, tenant, key)
    assert (answer.status, answer.code) == ("INTERNAL", "internal")
    assert "audit_logs" not in answer.message + str(answer.metadata)


def test_a_statement_ends_with_the_callers_patience(
    committed: Parts, servers: Servers, tenant: Tenant, client: RpcClient, key: str
) -> None:
    engine = create_engine(admin_url(servers, committed))
    with engine.begin() as connection:
        connection.execute(text("lock table audit_logs in exclusive mode"))
        answer = sync(client, tenant, key, 0.5)
        assert answer.status == "DEADLINE_EXCEEDED"
        waiting = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
        deadline = time.monotonic() + 5
        while connection.scalar(waiting):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    engine.dispose()
    with committed.database.transaction(tenant.merchant_id, readonly=True) as ctx:
        audited = "select count(*) from audit_logs where action = 'multi_store_sync'"
        assert ctx.db.scalar(text(audited)) == 0
    assert sync(client, tenant, key).status == "OK"


class Call:
    """What grpcio says of a call, as far as deadlines go."""

    def __init__(self, left: float) -> None:
        self.left = left

    def time_remaining(self) -> float:
        return self.left


def test_a_call_that_nobody_waits_for_is_not_started() -> None:
    with pytest.raises(Exception, match="deadline_exceeded"):
        seconds_left(Call(0))  # type: ignore[arg-type]


@pytest.mark.parametrize(("left", "given"), [(2.5, 2.5), (float("inf"), 30), (3600, 30)])
def test_a_call_has_its_callers_time_and_an_end(left: float, given: float) -> None:
    assert seconds_left(Call(left)) == given  # type: ignore[arg-type]


def test_a_taken_port_is_refused(committed: Parts) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(RuntimeError):
            RpcServer(committed, f"127.0.0.1:{taken.getsockname()[1]}")


def test_the_verb_serves_until_it_is_told_to_stop(committed: Parts) -> None:
    settings = committed.settings
    environment = {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "LOYALNEST_SECRET_KEY": settings.secret_key,
        "LOYALNEST_ENCRYPTION_KEYS": "k1:MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTE=",
    }
    command = [sys.executable, "-m", "webapp.rpc", "--bind", "127.0.0.1:0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        try:
            client = RpcClient(process.stdout.readline().removeprefix("ready ").strip())
            assert health_of(client) == HEALTH.SERVING
            client.close()
            process.terminate()
            assert process.wait(20) == 0
        finally:
            # What has failed above must not keep the run waiting for ever.
            process.kill()


def admin_url(servers: Servers, parts: Parts) -> str:
    database = make_url(parts.settings.database_url).database
    return make_url(servers.admin_url).set(database=database).render_as_string(hide_password=False)


def administer(servers: Servers, parts: Parts, sql: str) -> None:
    engine = create_engine(admin_url(servers, parts), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(sql))
    engine.dispose()
