"""Applies some of what waits for a worker here and now, in the transaction of somebody who needs to
know what comes of it.

It is the worker's own way: under the lane's lock, with the handler's own function, and the delivery
is deleted in the same commit, so the worker finds nothing left to do. Whatever fails is left to it.
"""

import logging
from collections.abc import Mapping, Sequence

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from webapp.core import deliveries, discovery
from webapp.core.context import Context
from webapp.core.contract import Send
from webapp.core.db import connection_lost
from webapp.core.deliveries import Message

log = logging.getLogger(__name__)

# How long a caller waits for a lane that somebody is working; that one has then most likely done
# what the caller is waiting for.
WAIT_MILLISECONDS = 250


def lock_lanes(ctx: Context, handlers: Sequence[str]) -> list[str]:
    """Take these lanes until the transaction ends, in the order of their names; those that could be
    had within a moment."""
    return [name for name in sorted(set(handlers)) if _lock(ctx.db, ctx.merchant_id, name)]


def apply_now(ctx: Context, waiting: Mapping[str, Sequence[int]]) -> int:
    """Apply these messages (handler -> message ids) of lanes that are held; how many were. One lane
    whose function fails changes nothing, and is left to a worker, which counts the try."""
    return sum(_apply(ctx, handler, ids) for handler, ids in waiting.items())


def _apply(ctx: Context, handler: str, message_ids: Sequence[int]) -> int:
    work = discovery.handlers()[handler]
    if isinstance(work, Send):
        raise TypeError(f"{handler} talks to the network")
    messages = _claim(ctx, handler, message_ids)
    if not messages:
        return 0
    try:
        with ctx.db.begin_nested():
            work(ctx, messages)
            deliveries.finish(ctx.db, ctx.merchant_id, handler, messages)
    except Exception as error:
        if connection_lost(error):
            raise
        log.error("%s is left to a worker", handler, exc_info=error)
        return 0
    return len(messages)


def _claim(ctx: Context, handler: str, message_ids: Sequence[int]) -> list[Message]:
    """Of these messages those that are due in the lane, locked until the transaction ends."""
    values = {"handler": handler, "merchant_id": ctx.merchant_id, "ids": list(message_ids)}
    return [Message(*row) for row in ctx.db.execute(_CLAIM, values)]


_CLAIM = text(
    """
    select d.message_id, o.topic, o.key, o.payload, d.attempts
    from deliveries d join outbox o using (merchant_id, message_id)
    where d.handler = :handler and d.merchant_id = :merchant_id and d.message_id = any(:ids)
      and d.dead_at is null and d.due_at <= statement_timestamp()
    order by d.message_id
    for update of d skip locked
    """
)


def _lock(db: Session, merchant_id: str, handler: str) -> bool:
    if deliveries.lock_lane(db, merchant_id, handler):
        return True
    values = {"handler": handler, "merchant_id": merchant_id, "wait": f"{WAIT_MILLISECONDS}ms"}
    try:
        with db.begin_nested():
            db.execute(_WAIT, values)
            db.execute(_WAIT_NO_MORE)
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            return False
        raise
    return True


_WAIT = text(
    """
    select pg_advisory_xact_lock(hashtext(:handler), hashtext(:merchant_id))
    from (select set_config('lock_timeout', :wait, true)) as waiting
    """
)
_WAIT_NO_MORE = text("select set_config('lock_timeout', '0', true)")
