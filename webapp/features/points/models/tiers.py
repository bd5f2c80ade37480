"""Tiers, how they are reached and lost, and which one each member is in."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.i18n import LOCALES
from webapp.core.schema import Base, Timestamp

_KNOWN = ", ".join(f"'{tag}'" for tag in LOCALES)


class TierSettings(Base):
    """How a merchant's tiers are reached and lost (see `domain.tiers.Policy`); without a row, as
    `domain.tiers.FIRST_POLICY` says."""

    __tablename__ = "tier_settings"
    __table_args__ = (
        CheckConstraint("basis in ('spend', 'points', 'orders')", name="basis"),
        CheckConstraint(
            "evaluation_window in ('rolling', 'year', 'lifetime')", name="evaluation_window"
        ),
        CheckConstraint("window_days between 1 and 3660", name="window_days"),
        CheckConstraint("downgrade in ('never', 'at_once', 'period_end')", name="downgrade"),
        CheckConstraint("grace_days between 0 and 365", name="grace_days"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    basis: Mapped[str] = mapped_column(Text)
    evaluation_window: Mapped[str] = mapped_column(Text)
    window_days: Mapped[int] = mapped_column(SmallInteger)
    downgrade: Mapped[str] = mapped_column(Text)
    grace_days: Mapped[int] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class VipTier(Base):
    """One tier. `names` holds at least the `default_locale`, which speaks for the languages that
    are missing. `threshold` is in minor units of the programme's currency, in points, or a number
    of orders, and gives the tiers their order. `multiplier` is what the rate of an order that is
    entered from now on is multiplied by."""

    __tablename__ = "vip_tiers"
    __table_args__ = (
        UniqueConstraint("merchant_id", "threshold", deferrable=True),
        CheckConstraint(
            f"names ? default_locale and names - array[{_KNOWN}] = '{{}}'::jsonb",
            name="names",
        ),
        CheckConstraint("threshold > 0", name="threshold"),
        CheckConstraint("multiplier >= 1", name="multiplier"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    tier_id: Mapped[str] = mapped_column(Text, primary_key=True)
    names: Mapped[dict[str, Any]] = mapped_column(JSONB)
    default_locale: Mapped[str] = mapped_column(Text)
    threshold: Mapped[int] = mapped_column(BigInteger)
    multiplier: Mapped[Decimal] = mapped_column(Numeric(6, 3))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class MemberTier(Base):
    """Where a member stands. `value` is what qualified when it was last computed, in the unit of
    the thresholds; it is always computed from orders, refunds and lots, never added to.

    `keeps_until` is when a tier that the value does not reach any more ends (NULL: it is reached,
    or never ends); `next_at` when time alone may change something. The row of somebody who is
    merged into another member rests until they are parted.
    """

    __tablename__ = "member_tiers"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "tier_id"], ["vip_tiers.merchant_id", "vip_tiers.tier_id"]
        ),
        CheckConstraint("value >= 0", name="value"),
        Index(
            "idx_member_tiers_next_at",
            "merchant_id",
            "next_at",
            postgresql_where=text("next_at is not null"),
        ),
        Index(
            "idx_member_tiers_tier_id",
            "merchant_id",
            "tier_id",
            postgresql_where=text("tier_id is not null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    tier_id: Mapped[str | None] = mapped_column(Text)
    value: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(Timestamp)
    keeps_until: Mapped[datetime | None] = mapped_column(Timestamp)
    next_at: Mapped[datetime | None] = mapped_column(Timestamp)
