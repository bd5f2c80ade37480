"""How points are earned, kept and given back: one immutable version after the other."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    Numeric,
    SmallInteger,
    Text,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp


class PointsRule(Base):
    """One version of a merchant's rules, in force from `valid_from` (business time) until the next.
    Version 1, of a merchant who has changed nothing, is not stored (`domain.earning.FIRST_RULE`).

    Points wait `hold_days` until they can be spent, and expire `expiry_days` after they were earned
    (NULL: never); those of imported orders expire from the import, or from the order. A refund
    takes points back from those still waiting, from all that is left, or below zero.
    """

    __tablename__ = "points_rules"
    __table_args__ = (
        CheckConstraint("hold_days between 0 and 365", name="hold_days"),
        CheckConstraint(
            "return_policy in ('only_pending', 'within_balance', 'unlimited')",
            name="return_policy",
        ),
        CheckConstraint("expiry_days between 1 and 3660", name="expiry_days"),
        CheckConstraint("imports_expire_from in ('import', 'order')", name="imports_expire_from"),
        CheckConstraint("signup_points >= 0", name="signup_points"),
        CheckConstraint("birthday_points >= 0", name="birthday_points"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    rule_version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime] = mapped_column(Timestamp)
    hold_days: Mapped[int] = mapped_column(SmallInteger)
    return_policy: Mapped[str] = mapped_column(Text)
    expiry_days: Mapped[int | None] = mapped_column(Integer)
    imports_expire_from: Mapped[str] = mapped_column(Text)
    signup_points: Mapped[int] = mapped_column(Integer)
    birthday_points: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class PointsRate(Base):
    """Points for one whole unit of a store's currency under one version of the rules; a store
    without a row earns one."""

    __tablename__ = "points_rates"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "rule_version"],
            ["points_rules.merchant_id", "points_rules.rule_version"],
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("rate >= 0", name="rate"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rule_version: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    rate: Mapped[Decimal] = mapped_column(Numeric(14, 6))
