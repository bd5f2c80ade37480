"""The one path of every call of a program, whatever way it came in.

Authenticate the service key, count the call, then in one transaction: permission, message, use
case, answer. Ways in only translate what they get and what comes out.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from webapp.core import answers, i18n, messages, routing, tenancy
from webapp.core.context import Context
from webapp.core.contract import UseCase
from webapp.core.db import connection_lost, timed_out
from webapp.core.errors import (
    DEADLINE_EXCEEDED,
    INTERNAL,
    INVALID_VALUE,
    MERCHANT_NOT_FOUND,
    RATE_LIMITED,
    SERVICE_KEY_INVALID,
    UNAVAILABLE,
    AppError,
)
from webapp.core.rates import Allowance
from webapp.entry import Parts
from webapp.features.accounts import service as accounts

log = logging.getLogger(__name__)

SCHEME = "bearer"
MAX_CREDENTIAL = 200
IDEMPOTENCY_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)
# Fields in which a caller repeats who it is.
OWN_MERCHANT = ("merchant_id", "advocate_merchant_id")
# Whose a key is never changes, so it is asked once; whether it is valid is asked at each call.
_owners: dict[bytes, tuple[str, str]] = {}
MAX_OWNERS = 10_000
NOTED_WITHIN = 2.0


@dataclass
class Notes:
    """What is known about a call beside its answer, also when it fails; ways in tell it in headers
    or metadata."""

    allowance: Allowance | None = None
    replayed: bool = False


def perform(
    parts: Parts,
    row: UseCase,
    credential: str | None,
    given: Mapping[str, Any],
    *,
    locale: str,
    idempotency_key: str | None = None,
    from_text: bool = False,
    notes: Notes | None = None,
    within: float | None = None,
) -> dict[str, Any]:
    """Carry out one call and give back the fields of its envelope.

    `credential` is what the caller sent as `Authorization`; `locale` one of our tags
    (`asked_locale`). `from_text` says that all values are text (a query string). No statement may
    take longer than `within` seconds (deadline_exceeded, see `visible`). Raises AppError:
    service_key_invalid, rate_limited, permission_denied, those of `messages.decode`,
    merchant_not_found, idempotency_key_reused, idempotency_key_in_use, and the row's own.
    """
    notes = notes or Notes()
    merchant_id, key_id = key_owner(parts, credential)
    count_call(parts, key_id, notes)
    readonly, message = not row.write, None
    try:
        with parts.database.transaction(
            merchant_id, locale=locale, readonly=readonly, within=within
        ) as ctx:
            ctx.actor = accounts.actor_of_service_key(ctx, key_id, note_use=row.write)
            ctx.actor.demand(row.permission)
            message = messages.decode(row.message, given, from_text=from_text)
            refuse_other_merchants(ctx, message)
            fields = run_once(ctx, row, message, idempotency_key, notes)
    except AppError as error:
        if row.failed is not None and message is not None:
            note_failure(parts, row, message, error, ctx)
        raise
    return {"status": "ok", **fields, "error": None}


def note_failure(parts: Parts, row: UseCase, message: Any, error: AppError, of: Context) -> None:
    """Let the row note that its call has failed. What fails here takes nobody the answer."""
    try:
        with parts.database.transaction(
            of.merchant_id, of.actor, of.locale, within=NOTED_WITHIN
        ) as ctx:
            if row.failed is not None:
                row.failed(ctx, message, error)
    except Exception:
        log.exception("that %s failed was not noted", row.name)


def run_once(
    ctx: Context, row: UseCase, message: Any, key: str | None, notes: Notes
) -> dict[str, Any]:
    """The fields of the answer: of the first call with this key, if there was one, or as `again`
    makes them."""
    if key is None or not row.repeatable:
        return messages.encode(row.run(ctx, message))
    if not IDEMPOTENCY_KEY.fullmatch(key):
        raise AppError(INVALID_VALUE, field="Idempotency-Key", value=messages.shown("", key))
    asked = answers.request_hash(row.name, messages.encode(message))
    first = answers.first_answer(ctx, key, asked)
    if first is not None:
        notes.replayed = True
        return first if row.again is None else messages.encode(row.again(ctx, message))
    fields = messages.encode(row.run(ctx, message))
    answers.keep_answer(ctx, key, fields if row.again is None else {})
    return fields


def key_owner(parts: Parts, credential: str | None) -> tuple[str, str]:
    """(merchant id, key id) of a service key, whatever its state.

    Keys are found by their hash, so the time taken tells nothing about the keys there are.
    """
    scheme, _, key = (credential or "").partition(" ")
    key = key.strip()
    known = scheme.lower() == SCHEME and key.startswith(tenancy.SERVICE_KEY_PREFIX)
    if not known or len(key) > MAX_CREDENTIAL:
        raise AppError(SERVICE_KEY_INVALID)
    key_hash = tenancy.hash_service_key(key)
    owner = _owners.get(key_hash)
    if owner is None:
        with parts.database.before_tenant() as db:
            owner = routing.tenant_of_service_key(db, key_hash)
        if owner is None:
            raise AppError(SERVICE_KEY_INVALID)
        if len(_owners) >= MAX_OWNERS:
            _owners.clear()
        _owners[key_hash] = owner
    return owner


def count_call(parts: Parts, key_id: str, notes: Notes) -> None:
    """Count this call for its key. Raises AppError(rate_limited)."""
    notes.allowance = allowance = parts.limiter.take(key_id)
    if not allowance.granted:
        raise AppError(RATE_LIMITED, seconds=str(allowance.reset))


def refuse_other_merchants(ctx: Context, message: Any) -> None:
    """Raise AppError(merchant_not_found) when a message names another merchant than the caller's;
    whether there is one is nobody's business."""
    for field in OWN_MERCHANT:
        named = getattr(message, field, None)
        if named not in (None, ctx.merchant_id):
            raise AppError(MERCHANT_NOT_FOUND, merchant=str(named))


def asked_locale(given: Any, named: str | None, accept_language: str | None) -> str:
    """The language to answer in: the message's `locale`, else the one `named` beside it (query,
    metadata), else Accept-Language, else English."""
    own = given.get("locale") if isinstance(given, Mapping) else None
    return i18n.negotiate(own if isinstance(own, str) and own else named, accept_language)


def visible(error: Exception) -> AppError:
    """The failure that a caller may see. What is a fault of ours is logged with its traceback."""
    if isinstance(error, AppError):
        return error
    if timed_out(error):
        return AppError(DEADLINE_EXCEEDED)
    if isinstance(error, PoolTimeoutError) or connection_lost(error):
        log.error("the database did not answer", exc_info=error)
        return AppError(UNAVAILABLE)
    log.error("unexpected failure", exc_info=error)
    return AppError(INTERNAL)


def failure(error: AppError, locale: str) -> dict[str, Any]:
    """The envelope's fields of a failed call."""
    return {
        "status": "error",
        "error": {"code": error.kind.code, "message": error.message(locale)},
    }
