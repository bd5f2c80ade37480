"""GraphQL as Shopify speaks it: errors beside data, user errors in data, and a bucket of cost.

Source: shopify.dev, "Shopify API limits": every answer says how full the bucket is
(`extensions.cost.throttleStatus`); a query is refused when what it asks for costs more than is
left. `Bucket` remembers that, so that a call which would be refused is not made.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webapp.gateways.calling import Caller, GatewayError, redacted

SHORTEST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 60.0
REMEMBERED_BUCKETS = 1_000
# Points a second that the smallest plan restores.
SLOWEST_RESTORE = 50.0


@dataclass(frozen=True, slots=True)
class UserError:
    """What Shopify did not like about the values of a mutation."""

    field: tuple[str, ...]
    message: str
    code: str


@dataclass(frozen=True, slots=True)
class _Level:
    """How full a bucket was at `at` (time.monotonic), and how fast it fills."""

    available: float
    most: float
    restore: float
    at: float

    def now(self) -> float:
        return min(self.most, self.available + self.restore * (time.monotonic() - self.at))


class Buckets:
    """What this process knows of the buckets of shops, and of what documents cost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._levels: OrderedDict[str, _Level] = OrderedDict()
        self._costs: dict[str, float] = {}

    def wait(self, bucket: str, document: str) -> float:
        """Seconds until this document can be paid for from the bucket; 0 when it can, or when
        nothing is known yet."""
        with self._lock:
            level, cost = self._levels.get(bucket), self._costs.get(document, 0.0)
        missing = 0.0 if level is None else min(cost, level.most) - level.now()
        return 0.0 if level is None or missing <= 0 else bounded(missing / level.restore)

    def learn(self, bucket: str, document: str, cost: Mapping[str, Any]) -> None:
        """Take in `extensions.cost` of an answer."""
        status = cost.get("throttleStatus") or {}
        with self._lock:
            self._costs[document] = float(cost.get("requestedQueryCost") or 0.0)
            if "currentlyAvailable" in status:
                available = float(status["currentlyAvailable"])
                most = float(status.get("maximumAvailable") or available)
                restore = float(status.get("restoreRate") or SLOWEST_RESTORE)
                self._levels[bucket] = _Level(available, most, restore, time.monotonic())
                self._levels.move_to_end(bucket)
            if len(self._levels) > REMEMBERED_BUCKETS:
                self._levels.popitem(last=False)


class GraphQL:
    """Asks one API; `bucket` in a call names whose cost bucket is used."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._buckets = Buckets()

    def ask(
        self, url: str, token: str, bucket: str, document: str, variables: Mapping[str, Any]
    ) -> dict[str, Any]:
        """The `data` of the answer. Raises GatewayError, when throttled with the time to wait."""
        wait = self._buckets.wait(bucket, document)
        if wait:
            raise GatewayError("throttled", after=wait)
        content = {"query": document, "variables": dict(variables)}
        headers = {"X-Shopify-Access-Token": token}
        answer = self._caller.call("POST", url, headers=headers, content=content).json()
        cost = (answer.get("extensions") or {}).get("cost") or {}
        self._buckets.learn(bucket, document, cost)
        if answer.get("errors"):
            raise _refusal(answer["errors"], cost)
        data = answer.get("data")
        if not isinstance(data, dict):
            raise GatewayError("the answer has no data")
        return data


def user_errors(payload: Mapping[str, Any], name: str = "userErrors") -> tuple[UserError, ...]:
    """The user errors of a mutation's payload."""
    return tuple(
        UserError(
            tuple(str(part) for part in error.get("field") or ()),
            redacted(str(error.get("message") or "")),
            str(error.get("code") or ""),
        )
        for error in payload.get(name) or ()
    )


def bounded(seconds: float) -> float:
    return min(max(SHORTEST_WAIT_SECONDS, seconds), LONGEST_WAIT_SECONDS)


def _refusal(errors: Any, cost: Mapping[str, Any]) -> GatewayError:
    """The error of an answer with `errors`; when throttled, with the time the bucket needs.
    Shopify's own failures (INTERNAL_SERVER_ERROR) may be gone at the next try."""
    first = errors[0] if isinstance(errors, list) and errors else {"message": errors}
    code = (first.get("extensions") or {}).get("code")
    if code != "THROTTLED":
        reason = f"GraphQL: {redacted(str(first.get('message', '')))}"
        return GatewayError(reason, final=code != "INTERNAL_SERVER_ERROR")
    status = cost.get("throttleStatus") or {}
    missing = cost.get("requestedQueryCost", 0) - status.get("currentlyAvailable", 0)
    return GatewayError(
        "throttled", after=bounded(missing / (status.get("restoreRate") or SLOWEST_RESTORE))
    )
