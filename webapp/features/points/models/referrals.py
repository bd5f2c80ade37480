"""What the programme gives for friends, who claimed it, and what became of each claim."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp

OFFERS = ("none", "percentage", "amount", "free_shipping")
STATES = ("claimed", "ordered", "held", "rewarded", "refused", "void")
DISCOUNT_STATES = ("none", "wanted", "made", "failed")


class ReferralSettings(Base):
    """What a merchant gives. `amounts` and `minimums` are minor units by currency. Points wait
    `hold_days` after the friend's order (NULL: as long as points wait by the rules); a member is
    rewarded `monthly_cap` times a month (NULL: without end), and from the claim number
    `review_from` of one day on a person looks at the claims of one member."""

    __tablename__ = "referral_settings"
    __table_args__ = (
        CheckConstraint("advocate_points between 0 and 1000000", name="advocate_points"),
        CheckConstraint("friend_points between 0 and 1000000", name="friend_points"),
        CheckConstraint(f"offer in {OFFERS}", name="offer"),
        CheckConstraint("percentage between 1 and 100", name="percentage"),
        CheckConstraint("hold_days between 0 and 365", name="hold_days"),
        CheckConstraint("monthly_cap >= 1", name="monthly_cap"),
        CheckConstraint("review_from >= 1", name="review_from"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    enabled: Mapped[bool] = mapped_column(Boolean)
    advocate_points: Mapped[int] = mapped_column(Integer)
    friend_points: Mapped[int] = mapped_column(Integer)
    offer: Mapped[str] = mapped_column(Text)
    percentage: Mapped[int | None] = mapped_column(SmallInteger)
    amounts: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    minimums: Mapped[dict[str, int]] = mapped_column(JSONB, server_default=text("'{}'"))
    hold_days: Mapped[int | None] = mapped_column(SmallInteger)
    monthly_cap: Mapped[int | None] = mapped_column(SmallInteger)
    review_from: Mapped[int] = mapped_column(SmallInteger)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)


class ReferralClaim(Base):
    """One friend of one member. What was promised (`offer`, points, `minimum_minor`, `hold_days`)
    is kept as it was at that time.

    `advocate` is the home that the code belongs to, `friend` that of the friend once it is known.
    The friend is a customer of the store (`external_id`) or an address (`email_hash`), and each may
    claim once for ever, whatever becomes of it. The keys are those of the ledger
    entries of the two rewards. Times are business time.
    """

    __tablename__ = "referral_claims"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "code"], ["referral_links.merchant_id", "referral_links.code"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "advocate"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_referral_claims_advocate",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "friend"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_referral_claims_friend",
        ),
        CheckConstraint(f"state in {STATES}", name="state"),
        CheckConstraint(f"discount_state in {DISCOUNT_STATES}", name="discount_state"),
        Index(
            "uq_referral_claims_customer",
            "merchant_id",
            "store_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id is not null"),
        ),
        Index(
            "uq_referral_claims_email_hash",
            "merchant_id",
            "email_hash",
            unique=True,
            postgresql_where=text("email_hash is not null"),
        ),
        Index(
            "uq_referral_claims_discount_code",
            "merchant_id",
            "discount_code",
            unique=True,
            postgresql_where=text("discount_code is not null"),
        ),
        Index(
            "idx_referral_claims_hold_until",
            "merchant_id",
            "hold_until",
            postgresql_where=text("state = 'held'"),
        ),
        Index(
            "idx_referral_claims_order_id",
            "merchant_id",
            "order_id",
            postgresql_where=text("order_id is not null"),
        ),
        Index(
            "idx_referral_claims_friend",
            "merchant_id",
            "friend",
            postgresql_where=text("friend is not null"),
        ),
        Index(None, "merchant_id", "advocate"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    claim_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text)
    advocate: Mapped[str] = mapped_column(Text)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    friend: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    in_review: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    offer: Mapped[dict[str, Any]] = mapped_column(JSONB)
    advocate_points: Mapped[int] = mapped_column(Integer)
    friend_points: Mapped[int] = mapped_column(Integer)
    minimum_minor: Mapped[int] = mapped_column(BigInteger)
    hold_days: Mapped[int] = mapped_column(SmallInteger)
    discount_code: Mapped[str | None] = mapped_column(Text)
    discount_state: Mapped[str] = mapped_column(Text)
    discount_id: Mapped[str | None] = mapped_column(Text)
    order_id: Mapped[int | None] = mapped_column(BigInteger)
    ordered_at: Mapped[datetime | None] = mapped_column(Timestamp)
    hold_until: Mapped[datetime | None] = mapped_column(Timestamp)
    advocate_key: Mapped[str | None] = mapped_column(Text)
    friend_key: Mapped[str | None] = mapped_column(Text)
    claimed_at: Mapped[datetime] = mapped_column(Timestamp)
    rewarded_at: Mapped[datetime | None] = mapped_column(Timestamp)
    decided_at: Mapped[datetime | None] = mapped_column(Timestamp)


class ReferralRefusal(Base):
    """How many claims were refused at the door; `code` is empty for codes that do not exist."""

    __tablename__ = "referral_refusals"

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    reason: Mapped[str] = mapped_column(Text, primary_key=True)
    refused: Mapped[int] = mapped_column(Integer)


class ReferralClick(Base):
    """Who has looked at a code on a day (wall time, UTC), as a keyed hash that is forgotten soon
    after."""

    __tablename__ = "referral_clicks"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "code"], ["referral_links.merchant_id", "referral_links.code"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    visitor: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
