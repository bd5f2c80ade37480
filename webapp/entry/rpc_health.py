"""The standard health service: SERVING as long as the database answers.

It asks for no key, so only a few threads wait for what is asked; when these are taken the others
are told of the server as a whole at once, without waiting. All services are in the same state.
"""

import threading
from collections.abc import Iterable, Iterator
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2  # type: ignore[import-untyped]

from webapp.core.db import Database
from webapp.entry.health import database_answers
from webapp.entry.rpc_waiting import WaitingRoom

LOOK_EVERY_SECONDS = 1.0
# How long leaving waits for a look that is under way.
LONGEST_LOOK_SECONDS = 5.0
SEATS = WATCHERS = 2
_QUESTION = health_pb2.HealthCheckRequest
_STATES = health_pb2.HealthCheckResponse


class Pulse:
    """Says of every service, and of the server as a whole (""), whether calls can succeed now."""

    def __init__(self, database: Database, services: Iterable[str]) -> None:
        self._database = database
        self._names = ("", *services)
        # The other kind sends under its own lock, while grpcio's only thread for events may wait
        # for that lock because a watcher leaves: then the whole server stands still.
        self._servicer = health.HealthServicer(experimental_non_blocking=False)
        self._watchers = threading.Semaphore(WATCHERS)
        self._waiting = WaitingRoom(SEATS)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rpc-health", daemon=True)

    def attach(self, server: grpc.Server) -> None:
        """Offer the service at `server`, and begin to look."""
        coders = _QUESTION.FromString, _STATES.SerializeToString
        methods = {
            "Check": grpc.stream_unary_rpc_method_handler(self.check, *coders),
            "Watch": grpc.stream_stream_rpc_method_handler(self.watch, *coders),
        }
        handler = grpc.method_handlers_generic_handler(health.SERVICE_NAME, methods)
        server.add_generic_rpc_handlers((handler,))
        self.look()
        self._thread.start()

    def check(self, asked: Iterator[Any], context: grpc.ServicerContext) -> Any:
        """Answer once."""
        return self._servicer.Check(self._waiting.first(asked, _QUESTION()), context)

    def watch(self, asked: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        """Answer now and whenever the state changes, a few callers at once."""
        if not self._watchers.acquire(blocking=False):
            context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Enough are watching. Ask instead.")
        try:
            watched = self._servicer.Watch(next(asked, _QUESTION()), context)
            # False says that the caller has gone already.
            if context.add_callback(watched.close):
                yield from watched
        finally:
            self._watchers.release()

    def look(self) -> None:
        """Ask the database once."""
        state = _STATES.SERVING if database_answers(self._database) else _STATES.NOT_SERVING
        for name in self._names:
            self._servicer.set(name, state)

    def leave(self) -> None:
        """Tell whoever watches to go elsewhere; for good."""
        self._stop.set()
        self._servicer.enter_graceful_shutdown()
        self._thread.join(LONGEST_LOOK_SECONDS)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY_SECONDS):
            self.look()
