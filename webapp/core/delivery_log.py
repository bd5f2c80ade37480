"""What was sent: a compact row for each delivery that the network has taken.

A delivery's own row is deleted when it is done, and only what goes out is worth remembering: what a
handler applied inside our own database is not logged.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Index, Integer, SmallInteger, Text, func, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.deliveries import Message
from webapp.core.schema import Base, Timestamp

KEPT = timedelta(days=30)


class SentDelivery(Base):
    """One delivery that was sent. `took_ms` is how long the last try took, `reason` why the try
    before it failed, if one did."""

    __tablename__ = "delivery_log"
    __table_args__ = (Index(None, "merchant_id", "sent_at"),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    destination: Mapped[str] = mapped_column(Text)
    topic: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    took_ms: Mapped[int] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.clock_timestamp())


def finish_sent(
    db: Session,
    merchant_id: str,
    handler: str,
    message: Message,
    token: uuid.UUID,
    destination: str,
    took: float,
) -> bool:
    """Delete a delivery that was sent within `took` seconds and log it, in one statement; False
    when the lease of `token` is lost, and then nothing is done."""
    sql = text(
        """
        with done as (
            delete from deliveries
            where handler = :handler and merchant_id = :merchant_id and message_id = :message_id
              and lease_token = cast(:token as uuid)
            returning merchant_id, handler, message_id, attempts, reason
        )
        insert into delivery_log
            (merchant_id, handler, message_id, destination, topic, attempts, took_ms, reason)
        select merchant_id, handler, message_id, :destination, :topic, attempts, :took_ms, reason
        from done
        returning 1
        """
    )
    values = {
        "merchant_id": merchant_id,
        "handler": handler,
        "message_id": message.message_id,
        "token": token,
        "destination": destination,
        "topic": message.topic,
        "took_ms": round(took * 1000),
    }
    return db.scalar(sql, values) is not None


def prune(db: Session, merchant_id: str, wall: datetime) -> int:
    """Forget what was sent more than thirty days before `wall`; the number of rows."""
    sql = text(
        """
        with old as (
            delete from delivery_log where merchant_id = :merchant_id and sent_at < :before
            returning 1
        ) select count(*) from old
        """
    )
    return int(db.scalar(sql, {"merchant_id": merchant_id, "before": wall - KEPT}) or 0)
