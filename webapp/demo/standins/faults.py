"""What a stand-in does wrong on purpose, and how much it lets through."""

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call: wait, answer with a status, say THROTTLED, or hang up.

    `applied`: the call does its work first, and only its answer is lost.
    """

    delay_ms: int = 0
    status: int = 0
    throttle: bool = False
    drop: bool = False
    applied: bool = False

    @property
    def spoils(self) -> bool:
        """Whether the caller gets something else than the proper answer."""
        return bool(self.status or self.throttle or self.drop)


def _fault(step: Mapping[str, Any]) -> Fault:
    unknown = set(step) - {field.name for field in fields(Fault)}
    if unknown:
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
    return Fault(
        delay_ms=int(step.get("delay_ms", 0)),
        status=int(step.get("status", 0)),
        throttle=bool(step.get("throttle")),
        drop=bool(step.get("drop")),
        applied=bool(step.get("applied")),
    )


class FaultScript:
    """Faults for the next calls, used up in order; afterwards everything works again."""

    def __init__(self) -> None:
        self._next: deque[Fault] = deque()
        self._lock = threading.Lock()

    def replace(self, script: object) -> int:
        """Take `{"next": [{"status": 500}, ...]}`; answers its length. ValueError: not a script."""
        steps = script.get("next") if isinstance(script, Mapping) else None
        if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
            raise ValueError('a fault script reads {"next": [{"status": 500}, {"delay_ms": 300}]}')
        faults = [_fault(step) for step in steps]
        with self._lock:
            self._next = deque(faults)
        return len(faults)

    def take(self) -> Fault:
        """The fault of this call; one that does nothing when the script is over."""
        with self._lock:
            return self._next.popleft() if self._next else Fault()

    def __len__(self) -> int:
        return len(self._next)


class CostBucket:
    """Shopify's leaky bucket of query cost: `restore` points come back every second. The default
    is what a Plus shop has."""

    def __init__(self, maximum: float = 20_000.0, restore: float = 1_000.0) -> None:
        self.maximum, self.restore = maximum, restore
        self._available = maximum
        self._seen = time.monotonic()
        self._lock = threading.Lock()

    def take(self, cost: float) -> tuple[bool, dict[str, float]]:
        """Take `cost` points if there are as many; whether it was so, and Shopify's
        `throttleStatus`."""
        with self._lock:
            now = time.monotonic()
            regained = self._available + (now - self._seen) * self.restore
            self._seen = now
            self._available = min(self.maximum, regained)
            enough = self._available >= cost
            if enough:
                self._available -= cost
            return enough, {
                "maximumAvailable": self.maximum,
                "currentlyAvailable": float(int(self._available)),
                "restoreRate": self.restore,
            }
