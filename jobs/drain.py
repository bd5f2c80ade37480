"""What a worker does when the bell of a handler rings: work its lanes, a batch a merchant, in
random order, for about a second, then ring again if more is due.

An apply touches only the database: claim, work and deletion are one transaction, so it happens
exactly once. A send talks to the network between two transactions: it happens at least once, and
in production on the threads of `sender`, whose lanes can be worked here by hand.
"""

import os
import random
import time
from collections.abc import Sequence

from rq.timeouts import BaseTimeoutException

from jobs import sending
from webapp.core import deliveries, discovery, routing
from webapp.core.config import Settings
from webapp.core.context import Context
from webapp.core.contract import Apply, Send
from webapp.core.db import connection_lost
from webapp.core.deliveries import Message
from webapp.core.inbox import Receiver
from webapp.parts import Parts, build

BUDGET_SECONDS = 1.0
# Messages are sets already: one of an import stands for up to ten thousand orders. Events that were
# told to us come singly, so a receiver says itself how many it takes at once.
BATCH = 10

_parts: dict[int, Parts] = {}


def preload() -> Parts:
    """This process's parts, built once. The engine leaves its sockets behind in a forked child."""
    if not _parts:
        _parts[os.getpid()] = build(Settings.from_env())
    return next(iter(_parts.values()))


def drain(handler: str) -> None:
    """The RQ job. Its argument is a handler's name; unknown names (of a newer version) are left."""
    parts = preload()
    parts.bell.answered(handler)
    if handler in discovery.handlers() and drain_for(parts, handler, BUDGET_SECONDS):
        parts.bell([handler])


def drain_for(parts: Parts, handler: str, seconds: float) -> bool:
    """Work all lanes of a handler for about `seconds`; True when there may be more to do."""
    work, deadline = discovery.handlers()[handler], time.monotonic() + seconds
    while True:
        with parts.database.before_tenant() as db:
            lanes = routing.due_lanes(db, handler)
        # Whoever comes first may use up the whole time, so it is somebody else every time.
        random.shuffle(lanes)
        worked = 0
        for merchant_id in lanes:
            if isinstance(work, Send):
                worked += sending.send_batch(parts, handler, work, merchant_id)
            else:
                worked += apply_batch(parts, handler, work, merchant_id)
            if time.monotonic() > deadline:
                return True
        if not worked:
            return False


def apply_batch(parts: Parts, handler: str, apply: Apply, merchant_id: str) -> int:
    """Claim, apply and delete one batch in one transaction; the number of messages claimed."""
    with parts.database.transaction(merchant_id) as ctx:
        if not deliveries.lock_lane(ctx.db, merchant_id, handler):
            return 0
        most = apply.batch if isinstance(apply, Receiver) else BATCH
        messages = deliveries.claim(ctx.db, merchant_id, handler, most)
        if messages:
            apply_or_isolate(ctx, handler, apply, messages)
    return len(messages)


def apply_or_isolate(ctx: Context, handler: str, apply: Apply, messages: Sequence[Message]) -> None:
    """Apply a batch in a savepoint; when it fails, halve it until the poison stands alone.

    A lost connection and the queue's time limit are nobody's poison: they end the transaction and
    count no try.
    """
    try:
        with ctx.db.begin_nested():
            apply(ctx, messages)
            deliveries.finish(ctx.db, ctx.merchant_id, handler, messages)
    except Exception as error:
        if connection_lost(error) or isinstance(error, BaseTimeoutException):
            raise
        if len(messages) == 1:
            sending.fail_alone(ctx, handler, messages[0], error)
            return
        middle = len(messages) // 2
        apply_or_isolate(ctx, handler, apply, messages[:middle])
        apply_or_isolate(ctx, handler, apply, messages[middle:])
