"""A deadline for everything that a call does on its connection.

The time-outs of an HTTP client count anew with every read, so an answer that drips, or whose
headers do, may take for ever. Here no single operation may outlast the call's own deadline.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore

_until: ContextVar[float] = ContextVar("_until")


@contextmanager
def deadline(until: float) -> Iterator[None]:
    """Bound every operation of this thread by `until` (time.monotonic)."""
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def left(timeout: float | None, error: type[Exception]) -> float:
    """What is left for an operation; raises `error` when nothing is."""
    rest = _until.get() - time.monotonic()
    if rest <= 0:
        raise error
    return rest if timeout is None else min(timeout, rest)


class BoundedBackend(httpcore.NetworkBackend):
    """Plain sockets whose operations end with the deadline."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        rest = left(timeout, httpcore.ConnectTimeout)
        return BoundedStream(
            self._sockets.connect_tcp(host, port, rest, local_address, socket_options)
        )


class BoundedStream(httpcore.NetworkStream):
    """A connection whose operations end with the deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        rest = left(timeout, httpcore.ConnectTimeout)
        return BoundedStream(self._stream.start_tls(ssl_context, server_hostname, rest))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
