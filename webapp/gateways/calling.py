"""The one way of calling out over HTTP.

Every call has a time-out for connecting, for each read and in total; the total also holds for an
answer that drips, from its first header on. An answer has a size. No redirect is followed, no proxy
of the environment is used, and no text of an error says a secret or an address: `redacted`.
"""

import json
import re
import ssl
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpcore

from webapp.gateways.deadline import BoundedBackend, deadline
from webapp.gateways.retry_after import wait_of
from webapp.gateways.tls import usual

# A call takes six seconds at the most. A send makes two calls at the most and starts in the first
# three seconds of a lease of fifteen, so no answer outlives the right to record it.
CALL_SECONDS = 6.0
CONNECT_SECONDS = 1.0
READ_SECONDS = 1.5
MAX_ANSWER_BYTES = 1_000_000
# A 429 that does not say how long (Postscript's never does) means a rate limit of seconds.
TOO_MANY_SECONDS = 1.0
ACCEPTED = 202
FORM = "application/x-www-form-urlencoded"
RETRIABLE = frozenset({408, 425, 429})
REFUSED_CREDENTIAL = frozenset({401, 403})
MAX_REASON = 200

_SECRETS_AND_ADDRESSES = re.compile(
    r"[^\s@<>\"']+@[^\s@<>\"']+"  # addresses of e-mail
    r"|\+?\d[\d\s().-]{6,}\d"  # numbers of telephones
    r"|https?://\S+"
    r"|(?=[\w./+=-]*\d)[\w./+=-]{16,}"  # keys and tokens: long, with a digit
)


class GatewayError(Exception):
    """A call that failed, in words that may be shown and logged.

    `final`: no retry can help. `after`: seconds that the receiver asked us to wait. `credential`:
    it does not take the key that was used, so other calls with that key are in vain as well.
    `status` is that of the answer, where there was one.
    """

    def __init__(
        self,
        reason: str,
        *,
        final: bool = False,
        after: float | None = None,
        credential: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(reason)
        self.final, self.after, self.credential = final, after, credential
        self.status = status


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def demand(self, status: int) -> None:
        """Raise GatewayError unless this is the status: another one of success, e.g. of a proxy in
        between, does not say that anything was taken."""
        if self.status != status:
            raise GatewayError(f"HTTP {self.status} instead of {status}")

    def json(self) -> dict[str, Any]:
        """The JSON object in it. Raises GatewayError."""
        found = parse(self.body)
        if found is None:
            raise GatewayError("the answer is not a JSON object")
        return found


class Caller:
    """Calls over kept connections; safe for threads. It is made before a fork, and opens nothing
    until its first call. `tls` is what https is spoken with, else the usual; with `http2` nothing
    else is spoken."""

    def __init__(
        self,
        *,
        read: float = READ_SECONDS,
        total: float = CALL_SECONDS,
        tls: ssl.SSLContext | None = None,
        http2: bool = False,
    ) -> None:
        self._read, self._total = read, total
        self._tls, self._http2 = tls, http2
        self._lock = threading.Lock()
        self._opened: httpcore.ConnectionPool | None = None

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        explain: Callable[[Mapping[str, Any]], object] | None = None,
    ) -> Answer:
        """Send `content` as JSON, or a `form`; the answer, if its status is 2xx. Raises
        GatewayError.

        `explain` finds the reason in the JSON of a refusal.
        """
        body = None if content is None else json.dumps(content).encode()
        if form is not None:
            body = urlencode(form).encode()
            headers = {"Content-Type": FORM, **(headers or {})}
        with self._answer(method, url, headers, body, query) as response:
            status, names = response.status, _headers(response)
            whole = b"".join(pieces(response, MAX_ANSWER_BYTES))
        if not 200 <= status <= 299:
            raise refusal(status, names, _explained(explain, whole))
        return Answer(status, names, whole)

    @contextmanager
    def stream(self, url: str, most_bytes: int, seconds: float) -> Iterator[Iterator[bytes]]:
        """The pieces of what lies at `url`, without any credential. Raises GatewayError, also for
        more than `most_bytes` or when it takes longer than `seconds`."""
        with self._answer("GET", url, None, None, None, seconds) as response:
            if response.status != 200:
                raise refusal(response.status, _headers(response))
            yield pieces(response, most_bytes)

    def part(self, url: str, start: int, length: int) -> tuple[bytes, int]:
        """(at most `length` bytes of what lies at `url` from byte `start` on, the size of all of
        it), without any credential. Raises GatewayError, also when the server knows no ranges and
        sends more than that. Source: RFC 9110, 14."""
        wanted = {"Range": f"bytes={start}-{start + length - 1}"}
        with self._answer("GET", url, wanted, None, None) as response:
            headers = _headers(response)
            if response.status not in (200, 206):
                raise refusal(response.status, headers)
            content = b"".join(pieces(response, length))
        if response.status == 200:
            if start:
                raise GatewayError("the server sends no parts of a file", final=True)
            return content, len(content)
        size = headers.get("content-range", "").rpartition("/")[2]
        if not size.isdigit():
            raise GatewayError("the server does not say how long the file is")
        return content, int(size)

    @contextmanager
    def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        body: bytes | None,
        query: Mapping[str, str] | None,
        seconds: float | None = None,
    ) -> Iterator[httpcore.Response]:
        """An open answer. What goes wrong while it is read is a GatewayError as well."""
        sent: dict[bytes | str, bytes | str] = {
            "User-Agent": "LoyalNest",
            "Accept-Encoding": "identity",
        }
        if body is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        timeouts = {"connect": CONNECT_SECONDS, "pool": CONNECT_SECONDS}
        timeouts.update(read=self._read, write=self._read)
        address = f"{url}?{urlencode(query)}" if query else url
        try:
            with (
                deadline(time.monotonic() + (seconds or self._total)),
                self._pool().stream(
                    method,
                    address,
                    headers=sent,
                    content=body,
                    extensions={"timeout": timeouts},
                ) as response,
            ):
                yield response
        except _NO_ANSWER as error:
            # From None: the cause may quote what was sent, e.g. a header that cannot be.
            raise GatewayError(f"no answer: {type(error).__name__}") from None

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def _pool(self) -> httpcore.ConnectionPool:
        with self._lock:
            if self._opened is None:
                self._opened = httpcore.ConnectionPool(
                    self._tls or usual(),
                    http1=not self._http2,
                    http2=self._http2,
                    max_connections=50,
                    keepalive_expiry=5.0,
                    network_backend=BoundedBackend(),
                )
                # Kept connections are closed with the caller.
                weakref.finalize(self, self._opened.close)
            return self._opened


_NO_ANSWER = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    UnicodeError,
)


def _headers(response: httpcore.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in response.headers}


def pieces(response: httpcore.Response, most_bytes: int) -> Iterator[bytes]:
    """The body in pieces, as long as it is of a sane size; raises GatewayError."""
    size = 0
    for piece in response.iter_stream():
        size += len(piece)
        if size > most_bytes:
            raise GatewayError("the answer is too long")
        yield piece


def parse(body: bytes) -> dict[str, Any] | None:
    """The JSON object in `body`, None when there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def refusal(status: int, headers: Mapping[str, str], why: str = "") -> GatewayError:
    """The error of a status other than 2xx.

    Retriable are 408, 425, 429 and 5xx. 401 and 403 are the fault of the credential: it may be
    mended while the message waits, so they are not final either.
    """
    reason = f"HTTP {status}: {why}" if why else f"HTTP {status}"
    credential = status in REFUSED_CREDENTIAL
    retriable = credential or status in RETRIABLE or status >= 500
    after = wait_of(headers) if retriable and not credential else None
    if status == 429 and after is None:
        after = TOO_MANY_SECONDS
    return GatewayError(
        reason, final=not retriable, after=after, credential=credential, status=status
    )


def _explained(explain: Callable[[Mapping[str, Any]], object] | None, body: bytes) -> str:
    """What the JSON of a refusal says, if it has the expected form."""
    found = parse(body) if explain else None
    if explain is None or found is None:
        return ""
    try:
        why = explain(found)
    except (KeyError, IndexError, TypeError, AttributeError):
        return ""
    return redacted(str(why)) if why else ""


def redacted(text: str) -> str:
    """A foreign sentence in a form that may be shown and logged: short, on one line, without
    addresses, telephone numbers or anything that looks like a key."""
    line = "".join(c if c.isprintable() else " " for c in text[: 10 * MAX_REASON])
    return _SECRETS_AND_ADDRESSES.sub("…", line)[:MAX_REASON].strip()
