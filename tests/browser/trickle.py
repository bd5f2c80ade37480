"""A page that comes tag by tag, so that a browser paints every state of it on the way."""

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

# Longer than a frame at 60 Hz: what is read up to here is painted before the next tag comes.
PAUSE_SECONDS = 0.02


def tags(html: str) -> list[str]:
    """The head and what opens the body in one piece, then tag by tag."""
    head, opening, body = html.partition("<body")
    first, *rest = re.split(r"(?<=>)", opening + body)
    return [head + first, *rest]


def trickle(html: str, base: str) -> Callable[..., Iterator[bytes]]:
    """A WSGI application whose every answer is that page; what it refers to comes from `base`."""
    pieces = tags(html.replace("<head>", f'<head><base href="{base}">', 1))

    def app(_: dict[str, Any], start: Callable[..., object]) -> Iterator[bytes]:
        start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
        for piece in pieces:
            yield piece.encode()
            if piece.strip():
                time.sleep(PAUSE_SECONDS)

    return app
