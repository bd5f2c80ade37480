"""Klaviyo: events in, and the account that a key belongs to.

Source: developers.klaviyo.com, revision 2026-10-15: `POST /api/events/` answers 202 without a
body, `GET /api/accounts/` names the account; errors are JSON:API. Of events with one `unique_id`
for the same metric and profile only the first counts; without one, the second of the event is it.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping, inside
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

_REVISION = re.compile(r"\d{4}-\d{2}-\d{2}(\.\w+)?")
_CODES = {
    400: ("invalid", "Invalid input."),
    401: ("not_authenticated", "Authentication credentials were not provided."),
    403: ("permission_denied", "You do not have permission to perform this action."),
    404: ("not_found", "Not found."),
    415: ("unsupported_media_type", "Unsupported media type in request."),
    429: ("throttled", "Request was throttled."),
}
_PROFILE_NAMES = ("email", "phone_number", "external_id", "anonymous_id")


def failure(status: int, detail: str = "", pointer: str = "") -> Answer:
    """JSON:API's `errors` with one entry."""
    code, title = _CODES.get(status, ("error", HTTPStatus(status).phrase))
    source = {"pointer": pointer} if pointer else {}
    entry = {
        "id": "5a1e0000-0000-4000-8000-000000000000",
        "status": int(status),
        "code": code,
        "title": title,
        "detail": detail or title,
        "source": source,
        "links": {},
        "meta": {},
    }
    return as_json({"errors": [entry]}, status)


class Klaviyo(Standin):
    """`pk_...` keys are good."""

    name = "klaviyo"
    prefixes = ("pk_",)

    def read(self, call: Call) -> Sequence[Arrival]:
        if (call.method, call.path.rstrip("/")) != ("POST", "/api/events"):
            return ()
        attributes = as_mapping(inside(call.json(), "data", "attributes"))
        metric, profile = _metric(attributes), _profile(attributes)
        said = {"profile": profile, "properties": attributes.get("properties")}
        return (Arrival(_key(attributes), metric, said),)

    def answer(self, call: Call) -> Answer:
        refused = self._refused(call)
        if refused is not None:
            return refused
        asked = (call.method, call.path.rstrip("/"))
        if asked == ("POST", "/api/events"):
            return self._take_event(call)
        if asked == ("GET", "/api/accounts"):
            contact = {"contact_information": {"organization_name": "Stand-in"}}
            account = {"type": "account", "id": "StNdIn", "attributes": contact}
            return as_json({"data": [account]})
        return failure(HTTPStatus.NOT_FOUND)

    def refusal(self, status: int) -> Answer:
        return failure(status)

    def _refused(self, call: Call) -> Answer | None:
        if not self.keys.good(call.word_after("Klaviyo-API-Key")):
            return failure(HTTPStatus.UNAUTHORIZED)
        if not _REVISION.fullmatch(call.headers.get("revision", "")):
            return failure(HTTPStatus.BAD_REQUEST, "A valid `revision` header is required.")
        return None

    def _take_event(self, call: Call) -> Answer:
        kind = call.headers.get("content-type", "").split(";")[0]
        if kind not in ("application/vnd.api+json", "application/json"):
            return failure(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        data = as_mapping(call.members().get("data"))
        attributes = as_mapping(data.get("attributes"))
        for wrong, pointer in (
            (data.get("type") != "event", "/data/type"),
            (not _metric(attributes), "/data/attributes/metric"),
            (not _profile(attributes), "/data/attributes/profile"),
            (not isinstance(attributes.get("properties"), Mapping), "/data/attributes/properties"),
        ):
            if wrong:
                detail = f"'{pointer.rpartition('/')[2]}' is missing or invalid."
                return failure(HTTPStatus.BAD_REQUEST, detail, pointer)
        self._count(call, attributes)
        return Answer(HTTPStatus.ACCEPTED)

    def _count(self, call: Call, attributes: Mapping[str, object]) -> None:
        key = _key(attributes)
        if not self.received.counted(key):
            self.received.count(key)


def _metric(attributes: Mapping[str, object]) -> str:
    return str(inside(attributes, "metric", "data", "attributes", "name") or "")


def _profile(attributes: Mapping[str, object]) -> dict[str, object]:
    """The names by which the profile is known, and its own properties."""
    profile = as_mapping(inside(attributes, "profile", "data"))
    members = as_mapping(profile.get("attributes"))
    named = {name: members[name] for name in _PROFILE_NAMES if members.get(name)}
    if profile.get("id"):
        named["id"] = profile["id"]
    return named


def _key(attributes: Mapping[str, object]) -> str:
    return str(attributes.get("unique_id") or f"at {attributes.get('time') or 'once'}")
