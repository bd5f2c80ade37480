"""Servers: one that answers with exactly the bytes it is told to, and any web application."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from flask import Flask
from werkzeug.serving import make_server

Script = Callable[[socket.socket], None]
Raw = Callable[[Script | bytes], str]


def drip(answer: bytes, seconds: float) -> Script:
    """Send one byte after the other, with pauses."""

    def script(connection: socket.socket) -> None:
        for byte in answer:
            connection.sendall(bytes((byte,)))
            time.sleep(seconds)

    return script


def read_request(connection: socket.socket) -> None:
    """Read a request to its end: what is closed with something unread is reset. A greeting of TLS
    is all that comes of one."""
    received = connection.recv(65_536)
    while b"\r\n\r\n" not in received and not received.startswith(b"\x16"):
        received += connection.recv(65_536) or b"\r\n\r\n"
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: *(\d+)", head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (piece := connection.recv(65_536)):
        missing -= len(piece)


@pytest.fixture
def raw() -> Iterator[Raw]:
    """Answer every request so; the address. The server goes with the test."""
    listeners: list[socket.socket] = []

    def answer(connection: socket.socket, script: Script | bytes) -> None:
        with connection, suppress(OSError):
            read_request(connection)
            if isinstance(script, bytes):
                connection.sendall(script)
            else:
                script(connection)

    def serve(listener: socket.socket, script: Script | bytes) -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection, script), daemon=True).start()

    def start(script: Script | bytes) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=serve, args=(listener, script), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Flask], str]]:
    """Start a web application on a free port; its address."""
    started = []

    def start(app: Flask) -> str:
        server = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started.append((server, thread))
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()
