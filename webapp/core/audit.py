"""The audit log: who did what, written in the transaction that did it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql import text

from webapp.core.schema import Base, Timestamp
from webapp.core.tenancy import Actor

_INSERT = text(
    """
    insert into audit_logs (merchant_id, actor_kind, actor_id, action, metadata, created_at)
    values (:merchant_id, :actor_kind, :actor_id, :action, cast(:metadata as jsonb), :created_at)
    """
)


class AuditLog(Base):
    """One recorded action. Rows are only ever added."""

    __tablename__ = "audit_logs"
    __table_args__ = (Index("idx_audit_logs_action", "action"),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    audit_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    metadata_: Mapped[dict[str, Any]] = mapped_column("metadata", JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp)


def record(
    db: Session,
    merchant_id: str,
    actor: Actor,
    action: str,
    metadata: Mapping[str, Any],
    at: datetime,
) -> None:
    """Add one row; `action` is the specification's word (e.g. `multi_store_sync`)."""
    values = {
        "merchant_id": merchant_id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "action": action,
        "metadata": json.dumps(metadata),
        "created_at": at,
    }
    db.execute(_INSERT, values)
