"""What a stand-in does wrong on purpose, and how much it lets through."""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

MOST_TIMES = 10_000


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to one call. Every stand-in knows all of them:

    `delay_ms`: it waits first. `status`: it refuses in the service's own words, with Retry-After
    when `retry_after` (seconds) is given. `throttle`: it says that its limit is reached as the
    service does. `hang`: it never answers. `drop`: it hangs up. `half`: its answer breaks off.
    `garbled`: its answer is no JSON (or XML). `tls`: it speaks TLS where HTTP is expected.
    `refuse_ms`: no call at all: the port is closed for that time, and a connection is refused.
    `applied`: the call does its work first, and only its answer is lost.
    """

    delay_ms: int = 0
    status: int = 0
    retry_after: float | None = None
    throttle: bool = False
    hang: bool = False
    drop: bool = False
    half: bool = False
    garbled: bool = False
    tls: bool = False
    refuse_ms: int = 0
    applied: bool = False

    @property
    def spoils(self) -> bool:
        """Whether the caller gets something else than the proper answer."""
        return bool(self.status or self.throttle) or self.breaks

    @property
    def breaks(self) -> bool:
        """Whether what the caller gets is not even a whole answer."""
        return self.hang or self.drop or self.half or self.garbled or self.tls


_KNOWN = {field.name for field in fields(Fault)} | {"times"}


def _faults(step: Mapping[str, Any]) -> list[Fault]:
    unknown = set(step) - _KNOWN
    if unknown:
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
    words = {name: bool(step.get(name)) for name in ("throttle", "hang", "drop", "half", "garbled")}
    fault = Fault(
        delay_ms=int(step.get("delay_ms", 0)),
        status=int(step.get("status", 0)),
        refuse_ms=int(step.get("refuse_ms", 0)),
        tls=bool(step.get("tls")),
        applied=bool(step.get("applied")),
        **words,
    )
    if step.get("retry_after") is not None:
        fault = replace(fault, retry_after=float(step["retry_after"]))
    return [fault] * min(max(int(step.get("times", 1)), 0), MOST_TIMES)


class FaultScript:
    """Faults for the next calls, used up in order; afterwards everything works again."""

    def __init__(self) -> None:
        self._next: deque[Fault] = deque()
        self._changed = threading.Condition()
        self._version = 0

    def replace(self, script: object) -> int:
        """Take `{"next": [{"status": 500, "times": 5}, ...]}`; the number of calls it is for. A
        call that hangs is let go. ValueError: not a script."""
        steps = script.get("next") if isinstance(script, Mapping) else None
        if not isinstance(steps, list) or not all(isinstance(step, Mapping) for step in steps):
            raise ValueError('a fault script reads {"next": [{"status": 500}, {"delay_ms": 300}]}')
        try:
            faults = [fault for step in steps for fault in _faults(step)]
        except TypeError as error:
            raise ValueError(str(error)) from None
        with self._changed:
            self._next = deque(faults)
            self._version += 1
            self._changed.notify_all()
        return len(faults)

    def take(self) -> Fault:
        """The fault of this call; one that does nothing when the script is over."""
        with self._changed:
            return self._next.popleft() if self._next else Fault()

    def take_refusal(self) -> float:
        """Seconds for which the port is to be closed now; 0 when the next step is a call's."""
        with self._changed:
            if self._next and self._next[0].refuse_ms:
                return self._next.popleft().refuse_ms / 1000
            return 0.0

    def version(self) -> int:
        """Another number after each `replace`."""
        return self._version

    def wait_for_another(self, version: int, seconds: float) -> bool:
        """Wait until the script is not that version any more; whether it is so."""
        with self._changed:
            return self._changed.wait_for(lambda: self._version != version, seconds)

    def __len__(self) -> int:
        return len(self._next)


class CallRate:
    """A limit of calls a second, kept for each caller alone."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._moments: dict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def exceeded(self, caller: str) -> bool:
        """Count one call; whether it is one too many, which then does not count."""
        now = time.monotonic()
        with self._lock:
            moments = self._moments[caller]
            while moments and moments[0] <= now - 1:
                moments.popleft()
            if len(moments) >= self._most:
                return True
            moments.append(now)
            return False

    def forget(self) -> None:
        with self._lock:
            self._moments.clear()


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
