"""Keys of outside services: entered, shown by a hint only, tested, removed.

A merchant has the services in MERCHANT_SERVICES; the tenant PLATFORM, as which operators act, has
those in PLATFORM_SERVICES.
"""

import json
import re
from collections.abc import Mapping

from webapp.core.connections import (
    FILES,
    MERCHANT_SERVICES,
    PLATFORM_SERVICES,
    SHOWN,
    credentials,
)
from webapp.core.context import Context
from webapp.core.crypto import Place
from webapp.core.errors import CONNECTION_VALUE_INVALID, NOT_FOUND, AppError
from webapp.core.inbox import PLATFORM
from webapp.core.models import Connection, PlatformConnection
from webapp.core.words import new_id
from webapp.features.accounts.messages import ConnectionShown, ConnectionTest, SaveConnection

SAVED = "connection_saved"
REMOVED = "connection_removed"
# Keys travel in headers of HTTP: visible ASCII, no blanks.
_VALUE = re.compile(r"[\x21-\x7e]{1,500}")
_FILE = re.compile(r"[\n\r\t\x20-\x7e]{1,20000}")
# What is no secret becomes a part of an address.
_IN_ADDRESSES = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,99}")
SHOWN_OF_A_KEY = 4
SHORTEST_SHOWN = 12


def services_of(ctx: Context) -> Mapping[str, tuple[str, ...]]:
    """The services that this tenant has keys for, with the names of their values."""
    return PLATFORM_SERVICES if ctx.merchant_id == PLATFORM else MERCHANT_SERVICES


def list_connections(ctx: Context) -> dict[str, ConnectionShown]:
    """What there is, by service."""
    rows = {service: _row(ctx, service) for service in services_of(ctx)}
    refs = {s: f"{s}:{ctx.merchant_id}:{row.credential_id}" for s, row in rows.items() if row}
    states = ctx.breakers.states([*refs, *refs.values()])
    return {
        service: ConnectionShown(
            service,
            row.hint,
            row.state,
            row.tested_at,
            row.test_result or "",
            max(states[service], states[refs[service]], key=lambda state: state.seconds),
        )
        for service, row in rows.items()
        if row
    }


def save_connection(ctx: Context, message: SaveConnection) -> None:
    """Keep a key in the place of any other, and have it tested.

    Raises AppError: not_found (no such service), connection_value_invalid. Neither says a value.
    """
    names = _names(ctx, message.service)
    values = {name: message.values.get(name, "").strip() for name in names}
    for name, value in values.items():
        if not _form_of(name).fullmatch(value):
            raise AppError(CONNECTION_VALUE_INVALID, field=name)
    row = _row(ctx, message.service) or _new(ctx, message.service)
    row.credential_id = new_id("crd_")
    row.sealed = ctx.keys.seal(json.dumps(values), _place(ctx, message.service))
    row.hint = hint(values)
    row.updated_at, row.updated_by = ctx.wall, ctx.actor.id
    row.tested_at, row.test_result = None, None
    ctx.db.add(row)
    ctx.db.flush()
    ctx.audit(SAVED, service=message.service)
    request_test(ctx, message.service)


def remove_connection(ctx: Context, service: str) -> None:
    """Forget a key; nothing is sent to the service any more. Raises AppError(not_found)."""
    ctx.db.delete(_found(ctx, service))
    ctx.db.flush()
    ctx.audit(REMOVED, service=service)


def request_test(ctx: Context, service: str) -> None:
    """Have a key tried out, in a moment. Raises AppError(not_found)."""
    row = _found(ctx, service)
    row.state = "testing"
    ctx.db.flush()
    payload = {"service": service, "credential_id": row.credential_id}
    ctx.emit("connection.test_requested", new_id("tst_"), payload)


def prepare_test(ctx: Context, service: str, credential_id: str) -> ConnectionTest | None:
    """The key to try out; None when it was replaced or removed since."""
    row, opened = _row(ctx, service), credentials(ctx, service)
    if row is None or opened is None or row.credential_id != credential_id:
        return None
    return ConnectionTest(service, credential_id, opened)


def record_test(ctx: Context, test: ConnectionTest, state: str, reason: str) -> None:
    """Note how a test went (works, refused, unreachable), unless the key was replaced meanwhile."""
    row = _row(ctx, test.service)
    if row is None or row.credential_id != test.credential_id:
        return
    row.state, row.tested_at, row.test_result = state, ctx.wall, reason or None
    ctx.db.flush()


def hint(values: Mapping[str, str]) -> str:
    """What may be shown of a key: what is no secret, and of secrets the end of the long ones."""
    return " · ".join(
        value if name in SHOWN else f"…{value[-SHOWN_OF_A_KEY:]}"
        for name, value in values.items()
        if name in SHOWN or (name not in FILES and len(value) >= SHORTEST_SHOWN)
    )


def _form_of(name: str) -> re.Pattern[str]:
    if name in FILES:
        return _FILE
    return _IN_ADDRESSES if name in SHOWN else _VALUE


def _names(ctx: Context, service: str) -> tuple[str, ...]:
    names = services_of(ctx).get(service)
    if names is None:
        raise AppError(NOT_FOUND)
    return names


def _row(ctx: Context, service: str) -> Connection | PlatformConnection | None:
    if ctx.merchant_id == PLATFORM:
        return ctx.db.get(PlatformConnection, service)
    return ctx.db.get(Connection, (ctx.merchant_id, service))


def _found(ctx: Context, service: str) -> Connection | PlatformConnection:
    _names(ctx, service)
    row = _row(ctx, service)
    if row is None:
        raise AppError(NOT_FOUND)
    return row


def _new(ctx: Context, service: str) -> Connection | PlatformConnection:
    if ctx.merchant_id == PLATFORM:
        return PlatformConnection(service=service)
    return Connection(merchant_id=ctx.merchant_id, service=service)


def _place(ctx: Context, service: str) -> Place:
    if ctx.merchant_id == PLATFORM:
        return PlatformConnection.place(service)
    return Connection.place(ctx.merchant_id, service)
