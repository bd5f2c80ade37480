"""What `bench contract` compares with: the statements of a use case, behind a bare Flask route and
a bare gRPC method. No key, no limit, no check of the message, no envelope.

Both are told by a file (`Recorded` as JSON), and run on the same role, engine and pool as ours.
"""

import json
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc
from flask import Flask, Response, jsonify, request
from sqlalchemy import text

from webapp.core.db import open_engine
from webapp.core.words import new_id
from webapp.entry import descriptors
from webapp.entry.rpc import THREADS

METHOD = "points.v1.PointsService/SyncPoints"
PATH = "/points/sync"


@dataclass(frozen=True, slots=True)
class Recorded:
    """The statements of one transaction of a use case: (SQL, values). The last one gives the number
    that is the answer."""

    database_url: str
    statements: tuple[tuple[str, Mapping[str, Any]], ...]

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(asdict(self), default=str))

    @classmethod
    def read(cls, file: Path) -> "Recorded":
        content = json.loads(file.read_text())
        return cls(content["database_url"], tuple((s, v) for s, v in content["statements"]))


class Replay:
    """The recorded transaction, plainly over SQLAlchemy's core."""

    def __init__(self, recorded: Recorded) -> None:
        self._engine = open_engine(recorded.database_url)
        self._statements = [(text(sql), dict(values)) for sql, values in recorded.statements]

    def __call__(self) -> int:
        """Run it once more; what it emits gets new keys, so that it is really written."""
        answer: Any = None
        with self._engine.begin() as connection:
            for sql, values in self._statements:
                if "keys" in values:
                    values = {**values, "keys": [new_id("bare_") for _ in values["keys"]]}
                result = connection.execute(sql, values)
                if result.returns_rows:
                    rows = result.all()
                    answer = rows[0][0] if rows else None
        return int(answer)


def create_hello() -> Flask:
    """The least that a Flask application does, for gunicorn: `webapp.lab.bare:create_hello()`."""
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "Hello, World!"

    return app


def create_web(file: str) -> Flask:
    """One route, for gunicorn: `webapp.lab.bare:create_web('FILE')`."""
    replay, app = Replay(Recorded.read(Path(file))), Flask(__name__)

    @app.post(PATH)
    def sync() -> Response:
        given = request.get_json()
        assert given["customer_id"]  # noqa: S101 - the body is read, as any route would.
        return jsonify(status="ok", points_balance=replay())

    return app


def main(argv: list[str]) -> None:
    """One gRPC method, until the process is ended: FILE HOST:PORT."""
    replay = Replay(Recorded.read(Path(argv[0])))
    method = descriptors.methods()[METHOD]
    asked = descriptors.message_class(method.input.full_name)
    answer = descriptors.message_class(method.output.full_name)

    def sync(given: Any, _context: grpc.ServicerContext) -> Any:
        assert given.customer_id  # noqa: S101 - the message is read, as any method would.
        return answer(status="ok", points_balance=replay())

    service, _, name = METHOD.partition("/")
    handler = grpc.unary_unary_rpc_method_handler(sync, asked.FromString, answer.SerializeToString)
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, {name: handler}),)
    )
    server.add_insecure_port(argv[1])
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1:])
