"""gRPC: the same rows as the REST routes, as methods of the services in `protos/`.

A call is read into plain values, performed by `calls`, and its answer or failure written back;
nothing is decided here. Metadata: `authorization: Bearer lnk_...`, `idempotency-key` for writes,
`accept-language`. An answer that was given before carries `idempotency-replayed: true`.

A thread that waits for a message serves nobody else, and a caller may begin a call and never send
one. So for callers who have not shown a key only a few threads wait at once: all methods, also
those of health and reflection, are handled as if messages streamed in.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import (  # type: ignore[import-untyped]
    reflection,
    reflection_pb2,
    reflection_pb2_grpc,
)

from webapp.core import discovery
from webapp.core.contract import UseCase
from webapp.core.errors import (
    DEADLINE_EXCEEDED,
    MALFORMED_BODY,
    NOT_IMPLEMENTED,
    RATE_LIMITED,
    AppError,
)
from webapp.entry import Parts, calls, descriptors, rpc_failures
from webapp.entry.descriptors import Method
from webapp.entry.rest import MAX_BODY_BYTES
from webapp.entry.rpc_health import Pulse
from webapp.entry.rpc_waiting import WaitingRoom

THREADS = 16
# More calls than this at once are refused, so that nobody waits behind a queue without end.
CALLS_AT_ONCE = 256
# What a call may take when its caller sets no deadline.
LONGEST_CALL_SECONDS = 30.0
REPLAYED_KEY = "idempotency-replayed"
METADATA_BYTES = 16_384
MINUTE = 60_000
OPTIONS = (
    ("grpc.max_receive_message_length", MAX_BODY_BYTES),
    ("grpc.max_metadata_size", METADATA_BYTES),
    ("grpc.max_concurrent_streams", CALLS_AT_ONCE),
    # Two servers on one port would each get some of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.keepalive_time_ms", 2 * MINUTE),
    ("grpc.keepalive_timeout_ms", MINUTE // 3),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.min_ping_interval_without_data_ms", MINUTE // 2),
    ("grpc.max_connection_idle_ms", 15 * MINUTE),
    # Connections come to an end, so that a balancer can lead them to new servers.
    ("grpc.max_connection_age_ms", 30 * MINUTE),
    ("grpc.max_connection_age_grace_ms", MINUTE),
)

# How many threads wait at once for callers without a key, and for those who ask what there is.
STRANGERS = MIRRORS = 2

Handler = Callable[[Iterator[bytes], grpc.ServicerContext], bytes]


class RpcServer:
    """The server of one process, listening from the start. `address` is where (`HOST:PORT`)."""

    def __init__(self, parts: Parts, bind: str) -> None:
        """Raises RuntimeError when `bind` cannot be had; port 0 takes a free one."""
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="rpc")
        self._server = grpc.server(pool, options=OPTIONS, maximum_concurrent_rpcs=CALLS_AT_ONCE)
        self._server.add_generic_rpc_handlers(tuple(services(parts)))
        self._pulse = Pulse(parts.database, descriptors.SERVICES)
        self._pulse.attach(self._server)
        reflect(self._server)
        port = self._server.add_insecure_port(bind)
        self.address = f"{bind.rpartition(':')[0]}:{port}"
        self._server.start()

    def stop(self, grace: float) -> None:
        """Take no more calls, and give those that run `grace` seconds."""
        self._pulse.leave()
        self._server.stop(grace).wait()


def services(parts: Parts) -> list[grpc.GenericRpcHandler]:
    """A handler for every service; methods without a row say that they are not there yet."""
    rows = {row.grpc: row for _, row in discovery.use_cases().values() if row.grpc}
    strangers = WaitingRoom(STRANGERS)
    handlers: dict[str, dict[str, grpc.RpcMethodHandler[bytes, bytes]]] = {}
    for name, method in descriptors.methods().items():
        service, _, short = name.partition("/")
        row = rows.get(name)
        answer = answering(parts, row, method, strangers) if row else refusing
        handlers.setdefault(service, {})[short] = grpc.stream_unary_rpc_method_handler(answer)
    return [grpc.method_handlers_generic_handler(s, found) for s, found in handlers.items()]


def answering(parts: Parts, row: UseCase, method: Method, strangers: WaitingRoom) -> Handler:
    """What answers the calls of a row. A caller without a key is read as well where that is
    possible, for the message may say in which language to refuse it."""

    def answer(sent: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
        metadata, notes = metadata_of(context), calls.Notes()
        wished = metadata.get("accept-language")
        given: dict[str, Any] = {}
        try:
            known = shows_key(parts, metadata)
            given = method.read(next(sent, b"") if known else strangers.first(sent, b""))
            locale = calls.asked_locale(given, None, wished)
            fields = calls.perform(
                parts,
                row,
                metadata.get("authorization"),
                given,
                locale=locale,
                idempotency_key=metadata.get("idempotency-key"),
                notes=notes,
                within=seconds_left(context),
            )
            if notes.replayed:
                context.set_trailing_metadata(((REPLAYED_KEY, "true"),))
            return method.write(fields)
        except grpc.RpcError:
            # The caller has gone.
            raise
        except DecodeError:
            error = AppError(MALFORMED_BODY)
        except Exception as failure:
            error = calls.visible(failure)
        wait = notes.allowance.reset if error.kind is RATE_LIMITED and notes.allowance else None
        return rpc_failures.end(context, error, calls.asked_locale(given, None, wished), wait)

    return answer


def shows_key(parts: Parts, metadata: Mapping[str, str]) -> bool:
    """Whether a caller shows a key that there is."""
    try:
        calls.key_owner(parts, metadata.get("authorization"))
    except AppError:
        return False
    return True


def seconds_left(context: grpc.ServicerContext) -> float:
    """The time that the caller still gives. Raises AppError(deadline_exceeded) when it is over."""
    left = min(context.time_remaining(), LONGEST_CALL_SECONDS)
    if left <= 0:
        raise AppError(DEADLINE_EXCEEDED)
    return left


def refusing(_sent: Iterator[bytes], context: grpc.ServicerContext) -> bytes:
    """What answers the calls of a method that no feature has yet."""
    locale = calls.asked_locale(None, None, metadata_of(context).get("accept-language"))
    return rpc_failures.end(context, AppError(NOT_IMPLEMENTED), locale)


def metadata_of(context: grpc.ServicerContext) -> dict[str, str]:
    """What came beside the message: the first value of each key, text only."""
    found: dict[str, str] = {}
    for key, value in context.invocation_metadata():
        if isinstance(value, str):
            found.setdefault(key, value)
    return found


class Mirror(reflection.ReflectionServicer):  # type: ignore[misc]
    """The standard reflection service, for a few at once: each holds a thread while it likes."""

    def __init__(self, names: Iterable[str], pool: DescriptorPool) -> None:
        super().__init__(names, pool=pool)
        self._free = threading.Semaphore(MIRRORS)

    def ServerReflectionInfo(  # noqa: N802 - the name in the service
        self, request_iterator: Iterator[Any], context: grpc.ServicerContext
    ) -> Iterator[Any]:
        if not self._free.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Others are asking. Try again soon.")
        try:
            yield from super().ServerReflectionInfo(request_iterator, context)
        finally:
            self._free.release()


def reflect(server: grpc.Server) -> None:
    """Let tools such as grpcurl ask what there is."""
    pool = descriptors.pool()
    for module in (health_pb2, reflection_pb2):
        pool.AddSerializedFile(module.DESCRIPTOR.serialized_pb)
    names = (*descriptors.SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME)
    mirror = Mirror(names, pool)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(mirror, server)
