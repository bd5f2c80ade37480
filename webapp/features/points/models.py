"""The ledger, and what of it has been pushed to the storefronts."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import HASH_BY_MERCHANT, Base, Timestamp

ENTRY_TYPES = (
    "earn",
    "bonus",
    "redeem",
    "redeem_reversal",
    "clawback",
    "expire",
    "adjust",
    "transfer",
    "import",
)


class PointsTransaction(Base):
    """One entry of the append-only ledger; the database refuses to change or delete it.

    `basis_minor` of `currency` under `rule_version` is why there are `points`. `occurred_at` is
    business time, `recorded_at` wall time. The key is unique for each merchant, so that no event
    counts twice.
    """

    __tablename__ = "points_transactions"
    __table_args__ = (
        UniqueConstraint("merchant_id", "idempotency_key"),
        CheckConstraint("points <> 0", name="points"),
        CheckConstraint(f"type in {ENTRY_TYPES}", name="type"),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    points: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    rule_version: Mapped[int] = mapped_column(SmallInteger)
    basis_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Timestamp)
    recorded_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    idempotency_key: Mapped[str] = mapped_column(Text)


class MetafieldProjection(Base):
    """Which version of a member's card a store's customer metafields show, or `refused` to show."""

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
