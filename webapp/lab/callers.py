"""Clients that only measure: as many calls as asked for, over connections that stay open."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import grpc

from webapp.entry import descriptors

CLIENTS = 4
ANSWER_SECONDS = 30.0

# One call; gives the fields of its answer.
Call = Callable[[], Mapping[str, Any]]


def repeat(
    connect: Callable[[], Any], calls: int, check: Callable[[Mapping[str, Any]], None]
) -> int:
    """Have several clients make so many calls each, at once; `check` sees every answer. Gives back
    how many calls were made in all.

    `connect` is a context manager that gives a client's Call.
    """

    def work() -> None:
        with connect() as call:
            for _ in range(calls):
                check(call())

    with ThreadPoolExecutor(CLIENTS) as pool:
        for done in [pool.submit(work) for _ in range(CLIENTS)]:
            done.result()
    return CLIENTS * calls


def over_http(
    port: int, path: str, given: Mapping[str, Any], headers: Mapping[str, str]
) -> Callable[[], Any]:
    """A client that posts `given` as JSON to a port of this machine."""
    body = json.dumps(given)
    sent = {"Content-Type": "application/json", **headers}

    @contextmanager
    def connect() -> Iterator[Call]:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)) as to:

            def call() -> Mapping[str, Any]:
                to.request("POST", path, body, sent)
                fields: Mapping[str, Any] = json.loads(to.getresponse().read())
                return fields

            yield call

    return connect


def over_grpc(
    port: int, name: str, given: Mapping[str, Any], headers: Mapping[str, str]
) -> Callable[[], Any]:
    """A client that calls a method of a port of this machine."""
    method = descriptors.methods()[name]
    data = descriptors.message_class(method.input.full_name)(**given).SerializeToString()
    answer = descriptors.message_class(method.output.full_name)
    metadata = tuple(headers.items())

    @contextmanager
    def connect() -> Iterator[Call]:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            invoke: Callable[..., Any] = channel.unary_unary(
                f"/{name}", response_deserializer=answer.FromString
            )

            def call() -> Mapping[str, Any]:
                got = invoke(data, timeout=ANSWER_SECONDS, metadata=metadata)
                return {"status": got.status, "points_balance": got.points_balance}

            yield call

    return connect
