"""What was said to shoppers, what merchants are told, and what each merchant wants said."""

from datetime import datetime, time
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    Time,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp

QUEUED, SENT, SKIPPED = "queued", "sent", "skipped"


class StoredNotification(Base):
    """One message to one shopper over one channel; its text and language never change. It holds no
    address. `key` is the outbox key of what happened, so that nothing is said twice.

    `outbox_key` names the outbox message that sends it; a delivery of that which was given up is
    what makes a queued message dead. `due_at` is set while it waits for the quiet hours to end.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("merchant_id", "name", "key", "channel"),
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("state in ('queued', 'sent', 'skipped')", name="state"),
        CheckConstraint("(state = 'skipped') = (reason is not null)", name="reason"),
        Index(None, "merchant_id", "created_at"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    notification_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str] = mapped_column(Text)
    store_id: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    outbox_key: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    due_at: Mapped[datetime | None] = mapped_column(Timestamp)
    settled_at: Mapped[datetime | None] = mapped_column(Timestamp)


class MerchantNotice(Base):
    """Something a merchant is told on the dashboard until somebody dismisses it; `events` counts
    what happened since it was last dismissed. Its text is made for each reader."""

    __tablename__ = "merchant_notices"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),
        UniqueConstraint("merchant_id", "name", "key"),
        Index(
            "idx_merchant_notices_open",
            "merchant_id",
            "happened_at",
            postgresql_where=text("dismissed_at is null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    notice_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    events: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    happened_at: Mapped[datetime] = mapped_column(Timestamp)
    dismissed_at: Mapped[datetime | None] = mapped_column(Timestamp)


class NotificationSettings(Base):
    """What one merchant wants said; without a row the defaults hold. `switched_off` has entries of
    the form `name:channel`. Quiet hours are on the wall clock of each store."""

    __tablename__ = "notification_settings"
    __table_args__ = (ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    quiet_from: Mapped[time] = mapped_column(Time)
    quiet_until: Mapped[time] = mapped_column(Time)
    quiet_email: Mapped[bool] = mapped_column(Boolean)
    switched_off: Mapped[list[str]] = mapped_column(ARRAY(Text))
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
