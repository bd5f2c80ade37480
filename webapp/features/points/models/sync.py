"""What the storefronts show of members, and how accurate they were found to be."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp

RUN_KINDS = ("nightly", "asked")


class MetafieldProjection(Base):
    """Which version of whose card (`customer_id`; NULL: that of the identity's home) a store's
    customer metafields show, or `refused` to show and why (`reason`). `digest` is Shopify's of the
    last `card_version` we know of, `lag_ms` how long the last change took from the ledger there."""

    __tablename__ = "metafield_projections"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id", "external_id"],
            [
                "customer_identities.merchant_id",
                "customer_identities.store_id",
                "customer_identities.external_id",
            ],
            name="fk_metafield_projections_customer_identities",
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    pushed_version: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    pushed_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    customer_id: Mapped[str | None] = mapped_column(Text)
    digest: Mapped[str | None] = mapped_column(Text)
    lag_ms: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str | None] = mapped_column(Text)


class SyncRun(Base):
    """One reconciliation. `matched`, `mismatched` and `pending` count metafields that were read
    back, by customer and store; `unread` those that a store would not let us read. `ledger_ok` says
    that entries, lots and cards agree; otherwise `off` members do not, and `differences` are the
    first of them (`queries.checks.Imbalance`). A run is over when all its chunks are done; `buried`
    are the messages of those that were given up."""

    __tablename__ = "sync_runs"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),
        CheckConstraint(f"kind in {RUN_KINDS}", name="kind"),
        CheckConstraint("chunks_done between 0 and chunks", name="chunks"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Timestamp)
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp)
    matched: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    mismatched: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    pending: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    repaired: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    unread: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    p95_lag_ms: Mapped[int | None] = mapped_column(BigInteger)
    ledger_ok: Mapped[bool] = mapped_column(Boolean)
    off: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    differences: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    chunks: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    chunks_done: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    gathered: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    buried: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))


class SyncMismatch(Base):
    """A customer whose metafields were not as expected: of those that differ, key -> value."""

    __tablename__ = "sync_mismatches"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "run_id"],
            ["sync_runs.merchant_id", "sync_runs.run_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        Index(
            "idx_sync_mismatches_unrepaired",
            "merchant_id",
            "store_id",
            "external_id",
            postgresql_where=text("repaired_at is null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    run_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    expected: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found: Mapped[dict[str, Any]] = mapped_column(JSONB)
    found_at: Mapped[datetime] = mapped_column(Timestamp)
    repaired_at: Mapped[datetime | None] = mapped_column(Timestamp)


class SharedBoard(Base):
    """Which cycle's first ten a store's customers were last tagged as, how many that were, and
    whether the store then named the same ones with the same scores."""

    __tablename__ = "shared_boards"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    cycle: Mapped[str] = mapped_column(Text)
    shared_at: Mapped[datetime] = mapped_column(Timestamp)
    members: Mapped[int] = mapped_column(Integer)
    verified: Mapped[bool] = mapped_column(Boolean)
