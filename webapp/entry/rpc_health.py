"""The standard health service: SERVING as long as the database answers."""

import threading
from collections.abc import Iterable

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from webapp.core.db import Database
from webapp.entry.health import database_answers

LOOK_EVERY_SECONDS = 1.0
# How long leaving waits for a look that is under way.
LONGEST_LOOK_SECONDS = 5.0
_STATES = health_pb2.HealthCheckResponse


class Pulse:
    """Says of every service, and of the server as a whole (""), whether calls can succeed now."""

    def __init__(self, database: Database, services: Iterable[str]) -> None:
        self._database = database
        self._names = ("", *services)
        self._servicer = health.HealthServicer()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="rpc-health", daemon=True)

    def attach(self, server: grpc.Server) -> None:
        """Offer the service at `server`, and begin to look."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)
        self.look()
        self._thread.start()

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
