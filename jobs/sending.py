"""Sends one batch of a lane over the network, outside any transaction, under a lease.

(a) claim, prepare and lease in one transaction; (b) send with no transaction open, each call
shorter than what is left of the lease; (c) record each outcome in a second transaction, fenced by
the lease's token: a holder that was too slow records nothing.
"""

import logging
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import Any

from rq.timeouts import BaseTimeoutException

from webapp.core import connections, deliveries, delivery_log, discovery, logs
from webapp.core.context import Context
from webapp.core.contract import Outcome, Send
from webapp.core.db import connection_lost
from webapp.core.deliveries import Message
from webapp.gateways.breaker import Verdict
from webapp.gateways.calling import GatewayError
from webapp.parts import Parts

log = logging.getLogger(__name__)

LEASE_SECONDS = 15.0
# A send starts only while its time-out still fits into the lease.
LATEST_START_SECONDS = 3.0
BATCH = 20

SHORTEST_PAUSE_SECONDS = 0.1

Prepared = list[tuple[Message, Any]]
Tried = tuple[Message, Any, Outcome]


@dataclass
class Batch:
    """What became of the messages of one lease: tried; put off for so many seconds, because a
    breaker is open; or not reached."""

    tried: list[Tried] = field(default_factory=list)
    put_off: list[tuple[Message, float]] = field(default_factory=list)
    untried: list[Message] = field(default_factory=list)


def send_batch(parts: Parts, handler: str, work: Send, merchant_id: str) -> int:
    """Send what is due in one lane; the number of deliveries that were claimed, or put off because
    their destination is left alone."""
    wait = parts.breaker.wait(work.destination)
    if wait:
        return put_off_lane(parts, handler, merchant_id, wait)
    started = time.monotonic()
    token, claimed, prepared = take_lease(parts, handler, work, merchant_id)
    if prepared:
        batch = try_batch(parts, work, prepared, started + LATEST_START_SECONDS)
        with parts.database.transaction(merchant_id) as ctx:
            settle_batch(ctx, handler, work, token, batch)
    return claimed


def put_off_lane(parts: Parts, handler: str, merchant_id: str, seconds: float) -> int:
    """Make what is due in a lane due again in so many seconds, unless another works it."""
    with parts.database.transaction(merchant_id) as ctx:
        if not deliveries.lock_lane(ctx.db, merchant_id, handler):
            return 0
        return deliveries.put_off(ctx.db, merchant_id, handler, seconds)


def try_batch(parts: Parts, work: Send, prepared: Prepared, latest: float) -> Batch:
    """Try one message after the other, until one fails or the time is up. What an open breaker
    holds back is put off, and holds up nothing that goes another way."""
    batch = Batch()
    for position, (message, request) in enumerate(prepared):
        if time.monotonic() > latest:
            batch.untried = [message for message, _ in prepared[position:]]
            break
        ways = ways_of(work, request)
        wait = parts.breaker.ask(ways)
        if wait:
            batch.put_off.append((message, wait))
            continue
        outcome = try_to_send(parts, work, request)
        tell_breakers(parts, ways, outcome)
        batch.tried.append((message, request, outcome))
        if not outcome.ok:
            batch.untried = [message for message, _ in prepared[position + 1 :]]
            break
    return batch


def ways_of(work: Send, request: Any) -> tuple[str, ...]:
    """The breakers in the way of a request: its destination's, and that of the key it uses."""
    key = str(getattr(request, "breaker", ""))
    return (work.destination, key) if key else (work.destination,)


def tell_breakers(parts: Parts, ways: tuple[str, ...], outcome: Outcome) -> None:
    """What a try says of its destination and of its key. A refused content and a request to wait
    say nothing, and neither does a failure of our own."""
    destination = key = Verdict.NOTHING
    if outcome.ok:
        destination = key = Verdict.WORKS
    elif outcome.credential:
        key = Verdict.FAILS
    elif not outcome.final and outcome.after is None and not outcome.ours:
        destination = Verdict.FAILS
    for name, verdict in zip(ways, (destination, key), strict=False):
        parts.breaker.tell(name, verdict, outcome.reason)


def settle_batch(ctx: Context, handler: str, work: Send, token: uuid.UUID, batch: Batch) -> None:
    """Record what became of a batch. When the receiver asked us to wait, nothing counts as a try:
    the message and all that is behind it wait."""
    held = (ctx.db, ctx.merchant_id, handler)
    tried, untried, after = list(batch.tried), batch.untried, 0.0
    if tried and tried[-1][2].after is not None and not tried[-1][2].final:
        message, _, outcome = tried.pop()
        after = max(outcome.after or 0.0, SHORTEST_PAUSE_SECONDS)
        deliveries.release(*held, [message], token, after, outcome.reason, hold=True)
    for one in tried:
        record(ctx, handler, work, token, one)
    for message, wait in batch.put_off:
        deliveries.release(*held, [message], token, wait)
    deliveries.release(*held, untried, token, after)
    if after:
        deliveries.put_off(*held, after)


def take_lease(
    parts: Parts, handler: str, work: Send, merchant_id: str
) -> tuple[uuid.UUID, int, Prepared]:
    """Lease what is due and prepare it; what needs no sending any more is deleted at once.

    Gives back the lease's token, the number claimed, and what is to be sent.
    """
    with parts.database.transaction(merchant_id) as ctx:
        if not deliveries.lock_lane(ctx.db, merchant_id, handler):
            return uuid.uuid4(), 0, []
        lease = deliveries.lease(ctx.db, merchant_id, handler, BATCH, LEASE_SECONDS)
        token, messages = lease.token, lease.messages
        for message, reason in lease.dead:
            give_up(ctx, handler, message, reason, work)
        prepared = [(m, try_to_prepare(ctx, handler, work, token, m)) for m in messages]
        needless = [message for message, request in prepared if request is None]
        if needless:
            deliveries.finish(ctx.db, merchant_id, handler, needless, token)
    wanted = [(message, request) for message, request in prepared if request is not None]
    return token, len(messages), wanted


def try_to_prepare(
    ctx: Context, handler: str, work: Send, token: uuid.UUID, message: Message
) -> Any:
    """What to send. None when there is nothing to send, and for poison: it gives its lease back and
    counts a try, so that it stops nothing else."""
    try:
        with ctx.db.begin_nested():
            return work.prepare(ctx, message)
    except Exception as error:
        fail_alone(ctx, handler, message, error, token, work)
        return None


def fail_alone(
    ctx: Context,
    handler: str,
    message: Message,
    error: Exception,
    token: uuid.UUID | None = None,
    work: Send | None = None,
) -> None:
    """Count a try of a message whose own savepoint failed.

    A lost connection and the queue's own time limit are nobody's poison: they are raised, end the
    transaction and count no try.
    """
    if connection_lost(error) or isinstance(error, BaseTimeoutException):
        raise error
    log.error("%s cannot work message %s", handler, message.message_id, exc_info=error)
    count_try(ctx, handler, message, failure(error), token, work)


def failure(error: Exception) -> str:
    """A failure of our own as a reason that merchants see: without the lines behind the first, in
    which a database quotes the row it refused, and without anything that looks like an address."""
    return logs.strike_out(f"{type(error).__name__}: {error}".partition("\n")[0])


def count_try(
    ctx: Context,
    handler: str,
    message: Message,
    reason: str,
    token: uuid.UUID | None,
    work: Send | None,
    *,
    final: bool = False,
) -> None:
    """Count a failed try of a delivery, or give it up with its reason."""
    db, merchant_id = ctx.db, ctx.merchant_id
    if deliveries.fail(db, merchant_id, handler, message, reason, token=token, final=final):
        give_up(ctx, handler, message, reason, work)


def give_up(ctx: Context, handler: str, message: Message, reason: str, work: Send | None) -> None:
    """Say that a delivery is dead, and let its feature undo what waited for it. A fault there is
    logged and undoes nothing else: it would keep the whole lane from ever going on."""
    tell_of_the_dead(ctx, handler, message, reason)
    if work is None or work.bury is None:
        return
    try:
        with ctx.db.begin_nested():
            work.bury(ctx, message, reason)
    except Exception as error:
        if connection_lost(error) or isinstance(error, BaseTimeoutException):
            raise
        log.error("%s cannot bury message %s", handler, message.message_id, exc_info=error)


def tell_of_the_dead(ctx: Context, handler: str, message: Message, reason: str) -> None:
    """Say once that a delivery was given up, except when who hears of it could not work it: it
    would hear of its own failures for ever."""
    if handler in ctx.handlers.get("delivery.dead", ()):
        return
    destination = discovery.destination(handler)
    payload = {
        "handler": handler,
        "destination": destination,
        "service": connections.service_name(destination),
        "topic": message.topic,
        "message_id": message.message_id,
        "reason": reason,
    }
    ctx.emit("delivery.dead", f"{handler}:{message.message_id}", payload)


def try_to_send(parts: Parts, work: Send, request: Any) -> Outcome:
    """One try. An unexpected failure counts as one, with its reason, and stops nothing else."""
    started = time.monotonic()
    try:
        outcome = work.send(parts.gateways, request)
    except GatewayError as error:
        outcome = Outcome(False, str(error), error.final, error.after, credential=error.credential)
    except BaseTimeoutException:
        raise
    except Exception as error:
        log.exception("a send failed")
        outcome = Outcome(False, failure(error), ours=True)
    return replace(outcome, took=time.monotonic() - started)


def record(
    ctx: Context,
    handler: str,
    work: Send,
    token: uuid.UUID,
    tried: Tried,
) -> None:
    """Settle, delete and log what was sent, or count the failed try; nothing without the lease."""
    message, request, outcome = tried
    if not outcome.ok:
        count_try(ctx, handler, message, outcome.reason, token, work, final=outcome.final)
        return
    held = (ctx.db, ctx.merchant_id, handler, message, token)
    try:
        with ctx.db.begin_nested():
            if delivery_log.finish_sent(*held, work.destination, outcome.took):
                work.settle(ctx, request, outcome)
            else:
                log.warning("%s lost the lease of message %s", handler, message.message_id)
    except Exception as error:
        fail_alone(ctx, handler, message, error, token, work)
