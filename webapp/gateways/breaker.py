"""Circuit breakers that all processes share: for each destination, and for each key.

After a few failures in a row a destination is left alone for a while; then one probe, over all
processes, decides whether it is open again. A key that is refused stops what is sent with it, and
nothing else. What a receiver says of the content (4xx) tells nothing of its health: it neither
trips nor resets. See decision 0011, also for why this is not pybreaker.

The rules are `asked` and `told`. A record lies in Redis and is changed by compare and swap; while
Redis does not answer, each process has records of its own.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from threading import Lock
from typing import TypeVar, cast

import redis

from webapp.core.breakers import BreakerState
from webapp.core.clock import Clock
from webapp.gateways.redis_cache import PREFIX, Guard

log = logging.getLogger(__name__)
T = TypeVar("T")

# A probe that nobody tells of is given up after this time; it is longer than any lease.
PROBE_SECONDS = 20.0
# A destination that failed a few times and was then never called again starts afresh.
FORGET_SECONDS = 3_600
SWAPS = 5
BUSY_SECONDS = 0.1


class Verdict(Enum):
    """What one try says of a destination or key: it is well, it is not, or nothing."""

    WORKS = "works"
    FAILS = "fails"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Policy:
    """Opens after so many `failures` in a row, for `seconds`, doubled each time up to `most`."""

    failures: int
    seconds: float
    most: float


OF_DESTINATIONS = Policy(failures=5, seconds=15.0, most=120.0)
# A key does not mend itself, but its merchant may have granted it what it lacked.
OF_KEYS = Policy(failures=1, seconds=60.0, most=300.0)


def policy_of(name: str) -> Policy:
    """The policy of a destination, or of a key, whose name has colons."""
    return OF_KEYS if ":" in name else OF_DESTINATIONS


@dataclass(frozen=True, slots=True)
class Record:
    """`failures` in a row; `opens` counts how often it opened since it last worked, 0 is closed.
    Nothing is sent before `until`, nor before `probe` while another tries (seconds of the epoch).
    """

    failures: int = 0
    opens: int = 0
    until: float = 0.0
    probe: float = 0.0
    reason: str = ""


CLOSED = Record()


def asked(record: Record, now: float) -> tuple[Record, float]:
    """May something be sent? The record after the question, and the seconds to wait: 0 is yes, and
    makes whoever asked the probe where one is needed."""
    if not record.opens:
        return record, 0.0
    wait = waiting(record, now)
    return (record, wait) if wait else (replace(record, probe=now + PROBE_SECONDS), 0.0)


def waiting(record: Record, now: float) -> float:
    """Seconds until the next try, however wrong the clock of the process that set it."""
    longest = max(OF_DESTINATIONS.most, OF_KEYS.most)
    return min(max(record.until - now, record.probe - now, 0.0), longest)


def told(record: Record, verdict: Verdict, policy: Policy, now: float, reason: str) -> Record:
    """The record after a try."""
    if verdict is Verdict.WORKS:
        return CLOSED
    if verdict is Verdict.NOTHING:
        return replace(record, probe=0.0)
    failures = record.failures + 1
    tripped = record.opens > 0 or failures >= policy.failures
    # A try that began before the breaker opened says nothing new.
    if not tripped or now < record.until:
        return replace(record, failures=failures, reason=reason)
    pause = min(policy.seconds * 2 ** min(record.opens, 10), policy.most)
    return Record(failures, record.opens + 1, now + pause, 0.0, reason)


class Breaker:
    """Asks and tells; see `Record` for what is kept."""

    def __init__(self, client: redis.Redis, guard: Guard, clock: Clock) -> None:
        self._shared, self._alone = SharedRecords(client), OwnRecords()
        self._guard, self._clock = guard, clock

    def ask(self, names: Iterable[str]) -> float:
        """Seconds to wait before something is sent by way of all of these; 0 is now, and then
        `tell` must follow for each."""
        granted: list[str] = []
        for name in names:
            wait = self._change(name, asked, BUSY_SECONDS)
            if wait:
                self.give_back(granted)
                return wait
            granted.append(name)
        return 0.0

    def give_back(self, names: Iterable[str]) -> None:
        """Nothing was tried after all."""
        for name in names:
            self.tell(name, Verdict.NOTHING)

    def tell(self, name: str, verdict: Verdict, reason: str = "") -> None:
        """What came of a try."""
        policy = policy_of(name)

        def rule(record: Record, now: float) -> tuple[Record, str]:
            after = told(record, verdict, policy, now, reason)
            return after, _news(record, after)

        news = self._change(name, rule, "")
        if news:
            log.warning("breaker %s %s: %s", name, news, reason or "it works")

    def wait(self, name: str) -> float:
        """Seconds until something may be sent, without becoming the probe."""
        return self.states((name,))[name].seconds

    def states(self, names: Iterable[str]) -> Mapping[str, BreakerState]:
        wanted = list(names)
        texts = self._guard.call(None, self._shared.load, wanted) if wanted else []
        if texts is None:
            texts = self._alone.load(wanted)
        now = self._clock.wall().timestamp()
        return {name: _state(parse(text), now) for name, text in zip(wanted, texts, strict=True)}

    def _change(
        self, name: str, rule: Callable[[Record, float], tuple[Record, T]], otherwise: T
    ) -> T:
        """Apply a rule to a record; `otherwise` when others keep changing it at the same time."""
        for _ in range(SWAPS):
            shared = self._guard.call(None, self._shared.load, [name])
            (text,) = self._alone.load([name]) if shared is None else shared
            before = parse(text)
            after, result = rule(before, self._clock.wall().timestamp())
            if after == before:
                return result
            changed = b"" if after == CLOSED else json.dumps(asdict(after)).encode()
            if shared is None:
                swapped = self._alone.swap(name, text, changed)
            else:
                swapped = self._guard.call(False, self._shared.swap, name, text, changed)
            if swapped:
                return result
        return otherwise


class OwnRecords:
    """Records of this process alone."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._texts: dict[str, bytes] = {}

    def load(self, names: list[str]) -> list[bytes]:
        with self._lock:
            return [self._texts.get(name, b"") for name in names]

    def swap(self, name: str, before: bytes, after: bytes) -> bool:
        """Replace one text by another, if it is still the first."""
        with self._lock:
            if self._texts.get(name, b"") != before:
                return False
            self._texts[name] = after
            return True


class SharedRecords:
    """Records in Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def load(self, names: list[str]) -> list[bytes]:
        found = cast("list[bytes | None]", self._redis.mget([_key(name) for name in names]))
        return [text or b"" for text in found]

    def swap(self, name: str, before: bytes, after: bytes) -> bool:
        """Replace one text by another, if it is still the first; empty is none."""
        return bool(self._redis.eval(_SWAP, 1, _key(name), before, after, str(FORGET_SECONDS)))


_SWAP = """
if (redis.call('get', KEYS[1]) or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('del', KEYS[1])
else redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3]) end
return 1
"""


def parse(text: bytes) -> Record:
    """The record in a text; closed when it is none, e.g. one of another version."""
    try:
        return Record(**json.loads(text)) if text else CLOSED
    except (ValueError, TypeError):
        return CLOSED


def _key(name: str) -> str:
    return f"{PREFIX}breaker:{name}"


def _state(record: Record, now: float) -> BreakerState:
    if not record.opens:
        return BreakerState("closed", 0.0, record.failures, record.reason)
    kind = "open" if now < record.until else "half_open"
    return BreakerState(kind, waiting(record, now), record.failures, record.reason)


def _news(before: Record, after: Record) -> str:
    if after.opens > before.opens:
        return "opened"
    return "closed" if before.opens and not after.opens else ""
