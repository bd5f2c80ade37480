"""Applications served on a port of this process, for browsers."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from werkzeug.serving import WSGIRequestHandler, make_server

from webapp.app import create_app
from webapp.parts import Parts


class Quiet(WSGIRequestHandler):
    """Addresses may hold one-time tokens, which belong into no log."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        return None


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """The base address of a running WSGI application."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def served(parts: Parts) -> Iterator[str]:
    """The base address of the web application."""
    with serving(create_app(parts)) as address:
        yield address
