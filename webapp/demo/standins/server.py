"""A stand-in on a port of its own: one listening socket, a thread for each connection.

The sockets are handled here and not by a web framework, because the faults are faults of sockets: a
closed port, a connection that never answers, an answer that breaks off.
"""

import select
import socket
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from http import HTTPStatus

from webapp.demo.standins.control import control
from webapp.demo.standins.conversation import Conversation
from webapp.demo.standins.exchange import Answer, Call
from webapp.demo.standins.http2 import Http2Conversation
from webapp.demo.standins.service import Standin

HOST = "127.0.0.1"
# A connection that says nothing for so long is closed.
IDLE_SECONDS = 65.0
_TLS_HELLO = b"\x16"


class StandinServer:
    """Serves one stand-in. Used as a context manager, or by `start` and `close`."""

    def __init__(self, standin: Standin, port: int = 0) -> None:
        self.standin = standin
        self._socket = _bound(port)
        self.port: int = self._socket.getsockname()[1]
        self._refusing_until = 0.0
        self._closing = False
        self._asked: deque[threading.Event] = deque()
        self._woken, self._waker = socket.socketpair()
        self._connections: dict[socket.socket, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._accept, name=standin.name, daemon=True)

    @property
    def url(self) -> str:
        return self.tls_url if self.standin.secure else f"http://{HOST}:{self.port}"

    @property
    def tls_url(self) -> str:
        """The same port; the certificate is the stand-in's own."""
        return f"https://{HOST}:{self.port}"

    def start(self) -> "StandinServer":
        self._socket.listen(128)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop at once; whoever is connected is cut off."""
        self._closing = True
        self.standin.faults.replace({"next": []})
        self._waker.send(b"x")
        self._thread.join()
        self._cut_off()
        for each in (self._socket, self._woken, self._waker):
            each.close()
        self.standin.close()

    def __enter__(self) -> "StandinServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def refuse(self, seconds: float) -> None:
        """Close the port and every connection for that time; 0 opens it again."""
        switched = threading.Event()
        self._refusing_until = time.monotonic() + seconds
        self._asked.append(switched)
        self._waker.send(b"x")
        switched.wait(2)
        if seconds:
            self._cut_off(threading.get_ident())

    def refusing(self) -> bool:
        """Whether the port is closed now."""
        return time.monotonic() < self._refusing_until

    def follow_script(self) -> None:
        """Close the port if that is the script's next step."""
        seconds = self.standin.faults.take_refusal()
        if seconds:
            self.refuse(seconds)

    def control(self, call: Call) -> Answer:
        """A call of the control API (`/_faults`, `/_received`, `/_keys`, `/_reset`)."""
        if call.method == "POST" and call.path in ("/_faults", "/_reset"):
            self.refuse(0)
        answer = control(self.standin, call)
        if answer.status == HTTPStatus.OK:
            self.follow_script()
        return answer

    def _accept(self) -> None:
        listening = True
        while not self._closing:
            asked = [self._asked.popleft() for _ in range(len(self._asked))]
            pause = self._refusing_until - time.monotonic()
            if pause > 0 and listening:
                self._socket.close()
                # Bound but not listening: nobody else gets the port, and who calls is refused.
                self._socket = _bound(self.port)
            elif pause <= 0 and not listening:
                self._socket.listen(128)
            listening = pause <= 0
            for switched in asked:
                switched.set()
            watched = [self._woken, self._socket] if listening else [self._woken]
            ready, _, _ = select.select(watched, [], [], None if listening else pause)
            if self._woken in ready:
                self._woken.recv(64)
            if self._socket in ready:
                self._welcome()

    def _welcome(self) -> None:
        with suppress(OSError):
            connection, _ = self._socket.accept()
            name = f"{self.standin.name}-connection"
            threading.Thread(
                target=self._converse, args=(connection,), name=name, daemon=True
            ).start()

    def _converse(self, connection: socket.socket) -> None:
        """Speak with one caller until either side has enough."""
        with self._lock:
            self._connections[connection] = threading.get_ident()
        # A caller may leave at any moment, and one that checks certificates leaves during TLS.
        with suppress(OSError), connection:
            connection.settimeout(IDLE_SECONDS)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            spoken = connection
            if connection.recv(1, socket.MSG_PEEK) == _TLS_HELLO:
                spoken = self.standin.server_context().wrap_socket(connection, server_side=True)
            with spoken:
                if isinstance(spoken, ssl.SSLSocket) and spoken.selected_alpn_protocol() == "h2":
                    Http2Conversation(spoken, self).serve()
                else:
                    # http.server only hands its server on; it need not be one of socketserver's.
                    Conversation(spoken, (HOST, self.port), self)  # type: ignore[arg-type]
        with self._lock:
            self._connections.pop(connection, None)

    def _cut_off(self, but: int | None = None) -> None:
        """Hang up on everybody except the caller whom the thread `but` serves."""
        with self._lock:
            others = [c for c, thread in self._connections.items() if thread != but]
        for connection in others:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _bound(port: int) -> socket.socket:
    """A socket that has the port and does not listen yet; raises OSError when it is taken."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
    except OSError:
        made.close()
        raise
    return made
