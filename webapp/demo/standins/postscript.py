"""Postscript: custom events in.

Source: developers.postscript.io as harvested by api-evangelist: `POST /api/v2/events` answers 202
with `event_ids`, `GET /api/v2/me` says whose key it is; partners send a bearer token and the shop's
token; 15 calls a second and pair of tokens, beyond that error 3002 without Retry-After. No
deduplication is promised for `external_id`, so here every event counts. Codes and words of errors
other than 3002 are not documented and our own.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.faults import CallRate
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

CALLS_A_SECOND = 15
_TYPE = re.compile(r"[A-Za-z0-9_]{1,255}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?")
_WHO = ("subscriber_id", "email", "phone")
_TOO_MANY = 3002


def failure(status: int, code: int, message: str) -> Answer:
    return as_json({"error_code": code, "error_message": message, "success": False}, status)


class Postscript(Standin):
    """`sk_...` keys are good, with any shop token."""

    name = "postscript"
    prefixes = ("sk_",)

    def __init__(self) -> None:
        super().__init__()
        self._rate = CallRate(CALLS_A_SECOND)

    def read(self, call: Call) -> Sequence[Arrival]:
        if (call.method, call.path.rstrip("/")) != ("POST", "/api/v2/events"):
            return ()
        event = call.members()
        who = {name: event[name] for name in _WHO if event.get(name)}
        said = {**who, "properties": event.get("properties")}
        return (Arrival(str(event.get("external_id")), str(event.get("type")), said),)

    def answer(self, call: Call) -> Answer:
        token, shop = call.word_after("Bearer"), call.headers.get("x-postscript-shop-token", "")
        if not self.keys.good(token) or not shop or not self.keys.good(f"sk_{shop}"):
            return failure(HTTPStatus.UNAUTHORIZED, 1001, "Invalid API key or shop token")
        if self._rate.exceeded(f"{token} {shop}"):
            return self.over_limit()
        asked = (call.method, call.path.rstrip("/"))
        if asked == ("POST", "/api/v2/events"):
            return self._take_event(call)
        if asked == ("GET", "/api/v2/me"):
            return as_json({"shop": {"name": "Stand-in"}, "success": True})
        return failure(HTTPStatus.NOT_FOUND, 1004, "Not found")

    def refusal(self, status: int) -> Answer:
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            return failure(status, _TOO_MANY, "Rate limit exceeded")
        return failure(status, 1000, HTTPStatus(status).phrase)

    def _take_event(self, call: Call) -> Answer:
        event = call.members()
        wrong = _complaint(event)
        if wrong:
            return failure(HTTPStatus.BAD_REQUEST, 2001, wrong)
        key = str(event.get("external_id"))
        self.received.count(key)
        return as_json({"event_ids": [key]}, HTTPStatus.ACCEPTED)

    def reset(self) -> None:
        super().reset()
        self._rate.forget()


def _complaint(event: Mapping[str, object]) -> str:
    """What is wrong with an event; nothing when it is well-formed."""
    if not _TYPE.fullmatch(str(event.get("type") or "")):
        return "type may hold letters, digits and underscores only"
    if not any(event.get(name) for name in _WHO):
        return "one of subscriber_id, email and phone is required"
    moment = event.get("occurred_at")
    if moment is not None and not _MOMENT.fullmatch(str(moment)):
        return "occurred_at must read YYYY-MM-DD HH:MM:SS.ffffff"
    properties = event.get("properties") or {}
    if not isinstance(properties, Mapping):
        return "properties must be an object"
    if any(not isinstance(v, str | int | float | bool | None) for v in properties.values()):
        return "properties must be flat"
    return ""
