"""What happened, and who still has to hear of it.

`emit` writes the outbox row and one delivery per handler in one statement, in the transaction of
the change itself: both or neither, and a repeated (topic, key) writes nothing. A delivery is
deleted when it is done; what is waiting, leased, retrying or dead is a row.

A delivery is due when `due_at` has passed. A claim for the network moves `due_at` to the end of
its lease and sets a token; only the holder of the token may settle it (a fencing token).
Times of due and lease come from the database's clock, so that all machines agree.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Identity,
    Index,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.schema import Base, Timestamp

# One try and three retries; then the delivery is dead and says why.
RETRY_AFTER_SECONDS = (30, 120, 600)
MAX_REASON = 500


class OutboxMessage(Base):
    """One thing that happened in one tenant; unique by (topic, key)."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("merchant_id", "topic", "key"),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    topic: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Delivery(Base):
    """One message that one handler has not finished yet."""

    __tablename__ = "deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "message_id"], ["outbox.merchant_id", "outbox.message_id"]
        ),
        Index(
            "idx_deliveries_open",
            "handler",
            "merchant_id",
            "message_id",
            postgresql_where=text("dead_at is null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    dead_at: Mapped[datetime | None] = mapped_column(Timestamp)
    reason: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Message:
    """A claimed delivery: what happened (`topic`, `key`, `payload`) and which try this is."""

    message_id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    attempts: int


_EMIT = text(
    """
    with said as (
        insert into outbox (merchant_id, topic, key, payload)
        select :merchant_id, :topic, m.key, m.payload
        from unnest(cast(:keys as text[]), cast(:payloads as jsonb[])) as m(key, payload)
        on conflict (merchant_id, topic, key) do nothing
        returning merchant_id, message_id
    )
    insert into deliveries (merchant_id, handler, message_id)
    select said.merchant_id, h.handler, said.message_id
    from said cross join unnest(cast(:handlers as text[])) as h(handler)
    """
)


def emit(
    db: Session,
    merchant_id: str,
    topic: str,
    messages: Sequence[tuple[str, Mapping[str, Any]]],
    handlers: Sequence[str],
) -> None:
    """Write the messages (key, payload) and their deliveries in one statement."""
    values = {
        "merchant_id": merchant_id,
        "topic": topic,
        "keys": [key for key, _ in messages],
        "payloads": [json.dumps(payload) for _, payload in messages],
        "handlers": list(handlers),
    }
    db.execute(_EMIT, values)


def lock_lane(db: Session, merchant_id: str, handler: str) -> bool:
    """Take the lane (handler, merchant) until the end of this transaction, if it is free."""
    sql = text("select pg_try_advisory_xact_lock(hashtext(:handler), hashtext(:merchant_id))")
    return bool(db.scalar(sql, {"handler": handler, "merchant_id": merchant_id}))


_CLAIM = """
    select d.message_id, o.topic, o.key, o.payload, d.attempts
    from deliveries d join outbox o using (merchant_id, message_id)
    where d.handler = :handler and d.merchant_id = :merchant_id
      and d.dead_at is null and d.due_at <= clock_timestamp()
    order by d.message_id
    limit :most
    for update of d skip locked
"""


def claim(db: Session, merchant_id: str, handler: str, most: int) -> list[Message]:
    """The oldest due deliveries of a lane, locked until this transaction ends."""
    values = {"handler": handler, "merchant_id": merchant_id, "most": most}
    return [Message(*row) for row in db.execute(text(_CLAIM), values)]


def lease(
    db: Session, merchant_id: str, handler: str, most: int, seconds: float
) -> tuple[uuid.UUID, list[Message]]:
    """Claim for the network: the deliveries stay ours for `seconds` after this commit.

    Nothing is claimed while another holder's lease in the lane is still running, which keeps the
    lane in order. Call under `lock_lane`.
    """
    token = uuid.uuid4()
    running = text(
        """
        select 1 from deliveries
        where handler = :handler and merchant_id = :merchant_id
          and dead_at is null and lease_token is not null and due_at > clock_timestamp()
        limit 1
        """
    )
    values = {"handler": handler, "merchant_id": merchant_id}
    if db.scalar(running, values):
        return token, []
    messages = claim(db, merchant_id, handler, most)
    hold = text(
        """
        update deliveries
        set lease_token = cast(:token as uuid),
            due_at = clock_timestamp() + make_interval(secs => :seconds)
        where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
        """
    )
    db.execute(hold, {**values, "token": token, "seconds": seconds, "ids": _ids(messages)})
    return token, messages


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
    values = {
        "handler": handler,
        "merchant_id": merchant_id,
        "ids": _ids(messages),
        "token": token,
    }
    return int(db.scalar(sql, values) or 0)


def fail(
    db: Session,
    merchant_id: str,
    handler: str,
    message: Message,
    reason: str,
    *,
    token: uuid.UUID | None = None,
    after: float | None = None,
    final: bool = False,
) -> None:
    """Count a failed try: due again after the pause (`after` seconds, when the receiver named
    one), or dead with its reason when the tries are used up or `final`."""
    dead = final or message.attempts >= len(RETRY_AFTER_SECONDS)
    pause = RETRY_AFTER_SECONDS[min(message.attempts, len(RETRY_AFTER_SECONDS) - 1)]
    sql = text(
        """
        update deliveries
        set attempts = attempts + 1, lease_token = null, reason = :reason,
            due_at = clock_timestamp() + make_interval(secs => :pause),
            dead_at = case when :dead then clock_timestamp() end
        where handler = :handler and merchant_id = :merchant_id and message_id = :message_id
          and lease_token is not distinct from cast(:token as uuid)
        """
    )
    values = {
        "handler": handler,
        "merchant_id": merchant_id,
        "message_id": message.message_id,
        "reason": reason[:MAX_REASON],
        "pause": float(pause if after is None else after),
        "dead": dead,
        "token": token,
    }
    db.execute(sql, values)


def release(
    db: Session, merchant_id: str, handler: str, messages: Iterable[Message], token: uuid.UUID
) -> None:
    """Give back leased deliveries that were not tried; they are due at once."""
    sql = text(
        """
        update deliveries set lease_token = null, due_at = clock_timestamp()
        where handler = :handler and merchant_id = :merchant_id and message_id = any(:ids)
          and lease_token = cast(:token as uuid)
        """
    )
    values = {"handler": handler, "merchant_id": merchant_id, "ids": _ids(messages), "token": token}
    db.execute(sql, values)


def pending(db: Session, merchant_id: str, handlers: Iterable[str] | None = None) -> int:
    """Open deliveries of a tenant (not dead), of all handlers or of these."""
    sql = text(
        """
        select count(*) from deliveries
        where merchant_id = :merchant_id and dead_at is null
          and (cast(:handlers as text[]) is null or handler = any(:handlers))
        """
    )
    names = None if handlers is None else list(handlers)
    return int(db.scalar(sql, {"merchant_id": merchant_id, "handlers": names}) or 0)


def _ids(messages: Iterable[Message]) -> list[int]:
    return [message.message_id for message in messages]
