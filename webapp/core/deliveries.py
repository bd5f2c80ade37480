"""Claiming, leasing and settling deliveries: what a worker does with the rows that `outbox` wrote.

A delivery is deleted when it is done (what was sent is kept in `delivery_log`); what is waiting,
leased, retrying or dead is a row. It is due when `due_at` has passed. A claim for the network moves
`due_at` to the end of its lease and sets a token; only the holder of the token may settle it (a
fencing token). Times of due and lease come from the database's clock, so that all machines agree.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

# One try and three retries; then the delivery is dead and says why.
RETRY_AFTER_SECONDS = (30, 120, 600)
# Pauses are up to a fifth shorter or longer, so that what failed together comes back apart.
RETRY_SPREAD = 0.2
MAX_REASON = 500
# The token of no holder: it keeps a lane waiting, as its receiver asked, while nobody works it.
WAITING = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed delivery: what happened (`topic`, `key`, `payload`) and which try this is."""

    message_id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    attempts: int


def lock_lane(db: Session, merchant_id: str, handler: str) -> bool:
    """Take the lane (handler, merchant) until the end of this transaction, if it is free."""
    sql = text("select pg_try_advisory_xact_lock(hashtext(:handler), hashtext(:merchant_id))")
    return bool(db.scalar(sql, {"handler": handler, "merchant_id": merchant_id}))


# Messages are looked up one by one: how many wait changes faster than statistics are made.
_CLAIM = text(
    """
    select d.message_id, o.topic, o.key, o.payload, d.attempts
    from (
        select message_id, attempts from deliveries
        where handler = :handler and merchant_id = :merchant_id
          and dead_at is null and due_at <= statement_timestamp()
          and (select pg_try_advisory_xact_lock(hashtext(:handler), hashtext(:merchant_id)))
        order by message_id
        limit :most
        for update skip locked
    ) as d cross join lateral (
        select topic, key, payload from outbox
        where merchant_id = :merchant_id and message_id = d.message_id
        limit 1
    ) as o
    order by d.message_id
    """
)


def claim(db: Session, merchant_id: str, handler: str, most: int) -> list[Message]:
    """The oldest due deliveries of a lane, which is locked until this transaction ends; none while
    another has it. What that one ends meanwhile is seen, for the rows are locked as well."""
    values = {"handler": handler, "merchant_id": merchant_id, "most": most}
    return [Message(*row) for row in db.execute(_CLAIM, values)]


@dataclass(frozen=True, slots=True)
class Lease:
    """What was claimed for the network under one token; `dead` are deliveries whose tries turned
    out to be used up, each with its reason."""

    token: uuid.UUID
    messages: list[Message]
    dead: list[tuple[Message, str]]


def lease(db: Session, merchant_id: str, handler: str, most: int, seconds: float) -> Lease:
    """Claim for the network: the deliveries stay ours for `seconds` after this commit.

    Nothing is claimed while another holder's lease in the lane is still running, which keeps the
    lane in order. A lease counts as a try, so that what kills its holder every time ends as dead
    and not as an endless loop. Call under `lock_lane`.
    """
    token = uuid.uuid4()
    values = {"handler": handler, "merchant_id": merchant_id}
    running = db.execute(_RUNNING, {**values, "waiting": WAITING}).one_or_none()
    if running:
        # What came into a lane that waits as a whole is not due before it: it would be looked at
        # ten times a second, and keep others from being looked at.
        if running.waits:
            put_off(db, merchant_id, handler, running.seconds)
        return Lease(token, [], [])
    messages = claim(db, merchant_id, handler, most)
    used_up = [m for m in messages if m.attempts > len(RETRY_AFTER_SECONDS)]
    dead = _bury(db, merchant_id, handler, used_up)
    messages = [m for m in messages if m not in used_up]
    take = text(
        """
        update deliveries
        set lease_token = cast(:token as uuid), attempts = attempts + 1,
            due_at = clock_timestamp() + make_interval(secs => :seconds)
        where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
        """
    )
    db.execute(take, {**values, "token": token, "seconds": seconds, "ids": _ids(messages)})
    return Lease(token, messages, dead)


_RUNNING = text(
    """
    select lease_token = cast(:waiting as uuid) as waits,
           extract(epoch from due_at - clock_timestamp())::float as seconds
    from deliveries
    where handler = :handler and merchant_id = :merchant_id
      and dead_at is null and lease_token is not null and due_at > clock_timestamp()
    order by due_at desc
    limit 1
    """
)


def finish(
    db: Session,
    merchant_id: str,
    handler: str,
    messages: Iterable[Message],
    token: uuid.UUID | None = None,
) -> int:
    """Delete deliveries that are done; with a `token` only those still held by it. Their number."""
    sql = text(
        """
        with done as (
            delete from deliveries
            where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
              and lease_token is not distinct from cast(:token as uuid)
            returning 1
        ) select count(*) from done
        """
    )
    values = {"handler": handler, "merchant_id": merchant_id, "ids": _ids(messages)}
    return int(db.scalar(sql, {**values, "token": token}) or 0)


def fail(
    db: Session,
    merchant_id: str,
    handler: str,
    message: Message,
    reason: str,
    *,
    token: uuid.UUID | None = None,
    final: bool = False,
) -> bool:
    """Count a failed try (a lease has counted it already): due again after a pause, or dead with
    its reason when the tries are used up or `final`. True when the delivery is dead now."""
    dead = final or message.attempts >= len(RETRY_AFTER_SECONDS)
    pause = RETRY_AFTER_SECONDS[min(message.attempts, len(RETRY_AFTER_SECONDS) - 1)]
    sql = text(
        """
        update deliveries
        set attempts = attempts + case when lease_token is null then 1 else 0 end,
            lease_token = null, reason = :reason,
            due_at = clock_timestamp()
                + make_interval(secs => :pause * (1 - :spread + 2 * :spread * random())),
            dead_at = case when :dead then clock_timestamp() end
        where handler = :handler and merchant_id = :merchant_id and message_id = :message_id
          and lease_token is not distinct from cast(:token as uuid)
        returning dead_at is not null
        """
    )
    values = {
        "handler": handler,
        "merchant_id": merchant_id,
        "message_id": message.message_id,
        "reason": reason[:MAX_REASON],
        "pause": float(pause),
        "spread": RETRY_SPREAD,
        "dead": dead,
        "token": token,
    }
    return bool(db.scalar(sql, values))


def release(
    db: Session,
    merchant_id: str,
    handler: str,
    messages: Iterable[Message],
    token: uuid.UUID,
    after: float = 0.0,
    reason: str | None = None,
    *,
    hold: bool = False,
) -> None:
    """Give back leased deliveries that were not tried, or that the receiver asked to send later:
    no try is counted. They are due after so many seconds; with `hold` the whole lane waits with
    them until then. `reason` says why they wait."""
    sql = text(
        """
        update deliveries
        set attempts = attempts - 1, reason = coalesce(cast(:reason as text), reason),
            lease_token = cast(:waiting as uuid),
            due_at = clock_timestamp() + make_interval(secs => :after)
        where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
          and lease_token = cast(:token as uuid)
        """
    )
    values = {"merchant_id": merchant_id, "handler": handler, "ids": _ids(messages), "token": token}
    waits = {"after": after, "waiting": WAITING if hold else None}
    db.execute(sql, {**values, **waits, "reason": reason and reason[:MAX_REASON]})


def put_off(db: Session, merchant_id: str, handler: str, seconds: float) -> int:
    """Make what is due in a lane due in so many seconds: no try is counted. A lease that has run
    out ends. The number of deliveries. Call under `lock_lane`, or holding the lane's lease."""
    sql = text(
        """
        with put_off as (
            update deliveries
            set due_at = clock_timestamp() + make_interval(secs => :seconds), lease_token = null
            where handler = :handler and merchant_id = :merchant_id and dead_at is null
              and due_at <= statement_timestamp()
            returning 1
        ) select count(*) from put_off
        """
    )
    values = {"merchant_id": merchant_id, "handler": handler, "seconds": seconds}
    return int(db.scalar(sql, values) or 0)


def _bury(
    db: Session, merchant_id: str, handler: str, messages: list[Message]
) -> list[tuple[Message, str]]:
    """Deliveries whose tries are used up without an outcome: dead, and they say so."""
    sql = text(
        """
        update deliveries
        set dead_at = clock_timestamp(), lease_token = null,
            reason = coalesce(reason, 'no outcome was recorded within the lease')
        where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
        returning message_id, reason
        """
    )
    values = {"merchant_id": merchant_id, "handler": handler, "ids": _ids(messages)}
    reasons = dict(map(tuple, db.execute(sql, values)))
    return [(message, reasons[message.message_id]) for message in messages]


def send_again(
    db: Session, merchant_id: str, handlers: Iterable[str], message_id: int | None = None
) -> list[str]:
    """Put dead deliveries back as if they had never been tried, of these handlers and, with
    `message_id`, of that message only. The handler of each, which is to be rung."""
    sql = text(
        """
        update deliveries
        set dead_at = null, attempts = 0, lease_token = null, due_at = clock_timestamp()
        where merchant_id = :merchant_id and handler = any(:handlers) and dead_at is not null
          and (cast(:message_id as bigint) is null or message_id = :message_id)
        returning handler
        """
    )
    values = {"merchant_id": merchant_id, "handlers": list(handlers), "message_id": message_id}
    return [str(handler) for handler in db.scalars(sql, values)]


def pending(db: Session, merchant_id: str, handlers: Iterable[str] | None = None) -> int:
    """Open deliveries of a tenant, of all handlers or of these: not dead, and not set for later."""
    begun = "(attempts > 0 or lease_token is not null or due_at <= clock_timestamp())"
    return _count(db, merchant_id, handlers, f"dead_at is null and {begun}")


def dead(db: Session, merchant_id: str, handlers: Iterable[str] | None = None) -> int:
    """Deliveries of a tenant that were given up, of all handlers or of these."""
    return _count(db, merchant_id, handlers, "dead_at is not null")


def _count(db: Session, merchant_id: str, handlers: Iterable[str] | None, state: str) -> int:
    sql = text(
        f"""
        select count(*) from deliveries
        where merchant_id = :merchant_id and {state}
          and (cast(:handlers as text[]) is null or handler = any(:handlers))
        """  # noqa: S608 - the state is one of the two above
    )
    names = None if handlers is None else list(handlers)
    return int(db.scalar(sql, {"merchant_id": merchant_id, "handlers": names}) or 0)


def _ids(messages: Iterable[Message]) -> list[int]:
    return [message.message_id for message in messages]
