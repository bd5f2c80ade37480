"""The ledger, and what of it has been pushed to the storefronts."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    Numeric,
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

    `customer_id` is the home of the store customer it belongs to (see `core.models.User`).
    `basis_minor` of `currency` times `rate` under `rule_version` is why there are `points`.
    `occurred_at` is business time, `recorded_at` wall time; what an entry brings can be spent from
    `available_at` until `expires_at` (NULL: for ever). `parent_id` is the entry that this one takes
    back, `redemption_id` what was redeemed, `reason` a person's words for a correction. The key is
    unique for each merchant, so that no event counts twice.
    """

    __tablename__ = "points_transactions"
    __table_args__ = (
        UniqueConstraint("merchant_id", "idempotency_key"),
        CheckConstraint("points <> 0", name="points"),
        CheckConstraint(f"type in {ENTRY_TYPES}", name="type"),
        Index(
            "idx_points_transactions_redemption_id",
            "merchant_id",
            "redemption_id",
            postgresql_where=text("redemption_id is not null"),
        ),
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
    basis_minor: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    currency: Mapped[str | None] = mapped_column(Text)
    occurred_at: Mapped[datetime] = mapped_column(Timestamp)
    recorded_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    idempotency_key: Mapped[str] = mapped_column(Text)
    rate: Mapped[Decimal | None] = mapped_column(Numeric(14, 6))
    available_at: Mapped[datetime | None] = mapped_column(Timestamp)
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)
    parent_id: Mapped[int | None] = mapped_column(BigInteger)
    redemption_id: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)


class PointsLot(Base):
    """What is left of the points that one entry brought. `reversed` counts what refunds have asked
    back of it, `uncollected` how much of that was not there any more. `points = remaining` + what
    debits have taken and not returned (`lot_allocations`)."""

    __tablename__ = "points_lots"
    __table_args__ = (
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("remaining between 0 and points", name="remaining"),
        CheckConstraint("reversed between 0 and points", name="reversed"),
        CheckConstraint("uncollected between 0 and reversed", name="uncollected"),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    transaction_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    points: Mapped[int] = mapped_column(BigInteger)
    remaining: Mapped[int] = mapped_column(BigInteger)
    reversed: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    uncollected: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    available_at: Mapped[datetime] = mapped_column(Timestamp)
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)


class LotAllocation(Base):
    """How many points of a lot one debit took, and how many of them came back. Debit and lot belong
    to one home: what is taken from several homes is several debits."""

    __tablename__ = "lot_allocations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id", "debit_id"],
            [
                "points_transactions.merchant_id",
                "points_transactions.customer_id",
                "points_transactions.transaction_id",
            ],
        ),
        ForeignKeyConstraint(
            ["merchant_id", "customer_id", "lot_id"],
            [
                "points_lots.merchant_id",
                "points_lots.customer_id",
                "points_lots.transaction_id",
            ],
        ),
        CheckConstraint("points > 0", name="points"),
        CheckConstraint("returned between 0 and points", name="returned"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    debit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    points: Mapped[int] = mapped_column(BigInteger)
    returned: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class PointsDeficit(Base):
    """What a home owes: points that were asked back after they had been spent. The next points it
    earns pay it off first."""

    __tablename__ = "points_deficits"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        CheckConstraint("points >= 0", name="points"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger)
