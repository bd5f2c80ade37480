"""What pages may know of circuit breakers; `gateways/breaker.py` is the breaker.

A name is a destination ("klaviyo") or the `ref` of somebody's key for one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BreakerState:
    """`state` is closed (everything is sent), open (nothing is, for so many `seconds`) or half_open
    (one try decides). `reason` is the last failure's, `failures` how many came in a row."""

    state: str = "closed"
    seconds: float = 0.0
    failures: int = 0
    reason: str = ""


class Breakers(Protocol):
    """Where the states of breakers can be read."""

    def states(self, names: Iterable[str]) -> Mapping[str, BreakerState]:
        """The state of each of these, in one look."""


class NoBreakers:
    """Breakers of a process that has none: closed."""

    def states(self, names: Iterable[str]) -> Mapping[str, BreakerState]:
        return dict.fromkeys(names, BreakerState())
