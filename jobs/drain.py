"""What a worker does when the bell of a handler rings: work its lanes, a batch a merchant, in
random order, then whatever has become due meanwhile, and then stay awake for a moment and listen.
While somebody is awake nobody else is woken: a job of the queue costs a fork, which is more than
the work of many messages. What lies for long nevertheless is the relay's, who wakes another worker.

An apply touches only the database: claim, work and deletion are one transaction, so it happens
exactly once. A send talks to the network between two transactions: it happens at least once, and
in production on the threads of `sender`, whose lanes can be worked here by hand.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from rq.timeouts import BaseTimeoutException

from jobs import sending
from webapp.core import deliveries, discovery, routing
from webapp.core.config import Settings
from webapp.core.context import Context
from webapp.core.contract import Apply, Send
from webapp.core.db import connection_lost
from webapp.core.deliveries import Message
from webapp.parts import Parts, build

# Messages are sets already: one of an import stands for up to ten thousand orders. Where they stand
# for single events an apply says itself how many it takes at once.
BATCH = 10
# A worker stays awake for so long at most, and for so long after the last bell.
AWAKE_SECONDS, LISTEN_SECONDS = 5.0, 0.5
# What comes within this time is worked together: a batch costs more than a few messages. Under load
# a worker gathers for longer, in proportion to what a round takes.
GATHER_SECONDS, MOST_GATHER_SECONDS, GATHER_FOR_EACH_WORKED = 0.1, 0.5, 3.0
# With many lanes due, those that have come since are looked for so often.
LOOK_AGAIN_SECONDS = 0.5

Lane = tuple[str, str]  # handler, merchant
Way = Callable[[Context, str, Apply, Sequence[Message]], None]

_parts: dict[int, Parts] = {}


def preload() -> Parts:
    """This process's parts, built once. The engine leaves its sockets behind in a forked child."""
    if not _parts:
        _parts[os.getpid()] = build(Settings.from_env())
    return next(iter(_parts.values()))


def drain(handler: str) -> None:
    """The RQ job. Its argument is the handler whose bell rang; what is due is looked up."""
    parts = preload()
    parts.bell.answered(handler)
    with parts.bell.heard() as heard:
        stay_awake(parts, heard, AWAKE_SECONDS)
    # Who rang at the last moment has woken nobody.
    with parts.database.before_tenant() as db:
        parts.bell(routing.due_handlers(db, applies()))


def stay_awake(parts: Parts, heard: Callable[[float], bool], seconds: float) -> None:
    """Work what is due, and wait for what comes next (`heard` waits so many seconds for a bell),
    for about `seconds` in all; not any longer when another worker has all there is to do."""
    deadline = time.monotonic() + seconds
    while (began := time.monotonic()) < deadline:
        due, worked = work_round(parts, deadline)
        if worked:
            took = time.monotonic() - began
            whole = min(MOST_GATHER_SECONDS, max(GATHER_SECONDS, GATHER_FOR_EACH_WORKED * took))
            time.sleep(max(0.0, whole - took))
        elif due or not heard(LISTEN_SECONDS):
            return


def work_round(parts: Parts, deadline: float) -> tuple[int, int]:
    """Work every lane that is due and what follows from it, each lane once unless a batch was full;
    (how many lanes were due, how many messages were claimed)."""
    worked, done, follow = 0, set[Lane](), set[Lane]()
    lanes = due_lanes(parts)
    while lanes and time.monotonic() < deadline:
        until = min(deadline, time.monotonic() + LOOK_AGAIN_SECONDS)
        for lane in taking_turns(lanes):
            work: Any = discovery.handlers()[lane[0]]
            claimed, rung = apply_batch(parts, lane[0], work, lane[1])
            worked += claimed
            follow.update((handler, lane[1]) for handler in rung)
            (follow if claimed == batch_of(work) else done).add(lane)
            if late := time.monotonic() >= until:
                break
        found = [*follow, *due_lanes(parts)] if late else follow
        lanes, follow = sorted(set(found) - done), set()
    return len(done), worked


def due_lanes(parts: Parts) -> list[Lane]:
    """The lanes with something due that is to be done in the database."""
    with parts.database.before_tenant() as db:
        return routing.lanes_due(db, applies())


def taking_turns(lanes: Sequence[Lane]) -> list[Lane]:
    """Lanes in the order they are worked: one of each handler, then the next of each. So a handler
    with a lane or two does not wait for one whose schedule has begun for everybody. Whoever comes
    first may use up the whole time, so it is somebody else every time."""
    mixed = random.sample(lanes, len(lanes))
    places: Counter[str] = Counter()
    turns: list[tuple[int, Lane]] = []
    for lane in mixed:
        turns.append((places[lane[0]], lane))
        places[lane[0]] += 1
    return [lane for _, lane in sorted(turns, key=lambda turn: turn[0])]


def applies() -> list[str]:
    """The handlers that work in the database."""
    return [name for name in discovery.handlers() if not discovery.is_send(name)]


def batch_of(apply: Apply) -> int:
    """How many messages a handler takes at once."""
    return int(getattr(apply, "batch", BATCH))


def drain_for(parts: Parts, handler: str, seconds: float) -> bool:
    """Work all lanes of one handler for about `seconds`; True when there may be more to do."""
    work, deadline = discovery.handlers()[handler], time.monotonic() + seconds
    while True:
        with parts.database.before_tenant() as db:
            lanes = routing.due_lanes(db, handler)
        worked = 0
        for merchant_id in lanes:
            if isinstance(work, Send):
                worked += sending.send_batch(parts, handler, work, merchant_id)
            else:
                worked += apply_batch(parts, handler, work, merchant_id)[0]
            if time.monotonic() > deadline:
                return True
        if not worked:
            return False


def apply_batch(parts: Parts, handler: str, apply: Apply, merchant_id: str) -> tuple[int, set[str]]:
    """Claim, apply and delete one batch in one transaction; (the number of messages claimed, the
    handlers that have something to do in the database now). Nobody is rung for these: who works
    this lane goes on with them."""
    try:
        return _apply_batch(parts, handler, apply, merchant_id, apply_at_once)
    except Exception as error:
        if is_everybodys(error):
            raise
        # The savepoints that hold a failure would cost every batch something, so only now.
        return _apply_batch(parts, handler, apply, merchant_id, apply_or_isolate)


def _apply_batch(
    parts: Parts, handler: str, apply: Apply, merchant_id: str, way: Way
) -> tuple[int, set[str]]:
    with parts.database.transaction(merchant_id) as ctx:
        messages = deliveries.claim(ctx.db, merchant_id, handler, batch_of(apply))
        if messages:
            way(ctx, handler, apply, messages)
        follow = {name for name in ctx.rings if not discovery.is_send(name)}
        ctx.rings -= follow
    return len(messages), follow


def is_everybodys(error: Exception) -> bool:
    """Whether no message is to blame: a lost connection and the queue's time limit end the
    transaction and count no try."""
    return connection_lost(error) or isinstance(error, BaseTimeoutException)


def apply_at_once(ctx: Context, handler: str, apply: Apply, messages: Sequence[Message]) -> None:
    """Apply a batch, and delete it."""
    apply(ctx, messages)
    deliveries.finish(ctx.db, ctx.merchant_id, handler, messages)


def apply_or_isolate(ctx: Context, handler: str, apply: Apply, messages: Sequence[Message]) -> None:
    """Apply a batch in a savepoint; when it fails, halve it until the poison stands alone."""
    failed = failure_of(ctx, handler, apply, messages)
    if failed is None:
        return
    if len(messages) == 1:
        sending.fail_alone(ctx, handler, messages[0], failed)
        return
    middle = len(messages) // 2
    apply_or_isolate(ctx, handler, apply, messages[:middle])
    apply_or_isolate(ctx, handler, apply, messages[middle:])


def failure_of(
    ctx: Context, handler: str, apply: Apply, messages: Sequence[Message]
) -> Exception | None:
    """What went wrong when these were applied in a savepoint; None when they are done."""
    try:
        with ctx.db.begin_nested():
            apply_at_once(ctx, handler, apply, messages)
    except Exception as error:
        if is_everybodys(error):
            raise
        return error
    return None
