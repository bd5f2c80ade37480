"""PostHog: product events in, and a way to try a project's key.

Source: posthog.com/docs/api. `POST /batch/` (or `/i/v0/e/`) answers 200 `{"status": "Ok"}` and does
not look whether the project exists: events of an unknown key vanish; only a key that cannot be one
is refused. `POST /flags/` knows the projects and answers 401 for a wrong key. Events with the same
uuid, event, timestamp and distinct_id are counted once.
"""

import json
from collections.abc import Mapping, Sequence
from gzip import BadGzipFile, decompress
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

_INVALID = "Project API key invalid. You can find your project API key in PostHog project settings."


def failure(status: int, code: str, detail: str) -> Answer:
    kind = "authentication_error" if status == HTTPStatus.UNAUTHORIZED else "validation_error"
    return as_json({"type": kind, "code": code, "detail": detail, "attr": None}, status)


class PostHog(Standin):
    """`phc_...` keys are good."""

    name = "posthog"
    prefixes = ("phc_",)

    def read(self, call: Call) -> Sequence[Arrival]:
        return [_arrival(event) for event in _events(_content(call))]

    def answer(self, call: Call) -> Answer:
        path = call.path.rstrip("/")
        if call.method != "POST" or path not in ("/batch", "/i/v0/e", "/capture", "/flags"):
            return failure(HTTPStatus.NOT_FOUND, "not_found", "Endpoint not found.")
        content = _content(call)
        key = str(content.get("api_key") or content.get("token") or "")
        if path == "/flags":
            return self._flags(key, content)
        if not key or key.startswith("phx_"):
            return failure(HTTPStatus.UNAUTHORIZED, "invalid_api_key", _INVALID)
        events = _events(content)
        if not events or any(not e.get("event") or not _who(e) for e in events):
            detail = "every event needs `event` and `distinct_id`"
            return failure(HTTPStatus.BAD_REQUEST, "invalid_payload", detail)
        for event in events if self.keys.good(key) else ():
            arrival = _arrival(event)
            if not self.received.counted(arrival.key):
                self.received.count(arrival.key)
        return as_json({"status": "Ok"})

    def refusal(self, status: int) -> Answer:
        return failure(status, "error", HTTPStatus(status).phrase)

    def _flags(self, key: str, content: Mapping[str, object]) -> Answer:
        if not self.keys.good(key):
            return failure(HTTPStatus.UNAUTHORIZED, "invalid_api_key", _INVALID)
        if not content.get("distinct_id"):
            return failure(HTTPStatus.BAD_REQUEST, "missing_distinct_id", "distinct_id is required")
        return as_json({"flags": {}, "errorsWhileComputingFlags": False, "featureFlags": {}})


def _content(call: Call) -> Mapping[str, object]:
    """The body, also when it is compressed."""
    if call.headers.get("content-encoding") != "gzip":
        return call.members()
    try:
        return as_mapping(json.loads(decompress(call.body)))
    except (BadGzipFile, EOFError, ValueError):
        return {}


def _events(content: Mapping[str, object]) -> list[Mapping[str, object]]:
    batch = content.get("batch")
    if isinstance(batch, list):
        return [as_mapping(event) for event in batch]
    return [content] if "event" in content else []


def _who(event: Mapping[str, object]) -> object:
    return event.get("distinct_id") or as_mapping(event.get("properties")).get("distinct_id")


def _arrival(event: Mapping[str, object]) -> Arrival:
    said = {"distinct_id": _who(event), "properties": event.get("properties")}
    return Arrival(str(event.get("uuid")), str(event.get("event")), said)
