"""Waiting for the message of a call, which may never come: a few threads at a time, not all."""

import threading
from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class WaitingRoom:
    """Where at most `seats` threads wait for what callers send."""

    def __init__(self, seats: int) -> None:
        self._free = threading.Semaphore(seats)

    def first(self, sent: Iterator[T], otherwise: T) -> T:
        """The first message; `otherwise` when the call ends without one, or no seat is free.
        Raises grpc.RpcError when the caller has gone."""
        if not self._free.acquire(blocking=False):
            return otherwise
        try:
            return next(sent, otherwise)
        finally:
            self._free.release()
