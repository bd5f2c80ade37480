"""HTTP over one connection to a stand-in, and what the fault script makes of it."""

import select
import socket
import time
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from webapp.demo.standins.exchange import Answer, Call, as_json
from webapp.demo.standins.faults import Fault

if TYPE_CHECKING:
    from webapp.demo.standins.server import StandinServer

MAX_BODY_BYTES = 32_000_000
HANG_SECONDS = 120.0
# What a TLS server says to somebody who did not begin with a hello: alert, fatal, handshake failed.
_TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
_MISSING_BYTES = 100
# Under another name a page of the web could reach the control API through a browser.
_OWN_NAMES = ("127.0.0.1", "localhost")


class Conversation(BaseHTTPRequestHandler):
    """Reads calls, lets the stand-in answer them, and spoils what the script wants spoilt."""

    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        call = self._read()
        if call is None:
            self.close_connection = True
            return
        server = cast("StandinServer", self.server)
        if not _names_this_machine(call):
            self._send(as_json({"error": "only this machine may ask"}, HTTPStatus.FORBIDDEN))
        elif call.path.startswith("/_"):
            self._send(server.control(call))
        else:
            self._answer(server, call)
        self.close_connection = self.close_connection or server.refusing()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _read(self) -> Call | None:
        """The call with its body; None when the body is too long or not announced."""
        given = self.headers.get("Content-Length", "0")
        length = int(given) if given.isdigit() else MAX_BODY_BYTES + 1
        if length > MAX_BODY_BYTES or self.headers.get("Transfer-Encoding"):
            self._send(Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return None
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Call(self.command, self.path, headers, body)

    def _answer(self, server: "StandinServer", call: Call) -> None:
        standin = server.standin
        version = standin.faults.version()
        fault = standin.faults.take()
        standin.received.arrive(standin.read(call))
        time.sleep(fault.delay_ms / 1000)
        done = standin.answer(call) if fault.applied or not fault.spoils else None
        # Before the caller has its answer, so that its next call finds the port closed.
        server.follow_script()
        if done is not None and not fault.spoils:
            self._send(done)
        elif fault.breaks:
            self._break(server, fault, version, done)
        else:
            self._send(_refusal(server, fault))

    def _break(
        self, server: "StandinServer", fault: Fault, version: int, done: Answer | None
    ) -> None:
        """Give the caller something that is no answer, then hang up."""
        self.close_connection = True
        if fault.hang:
            self._hang(server, version)
        elif fault.garbled:
            kind = {"Content-Type": "application/json"}
            self._send(Answer(HTTPStatus.OK, server.standin.broken, kind))
            self.close_connection = False
        elif fault.tls:
            self.wfile.write(_TLS_ALERT)
        elif fault.half:
            body = done.body if done and done.body else server.standin.broken
            self._send(Answer(HTTPStatus.OK, body), missing=_MISSING_BYTES)
        with suppress(OSError):
            if self.close_connection:
                self.connection.shutdown(socket.SHUT_RDWR)

    def _hang(self, server: "StandinServer", version: int) -> None:
        """Say nothing until the caller leaves or the script is another one."""
        deadline = time.monotonic() + HANG_SECONDS
        while time.monotonic() < deadline:
            if server.standin.faults.wait_for_another(version, 0.05):
                return
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable:
                # Nothing more belongs to this call, so it is the end of the connection.
                return

    def _send(self, answer: Answer, missing: int = 0) -> None:
        """Head and body in one piece; `missing` bytes are announced and never sent."""
        phrase = HTTPStatus(answer.status).phrase
        headers = {**answer.headers, "Content-Length": str(len(answer.body) + missing)}
        if cast("StandinServer", self.server).refusing():
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {int(answer.status)} {phrase}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self.wfile.write(head if self.command == "HEAD" else head + answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: what came is in `/_received`."""


def _names_this_machine(call: Call) -> bool:
    return urlsplit(f"//{call.headers.get('host', '')}").hostname in _OWN_NAMES


def _refusal(server: "StandinServer", fault: Fault) -> Answer:
    """The service's words for the status that the script asks for."""
    standin = server.standin
    answer = standin.refusal(fault.status) if fault.status else standin.over_limit()
    if fault.retry_after is None:
        return answer
    return Answer(
        answer.status, answer.body, {**answer.headers, "Retry-After": f"{fault.retry_after:g}"}
    )
