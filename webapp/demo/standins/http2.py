"""HTTP/2 over one connection to a stand-in: a thread a connection, one call after the other."""

import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError

from webapp.demo.standins.exchange import Answer, Call
from webapp.demo.standins.faults import Fault

if TYPE_CHECKING:
    from webapp.demo.standins.server import StandinServer

READ_BYTES = 65_536


@dataclass(slots=True)
class _Open:
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)


class Http2Conversation:
    """Reads calls, and lets the stand-in answer them or spoil them as the script wants."""

    def __init__(self, spoken: ssl.SSLSocket, server: "StandinServer") -> None:
        self._socket, self._server = spoken, server
        self._h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._open: dict[int, _Open] = {}

    def serve(self) -> None:
        """Until the caller leaves, or the script hangs up."""
        self._h2.initiate_connection()
        self._flush()
        while True:
            data = self._socket.recv(READ_BYTES)
            if not data:
                return
            try:
                events = self._h2.receive_data(data)
            except ProtocolError:
                self._flush()
                return
            for event in events:
                if not self._take(event):
                    return
            self._flush()

    def _take(self, event: object) -> bool:
        """Whether the conversation goes on."""
        if isinstance(event, RequestReceived):
            self._open[event.stream_id] = _Open({str(n): str(v) for n, v in event.headers or ()})
        elif isinstance(event, DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            if event.stream_id in self._open:
                self._open[event.stream_id].body += event.data
        elif isinstance(event, StreamReset):
            self._open.pop(event.stream_id, None)
        elif isinstance(event, StreamEnded) and event.stream_id in self._open:
            return self._answer(event.stream_id, self._open.pop(event.stream_id))
        return True

    def _answer(self, stream: int, asked: _Open) -> bool:
        named = asked.headers
        headers = {name: value for name, value in named.items() if not name.startswith(":")}
        call = Call(named[":method"], named[":path"], headers, bytes(asked.body))
        standin = self._server.standin
        fault = standin.faults.take()
        standin.received.arrive(standin.read(call))
        time.sleep(fault.delay_ms / 1000)
        done = standin.answer(call) if fault.applied or not fault.spoils else None
        self._server.follow_script()
        if fault.breaks:
            self._socket.shutdown(socket.SHUT_RDWR)
            return False
        self._send(stream, done if done is not None and not fault.spoils else self._refusal(fault))
        return True

    def _refusal(self, fault: Fault) -> Answer:
        standin = self._server.standin
        answer = standin.refusal(fault.status) if fault.status else standin.over_limit()
        if fault.retry_after is None:
            return answer
        more = {"retry-after": f"{fault.retry_after:g}"}
        return Answer(answer.status, answer.body, {**answer.headers, **more})

    def _send(self, stream: int, answer: Answer) -> None:
        headers = [(":status", str(int(answer.status)))]
        headers += [(name.lower(), value) for name, value in answer.headers.items()]
        self._h2.send_headers(stream, headers, end_stream=not answer.body)
        if answer.body:
            self._h2.send_data(stream, answer.body, end_stream=True)
        self._flush()

    def _flush(self) -> None:
        data = self._h2.data_to_send()
        if data:
            self._socket.sendall(data)
