"""One server each for REST and gRPC over the same database, and what calls leave behind in it."""

import http.client
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

from tests.entry.programs import make_key
from tests.factories import Tenant
from tests.rpc_client import RpcClient
from webapp.core import discovery, errors
from webapp.core.contract import UseCase
from webapp.entry import docs
from webapp.parts import Parts

COMMON = [kind for kind in vars(errors).values() if isinstance(kind, errors.Kind)]
OWN = [kind for _, row in discovery.use_cases().values() for kind in row.errors]
KINDS = {kind.code: kind for kind in (*COMMON, *OWN)}
# What opens a card is another address each time.
CARD = re.compile(r"/w/[\w-]+")


@dataclass(frozen=True)
class Told:
    """What a caller is told, whichever way it came in: the answer's fields, or code and message."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""


def comparable(fields: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is random in it."""
    return {
        name: CARD.sub("/w/a-card", value) if isinstance(value, str) else value
        for name, value in fields.items()
    }


@dataclass(frozen=True)
class World:
    """`tenant` is the one that the examples speak of; `stranger` is a member of the other one."""

    parts: Parts
    tenant: Tenant
    other: Tenant
    stranger: str

    def key(self, *permissions: str) -> str:
        return make_key(self.parts.database, self.tenant, *permissions)

    def traces(self) -> "Traces":
        """What is in the tenant's books now."""
        with self.parts.database.transaction(self.tenant.merchant_id, readonly=True) as ctx:
            audit, outbox = (
                [tuple(map(str, found)) for found in ctx.db.execute(text(sql))]
                for sql in (_AUDIT, _OUTBOX)
            )
        return Traces(audit, outbox)


@dataclass(frozen=True)
class Ways:
    """Both ways into one process: the port of the web, and a client of the gRPC server."""

    web: int
    rpc: RpcClient

    def rest(self, row: UseCase, given: Mapping[str, Any], key: str | None, **headers: str) -> Told:
        """Call by REST; the status must be that of the failure."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        path, body = row.path, None
        if row.method == "GET":
            path = f"{path}?{docs.query(given)}"
        else:
            body, sent["Content-Type"] = json.dumps(given), "application/json"
        with closing(http.client.HTTPConnection("127.0.0.1", self.web, timeout=20)) as connection:
            connection.request(row.method, path, body, sent)
            response = connection.getresponse()
            fields = json.loads(response.read())
        if fields["error"] is None:
            assert response.status == 200
            return Told(comparable(fields))
        code = fields["error"]["code"]
        assert response.status == KINDS[code].http
        return Told({}, code, fields["error"]["message"])

    def grpc(
        self, row: UseCase, given: Mapping[str, Any], key: str | None, **metadata: str
    ) -> Told:
        """Call by gRPC; the status must be that of the failure."""
        answer = self.rpc.call(row.grpc, given, key=key, **metadata)
        if answer.status == "OK":
            return Told(comparable(answer.fields))
        assert answer.code is not None
        assert answer.status == KINDS[answer.code].grpc
        return Told({}, answer.code, answer.message)


# The clock stands still, so that times are equal as well; keys of messages are random.
_AUDIT = """
select action, actor_kind, metadata, created_at from audit_logs
where action not like 'service_key_%' order by audit_id
"""
_OUTBOX = """
select topic, payload, (select count(*) from deliveries d where d.message_id = o.message_id)
from outbox o order by message_id
"""


@dataclass(frozen=True)
class Traces:
    """Audit rows and outbox rows (with the number of their deliveries), oldest first."""

    audit: list[tuple[str, ...]]
    outbox: list[tuple[str, ...]]

    def since(self, before: "Traces") -> "Traces":
        """What was added after `before`."""
        return Traces(self.audit[len(before.audit) :], self.outbox[len(before.outbox) :])


NOTHING = Traces([], [])


def wrong_messages(row: UseCase, world: World) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(what is wrong, message) of every sort of wrong message that both ways can carry."""
    good = row.examples[0].given
    for name, value in good.items():
        if name != "locale":
            yield f"no {name}", {k: v for k, v in good.items() if k != name}
        for what, wrong in _wrong_values(value):
            yield f"{what} {name}", {**good, name: wrong}
    foreign = {
        "customer_id": world.stranger,
        "customer_ids": [world.stranger],
        "store_ids": [world.other.shop],
        "merchant_id": world.other.merchant_id,
        "advocate_merchant_id": world.other.merchant_id,
    }
    for name in good.keys() & foreign.keys():
        yield f"foreign {name}", {**good, name: foreign[name]}


def _wrong_values(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, str):
        yield "empty", ""
        yield "overlong", "x" * 201
        yield "huge", "x" * 2_001
        yield "NUL in", "a\0b"
        yield "newline in", "a\nb"
        yield "unknown", "no-such-thing"
        yield "strange", "ж" * 150 + "\u202e"
    elif isinstance(value, list):
        yield "empty", []
        yield "too many of", value * 1_001
        for what, wrong in _wrong_values(value[0]):
            yield f"{what} item of", [*value, wrong]
    elif isinstance(value, dict):
        yield "empty", {}
        yield "unknown field in", {**value, "no_such_field": "x"}
        yield "NUL in", {**value, next(iter(value)): "a\0b"}
    else:
        yield "negative", -1
        yield "enormous", 2**62
