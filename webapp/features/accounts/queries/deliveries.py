"""Reads for the Deliveries page: what waits, what is being sent, what was sent, what was given up.

A delivery is in one of STATES. Being sent is what somebody holds a lease of; a retry is what was
tried and waits for its next try; both queued and retrying ones may wait because their receiver
asked for it, and then have a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text

from webapp.core.context import Context
from webapp.core.deliveries import WAITING

STATES = ("queued", "sending", "retrying", "dead")
SENT = "sent"
ROWS_A_PAGE = 50


@dataclass(frozen=True, slots=True)
class HandlerQueue:
    """How many deliveries of one handler are in each state."""

    handler: str
    queued: int
    sending: int
    retrying: int
    dead: int


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery of the list. `due_in` and `age` are seconds from now and until now: when it is
    tried next (negative: overdue), and how long ago it happened (was sent, was given up).
    `took_ms` is set for sent ones only."""

    handler: str
    message_id: int
    topic: str
    state: str
    attempts: int
    reason: str | None
    due_in: float | None
    age: float
    took_ms: int | None


# Times are the database's own, as are those that deliveries become due by.
_STATE = """
    case when d.dead_at is not null then 'dead'
         when d.lease_token is not null and d.lease_token <> cast(:waiting as uuid)
              and d.due_at > clock_timestamp() then 'sending'
         when d.attempts > 0 then 'retrying'
         else 'queued' end
"""


def queues(ctx: Context) -> list[HandlerQueue]:
    """Every handler that has deliveries, open or dead."""
    sql = f"""
        select handler, count(*) filter (where state = 'queued'),
               count(*) filter (where state = 'sending'),
               count(*) filter (where state = 'retrying'),
               count(*) filter (where state = 'dead')
        from (select d.handler, {_STATE} as state from deliveries d
              where d.merchant_id = :merchant_id) as d
        group by handler
    """  # noqa: S608 - the text above
    values = {"merchant_id": ctx.merchant_id, "waiting": WAITING}
    return [HandlerQueue(*row) for row in ctx.db.execute(text(sql), values)]


def oldest_due(ctx: Context) -> float:
    """The queue's age: for how many seconds the delivery that is due longest has been due."""
    sql = text(
        """
        select coalesce(extract(epoch from clock_timestamp() - min(due_at))::float, 0)
        from deliveries
        where merchant_id = :merchant_id and dead_at is null and due_at <= clock_timestamp()
        """
    )
    return float(ctx.db.scalar(sql, {"merchant_id": ctx.merchant_id}) or 0.0)


def sent_in_a_day(ctx: Context) -> dict[str, int]:
    """Destination -> how much was sent to it within the last 24 hours. Counted from the beginning
    of the transaction: an index cannot be asked for a time that moves."""
    sql = text(
        """
        select destination, count(*) from delivery_log
        where merchant_id = :merchant_id and sent_at > now() - interval '1 day'
        group by destination
        """
    )
    rows = ctx.db.execute(sql, {"merchant_id": ctx.merchant_id})
    return {str(destination): int(count) for destination, count in rows}


def unfinished(
    ctx: Context, state: str, handlers: Sequence[str] | None, page: int
) -> list[DeliveryLine]:
    """A page of what is not done, newest first, and one line more when there is another page: in
    one of STATES, or in any for an empty `state`; of all handlers or of these."""
    sql = f"""
        select d.handler, d.message_id, o.topic, {_STATE}, d.attempts, d.reason,
               case when d.dead_at is null
                    then extract(epoch from d.due_at - clock_timestamp())::float end,
               extract(epoch from clock_timestamp() - coalesce(d.dead_at, o.created_at))::float,
               cast(null as integer)
        from deliveries d join outbox o using (merchant_id, message_id)
        where d.merchant_id = :merchant_id {_ONLY.get(state, "")}
          and (:state = '' or {_STATE} = :state)
          and (cast(:handlers as text[]) is null or d.handler = any(:handlers))
        order by d.message_id desc, d.handler
        limit :most offset :skip
    """  # noqa: S608 - the texts above and below
    values = {
        **_page(ctx, page),
        "waiting": WAITING,
        "state": state,
        "handlers": None if handlers is None else list(handlers),
    }
    return [DeliveryLine(*row) for row in ctx.db.execute(text(sql), values)]


# What an index can tell of a state.
_ONLY = {"dead": "and d.dead_at is not null", "sending": "and d.lease_token is not null"}


def sent(ctx: Context, destination: str | None, page: int) -> list[DeliveryLine]:
    """A page of what was sent, newest first, and one line more when there is another page."""
    sql = text(
        """
        select handler, message_id, topic, 'sent', attempts, reason, cast(null as float),
               extract(epoch from clock_timestamp() - sent_at)::float, took_ms
        from delivery_log
        where merchant_id = :merchant_id
          and (cast(:destination as text) is null or destination = :destination)
        order by sent_at desc, message_id desc, handler
        limit :most offset :skip
        """
    )
    values = {**_page(ctx, page), "destination": destination}
    return [DeliveryLine(*row) for row in ctx.db.execute(sql, values)]


def _page(ctx: Context, page: int) -> dict[str, object]:
    skip = ROWS_A_PAGE * (page - 1)
    return {"merchant_id": ctx.merchant_id, "most": ROWS_A_PAGE + 1, "skip": skip}
