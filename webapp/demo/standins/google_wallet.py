"""Google Wallet: tokens for a service account, loyalty classes and objects, and the page on which a
card is saved, which shows it as long as it is open.

Source: developers.google.com/wallet, REST reference v1; "Using OAuth 2.0 for Server to Server
Applications". Bodies are checked as far as the service is known to check them; tests check every
one against Google's own description of the API.
"""

import secrets
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, unquote

import jwt
from cryptography.hazmat.primitives import serialization

from webapp.core.clock import SystemClock
from webapp.demo.authority import ACCOUNT, ISSUER_ID, Authority, make_authority
from webapp.demo.standins.exchange import Answer, Call, as_json, as_mapping, inside
from webapp.demo.standins.google_card import card_page
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

ROOT, SAVE = "/walletobjects/v1/", "/gp/v/save/"
AUDIENCE = "https://oauth2.googleapis.com/token"
REQUIRED = {
    "loyaltyClass": ("id", "issuerName", "programName", "programLogo", "reviewStatus"),
    "loyaltyObject": ("id", "classId", "state"),
}
ALERTS, WITHIN = 3, timedelta(hours=24)
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}


def failure(status: int, message: str = "") -> Answer:
    """An error as Google words it."""
    said = message or HTTPStatus(status).phrase
    error = {"code": int(status), "message": said, "status": STATUSES.get(status, "UNKNOWN")}
    return as_json({"error": error}, status)


class GoogleWallet(Standin):
    """Issuer ISSUER_ID, for which the authority's service account may act."""

    name = "google_wallet"
    prefixes = ("ya29.standin.",)

    def __init__(self, authority: Authority | None = None) -> None:
        super().__init__()
        self._authority = authority or make_authority(SystemClock().wall())
        private = serialization.load_pem_private_key(self._authority.google_key.encode(), None)
        self._public: Any = private.public_key()
        self._resources: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in REQUIRED}
        self._alerts: dict[str, list[str]] = {}
        self._lock = threading.Lock()

    @property
    def authority(self) -> Authority:
        """Whose key it takes."""
        return self._authority

    def read(self, call: Call) -> Sequence[Arrival]:
        kind = call.path.removeprefix(ROOT).partition("/")[0]
        if call.method not in ("POST", "PATCH") or kind not in REQUIRED:
            return ()
        body = call.members()
        named = str(body.get("id") or call.path.rpartition("/")[2])
        return (Arrival(f"{kind}:{named}:{secrets.token_hex(4)}", call.method, dict(body)),)

    def answer(self, call: Call) -> Answer:
        if call.path.startswith(SAVE):
            return self._save(call)
        if (call.method, call.path) == ("POST", "/token"):
            return self._token(call)
        if not call.path.startswith(ROOT):
            return failure(HTTPStatus.NOT_FOUND)
        if not self.keys.good(call.word_after("Bearer")):
            return failure(HTTPStatus.UNAUTHORIZED)
        kind, _, name = call.path.removeprefix(ROOT).partition("/")
        if kind == "issuer" and call.method == "GET":
            found = name == ISSUER_ID
            return as_json({"issuerId": name}) if found else failure(HTTPStatus.FORBIDDEN)
        if kind not in REQUIRED:
            return failure(HTTPStatus.NOT_FOUND)
        with self._lock:
            return self._resource(call, kind, name)

    def refusal(self, status: int) -> Answer:
        return failure(status)

    def resource(self, kind: str, name: str) -> Mapping[str, Any]:
        """What it has under an id; nothing when it has none."""
        with self._lock:
            return dict(self._resources[kind].get(name, {}))

    def alerts(self, name: str) -> int:
        """How often the holder of a card was alerted."""
        return len(self._alerts.get(name, ()))

    def reset(self) -> None:
        super().reset()
        with self._lock:
            for kept in self._resources.values():
                kept.clear()
            self._alerts.clear()

    def _token(self, call: Call) -> Answer:
        try:
            claims = jwt.decode(
                call.form.get("assertion", ""), self._public, ["RS256"], audience=AUDIENCE
            )
        except jwt.PyJWTError as error:
            said = {"error": "invalid_grant", "error_description": str(error)}
            return as_json(said, HTTPStatus.BAD_REQUEST)
        if claims.get("iss") != ACCOUNT or "wallet_object.issuer" not in str(claims.get("scope")):
            return as_json({"error": "invalid_scope"}, HTTPStatus.BAD_REQUEST)
        token = f"ya29.standin.{secrets.token_hex(16)}"
        return as_json({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    def _resource(self, call: Call, kind: str, name: str) -> Answer:
        kept = self._resources[kind]
        if call.method == "POST" and not name:
            return self._insert(kind, dict(call.members()))
        if name not in kept:
            return failure(HTTPStatus.NOT_FOUND)
        if call.method == "PATCH":
            return self._patch(kind, name, call.members())
        return as_json(kept[name]) if call.method == "GET" else failure(HTTPStatus.NOT_FOUND)

    def _insert(self, kind: str, body: dict[str, Any]) -> Answer:
        absent = [one for one in REQUIRED[kind] if not body.get(one)]
        if absent:
            return failure(HTTPStatus.BAD_REQUEST, f"{absent[0]}: Required.")
        name = str(body["id"])
        if not name.startswith(f"{ISSUER_ID}."):
            return failure(HTTPStatus.FORBIDDEN)
        if name in self._resources[kind]:
            return failure(HTTPStatus.CONFLICT)
        if kind == "loyaltyObject" and body["classId"] not in self._resources["loyaltyClass"]:
            return failure(HTTPStatus.NOT_FOUND, "classId: no such class")
        self._resources[kind][name] = body
        return as_json(body)

    def _patch(self, kind: str, name: str, body: Mapping[str, object]) -> Answer:
        changed = dict(body)
        if changed.pop("notifyPreference", "") == "NOTIFY_ON_UPDATE":
            self._alert(name)
        merged = {**self._resources[kind][name], **changed}
        self._resources[kind][name] = {n: v for n, v in merged.items() if v is not None}
        return as_json(self._resources[kind][name])

    def _alert(self, name: str) -> None:
        """Alert the holder, but no more than Google does within a day."""
        wall = SystemClock().wall()
        since = (wall - WITHIN).isoformat()
        recent = [one for one in self._alerts.get(name, ()) if one > since]
        self._alerts[name] = [*recent, wall.isoformat()][:ALERTS]

    def _save(self, call: Call) -> Answer:
        token = unquote(call.path.removeprefix(SAVE))
        try:
            claims = jwt.decode(token, self._public, ["RS256"], audience="google")
        except jwt.PyJWTError as error:
            return _page(f"<p>This link does not work: {type(error).__name__}</p>", 400)
        objects = inside(claims, "payload", "loyaltyObjects")
        first = as_mapping(objects[0]) if isinstance(objects, list) and objects else {}
        card = self.resource("loyaltyObject", str(first.get("id")))
        of = self.resource("loyaltyClass", str(first.get("classId")))
        if not card or not of:
            return _page("<p>Google does not know this card.</p>", 404)
        return _page(card_page(of, card, call.query.get("hl", "en"), quote(token)))


def _page(body: str, status: int = HTTPStatus.OK) -> Answer:
    viewport = '<meta name="viewport" content="width=device-width">'
    head = f'<!doctype html><meta charset="utf-8">{viewport}'
    kind = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return Answer(status, (head + body).encode(), kind)
