"""What a stand-in received: by deduplication id, how often it arrived and how often it counted."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from webapp.core.clock import Clock, SystemClock

MOST = 5_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One thing in a call: `key` is what the sender expects to be counted once, `kind` what it is
    (a metric, an event, a method), `said` what a person would like to see of it."""

    key: str
    kind: str
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """What is known of one deduplication id; `effects` is how often the real service would count
    it."""

    key: str
    kind: str
    said: Mapping[str, object]
    arrivals: int = 0
    effects: int = 0
    first_at: str = ""
    last_at: str = ""


class Received:
    """The newest entries; older ones are forgotten so that a long demo stays small."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()
        self.calls = 0

    def arrive(self, arrivals: Iterable[Arrival]) -> None:
        """One call came in, with these things in it."""
        now = self._clock.wall().isoformat(timespec="milliseconds")
        with self._lock:
            self.calls += 1
            for one in arrivals:
                entry = self._entries.setdefault(one.key, Entry(one.key, one.kind, one.said))
                entry.said, entry.arrivals = one.said, entry.arrivals + 1
                entry.first_at = entry.first_at or now
                entry.last_at = now
            while len(self._entries) > MOST:
                del self._entries[next(iter(self._entries))]

    def count(self, key: str) -> None:
        """The real service would count this once more."""
        with self._lock:
            if key in self._entries:
                self._entries[key].effects += 1

    def counted(self, key: str) -> bool:
        """Whether it has counted already."""
        with self._lock:
            return key in self._entries and self._entries[key].effects > 0

    def entries(self, most: int = MOST) -> list[dict[str, object]]:
        """The newest, which arrived first or again last."""
        with self._lock:
            found = sorted(self._entries.values(), key=lambda entry: entry.last_at)
            return [asdict(entry) for entry in found[::-1][:most]]

    def summary(self, most: int = MOST) -> dict[str, object]:
        """`calls` (answered or not), `arrivals`, `effects`, and the newest `items`."""
        with self._lock:
            arrivals = sum(entry.arrivals for entry in self._entries.values())
            effects = sum(entry.effects for entry in self._entries.values())
        counts = {"calls": self.calls, "arrivals": arrivals, "effects": effects}
        return {**counts, "items": self.entries(most)}

    def forget(self) -> None:
        with self._lock:
            self._entries.clear()
            self.calls = 0
