"""What happened, and who still has to hear of it.

`emit` writes the outbox row and one delivery per handler in one statement, in the transaction of
the change itself: both or neither, and a repeated (topic, key) writes nothing. What becomes of the
deliveries is in `deliveries`.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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

from webapp.core.schema import Base, ExactTimestamp, Timestamp

# A message is not forgotten before any repetition of it that (topic, key) has to keep out: what
# comes in again comes within days, and what came in is itself kept for thirty.
KEPT = timedelta(days=90)
# So many are looked at in one transaction, oldest first.
FORGOTTEN_AT_ONCE = 1_000_000


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
            "idx_deliveries_due",
            "handler",
            "merchant_id",
            "due_at",
            postgresql_where=text("dead_at is null"),
        ),
        Index(
            "idx_deliveries_leased",
            "handler",
            "merchant_id",
            postgresql_where=text("lease_token is not null"),
        ),
        Index(
            "idx_deliveries_dead",
            "merchant_id",
            "message_id",
            postgresql_where=text("dead_at is not null"),
        ),
        Index(None, "merchant_id", "message_id"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    due_at: Mapped[datetime] = mapped_column(ExactTimestamp, server_default=func.clock_timestamp())
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    dead_at: Mapped[datetime | None] = mapped_column(Timestamp)
    reason: Mapped[str | None] = mapped_column(Text)


_EMIT = text(
    """
    with said as (
        insert into outbox (merchant_id, topic, key, payload)
        select :merchant_id, :topic, m.key, m.payload
        from unnest(cast(:keys as text[]), cast(:payloads as jsonb[])) as m(key, payload)
        on conflict (merchant_id, topic, key) do nothing
        returning merchant_id, message_id
    )
    insert into deliveries (merchant_id, handler, message_id, due_at)
    select said.merchant_id, h.handler, said.message_id,
           clock_timestamp() + make_interval(secs => :due_in)
    from said cross join unnest(cast(:handlers as text[])) as h(handler)
    """
)


def emit(
    db: Session,
    merchant_id: str,
    topic: str,
    messages: Sequence[tuple[str, Mapping[str, Any]]],
    handlers: Sequence[str],
    due_in: float = 0.0,
) -> None:
    """Write the messages (key, payload) and their deliveries in one statement.

    The deliveries become due after `due_in` seconds by the database's clock.
    """
    values = {
        "merchant_id": merchant_id,
        "topic": topic,
        "keys": [key for key, _ in messages],
        "payloads": [json.dumps(payload) for _, payload in messages],
        "handlers": list(handlers),
        "due_in": due_in,
    }
    db.execute(_EMIT, values)


def forget(db: Session, merchant_id: str, wall: datetime) -> int:
    """Delete messages of more than ninety days before `wall` that everybody has finished; their
    number. What is open or dead stays."""
    values = {"merchant_id": merchant_id, "before": wall - KEPT, "most": FORGOTTEN_AT_ONCE}
    return int(db.scalar(_FORGET, values) or 0)


# Ids rise with time, so the oldest are found without an index on the time.
_FORGET = text(
    """
    with finished as (
        select message_id, created_at from outbox o
        where merchant_id = :merchant_id and not exists (
            select from deliveries d
            where d.merchant_id = o.merchant_id and d.message_id = o.message_id
        )
        order by message_id
        limit :most
    ), gone as (
        delete from outbox o using finished f
        where o.merchant_id = :merchant_id and o.message_id = f.message_id
          and f.created_at < :before
        returning 1
    ) select count(*) from gone
    """
)
