"""Calling out: bounds of time and size, what is worth a retry, and what is never said."""

import socket
import time
from collections.abc import Callable

import pytest

from tests.gateways.conftest import Raw, drip
from webapp.gateways.calling import (
    MAX_ANSWER_BYTES,
    Caller,
    GatewayError,
    redacted,
    refusal,
)
from webapp.gateways.retry_after import wait_of

SECRET = "pk_live_0123456789abcdef"
HEAD = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"


def whole(status: str, body: bytes = b"{}", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def call(url: str, **more: object) -> dict:
    headers = {"Authorization": f"Bearer {SECRET}"}
    caller = Caller(read=0.5, total=1.0)
    return caller.call("POST", url, headers=headers, content={"email": "a@b.de"}, **more).json()


def failed(url: str) -> GatewayError:
    with pytest.raises(GatewayError) as error:
        call(url)
    assert SECRET not in repr(error.value)
    assert error.value.__cause__ is None
    return error.value


def test_an_answer_comes_back(raw: Raw) -> None:
    assert call(raw(whole("202 Accepted", b'{"a": 1}'))) == {"a": 1}


def hang(connection: socket.socket) -> None:
    time.sleep(3)


@pytest.mark.alone
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (hang, "ReadTimeout"),
        (drip(HEAD + b"X-Slow: " + b"x" * 500, 0.05), "ReadTimeout"),
        (drip(HEAD + b"Content-Length: 500\r\n\r\n" + b"x" * 500, 0.05), "ReadTimeout"),
        (lambda connection: None, "RemoteProtocolError"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "RemoteProtocolError"),
        (HEAD + b"Content-Length: 500\r\n\r\n{}", "RemoteProtocolError"),
        (HEAD + b"\r\n" + b"x" * (MAX_ANSWER_BYTES + 1), "the answer is too long"),
        (whole("200 OK", b"<html>"), "not a JSON object"),
        (whole("200 OK", b"[" * 100_000), "not a JSON object"),
        (whole("200 OK", b"[]"), "not a JSON object"),
    ],
    ids=[
        *("silence", "slow headers", "slow body", "hung up", "no HTTP", "half", "too long"),
        *("no JSON", "deep JSON", "a list"),
    ],
)
def test_what_is_no_answer_ends_in_time_and_may_be_tried_again(
    raw: Raw, script: Callable[[socket.socket], None] | bytes, reason: str
) -> None:
    began = time.monotonic()
    error = failed(raw(script))
    assert time.monotonic() - began < 1.6
    assert reason in str(error)
    assert (error.final, error.after, error.credential) == (False, None, False)


def test_nobody_there_is_known_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    assert str(failed(url)) == "no answer: ConnectError"


def test_plain_text_where_tls_is_expected_is_no_answer(raw: Raw) -> None:
    assert "ConnectError" in str(failed(raw(whole("200 OK")).replace("http:", "https:")))


def test_a_redirect_is_not_followed(raw: Raw) -> None:
    elsewhere = raw(whole("200 OK"))
    error = failed(raw(whole("302 Found", b"", f"Location: {elsewhere}")))
    assert (str(error), error.final) == ("HTTP 302", True)


def test_a_proxy_of_the_environment_is_not_used(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert call(raw(whole("200 OK"))) == {}


def test_a_key_that_cannot_be_sent_is_not_repeated() -> None:
    with pytest.raises(GatewayError) as error:
        Caller().call("GET", "http://127.0.0.1:9", headers={"Authorization": f"{SECRET}\n"})
    assert SECRET not in str(error.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_these_may_be_tried_again(status: int) -> None:
    error = refusal(status, {})
    assert (error.final, error.credential) == (False, False)


@pytest.mark.parametrize("status", [301, 400, 404, 409, 410, 413, 422])
def test_these_may_not(status: int) -> None:
    assert refusal(status, {"retry-after": "7"}).final
    assert refusal(status, {"retry-after": "7"}).after is None


@pytest.mark.parametrize("status", [401, 403])
def test_these_are_the_fault_of_the_key(status: int) -> None:
    error = refusal(status, {"retry-after": "7"})
    assert (error.credential, error.final, error.after) == (True, False, None)


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "2.0"}, 2.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "99999999"}, 3_600.0),
        ({"retry-after": DATE}, 0.0),
        ({"retry-after": "Fri, 31 Dec 2999 23:59:59 GMT"}, 3_600.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:50:07 GMT", "date": DATE}, 30.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert wait_of(headers) == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_the_receivers_pause_comes_with_the_error(raw: Raw, status: int) -> None:
    error = failed(raw(whole(f"{status} No", b"{}", "Retry-After: 7")))
    assert (error.after, error.final) == (7.0, False)


def test_a_429_without_a_word_means_a_second() -> None:
    assert refusal(429, {}).after == 1.0


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Invalid e-mail anna.b+x@example.com given", "Invalid e-mail … given"),
        ("phone +49 (170) 123-45-67 is bad", "phone … is bad"),
        ("key pk_live_0123456789abcdef unknown", "key … unknown"),
        ("see https://example.com/x?token=1", "see …"),
        ("two\nlines\x00", "two lines"),
        ("customer_ambiguous_error", "customer_ambiguous_error"),
        ("x" * 1_000, "x" * 200),
    ],
)
def test_foreign_sentences_are_shown_without_secrets(said: str, shown: str) -> None:
    assert redacted(said) == shown


def test_the_reason_of_a_refusal_is_explained(raw: Raw) -> None:
    url = raw(whole("400 Bad Request", b'{"errors": [{"code": "invalid"}]}'))
    with pytest.raises(GatewayError, match="HTTP 400: invalid"):
        call(url, explain=lambda answer: answer["errors"][0]["code"])
    with pytest.raises(GatewayError, match=r"HTTP 400$"):
        call(url, explain=lambda answer: answer["nothing"]["here"])
