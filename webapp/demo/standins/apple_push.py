"""Apple Push Notification service: HTTP/2 with a client's certificate, and what it says of devices.

Source: developer.apple.com, "Handling notification responses from APNs": 200 without a body; 400,
403, 405, 410, 413, 429 with `{"reason"}`. A device that was told to be gone (`POST /_gone
{"tokens"}`) is `Unregistered`.
"""

import re
import ssl
import tempfile
import uuid
from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path

from webapp.core.clock import SystemClock
from webapp.demo.authority import Authority, make_authority
from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.received import Arrival
from webapp.demo.standins.service import Standin

_PATH = re.compile(r"/3/device/([0-9A-Fa-f]+)")
_TOKEN = re.compile(r"[0-9A-Fa-f]{64,200}")
MOST_BYTES = 4_096
NO_DEVICE = "0" * 64
REASONS = {
    HTTPStatus.FORBIDDEN: "InvalidProviderToken",
    HTTPStatus.TOO_MANY_REQUESTS: "TooManyRequests",
    HTTPStatus.SERVICE_UNAVAILABLE: "ServiceUnavailable",
    HTTPStatus.INTERNAL_SERVER_ERROR: "InternalServerError",
}


class ApplePush(Standin):
    """Whoever has a certificate of the authority may push to devices of its pass type."""

    name = "apple_push"
    secure = True

    def __init__(self, authority: Authority | None = None) -> None:
        super().__init__()
        self.authority = authority or make_authority(SystemClock().wall(), life=timedelta(days=30))
        self._gone: set[str] = set()
        self._context: ssl.SSLContext | None = None

    def server_context(self) -> ssl.SSLContext:
        """TLS that asks for a certificate of the authority, and speaks HTTP/2 alone."""
        if self._context is None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            # The ssl module reads certificates from files only.
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "server.pem"
                file.touch(mode=0o600)
                file.write_text(self.authority.server)
                context.load_cert_chain(file)
            context.load_verify_locations(cadata=self.authority.root)
            context.verify_mode = ssl.CERT_REQUIRED
            context.set_alpn_protocols(["h2"])
            self._context = context
        return self._context

    def read(self, call: Call) -> Sequence[Arrival]:
        found = _PATH.fullmatch(call.path)
        if call.method != "POST" or found is None or found[1] == NO_DEVICE:
            return ()
        said = {"token": found[1], "topic": call.headers.get("apns-topic", "")}
        return (Arrival(str(uuid.uuid4()), "push", said),)

    def answer(self, call: Call) -> Answer:
        if call.method != "POST":
            return _refused(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed")
        found = _PATH.fullmatch(call.path)
        if found is None:
            return _refused(HTTPStatus.NOT_FOUND, "BadPath")
        if len(call.body) > MOST_BYTES:
            return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "PayloadTooLarge")
        if call.headers.get("apns-topic") != self.authority.pass_type_id:
            return _refused(HTTPStatus.BAD_REQUEST, "TopicDisallowed")
        token = found[1]
        if not _TOKEN.fullmatch(token) or token == NO_DEVICE:
            return _refused(HTTPStatus.BAD_REQUEST, "BadDeviceToken")
        if call.json() != {}:
            return _refused(HTTPStatus.BAD_REQUEST, "PayloadEmpty")
        if token in self._gone:
            return _refused(HTTPStatus.GONE, "Unregistered")
        return Answer(HTTPStatus.OK, b"", {"apns-id": str(uuid.uuid4())})

    def command(self, call: Call) -> Answer | None:
        if (call.method, call.path) != ("POST", "/_gone"):
            return None
        tokens = call.members().get("tokens")
        self._gone = {str(token) for token in tokens} if isinstance(tokens, list) else set()
        return as_json({"gone": len(self._gone)})

    def refusal(self, status: int) -> Answer:
        return _refused(status, REASONS.get(HTTPStatus(status), HTTPStatus(status).phrase))

    def pushes(self, token: str) -> int:
        """How often a device was called."""
        told = [entry["said"] for entry in self.received.entries()]
        return sum(1 for said in told if isinstance(said, dict) and said["token"] == token)

    def gone(self, *tokens: str) -> None:
        """From now on exactly these devices have given the card away."""
        self._gone = set(tokens)

    def reset(self) -> None:
        super().reset()
        self._gone = set()


def _refused(status: int, reason: str) -> Answer:
    return as_json({"reason": reason}, status)
