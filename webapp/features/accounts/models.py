"""How people sign in, what a merchant pays for, and our own staff."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp


class SignInLink(Base):
    """A one-time link of an admin user; only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "admin_user_id"],
            ["admin_users.merchant_id", "admin_users.admin_user_id"],
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    admin_user_id: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
    used_at: Mapped[datetime | None] = mapped_column(Timestamp)


class AdminSession(Base):
    """Where a person is signed in directly; only the SHA-256 of the cookie's token is kept. It
    ends when it is ended, or twelve hours after it was last seen."""

    __tablename__ = "admin_sessions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "admin_user_id"],
            ["admin_users.merchant_id", "admin_users.admin_user_id"],
        ),
        Index(None, "merchant_id", "admin_user_id"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    admin_user_id: Mapped[str] = mapped_column(Text)
    seen_at: Mapped[datetime] = mapped_column(Timestamp)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Subscription(Base):
    """A plan that a merchant has asked Shopify to bill through one of their stores.

    `requested` until Shopify has been asked, `pending` until the merchant has agreed there; then
    what Shopify says. At most one of a merchant is active or frozen. `external_id` is Shopify's
    global id. Prices are in the minor unit of `currency`, per thirty days.
    """

    __tablename__ = "subscriptions"
    __table_args__ = (
        UniqueConstraint("merchant_id", "external_id"),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint(
            "state in ('requested', 'pending', 'active', 'frozen', 'declined', 'expired', "
            "'cancelled', 'failed')",
            name="state",
        ),
        CheckConstraint("price_minor >= 0", name="price"),
        Index(
            "idx_subscriptions_active",
            "merchant_id",
            unique=True,
            postgresql_where=text("state in ('active', 'frozen')"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    subscription_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    plan: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="requested")
    price_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(Text)
    trial_days: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    test: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    external_id: Mapped[str | None] = mapped_column(Text)
    confirmation_url: Mapped[str | None] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    requested_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    activated_at: Mapped[datetime | None] = mapped_column(Timestamp)
    trial_ends_at: Mapped[datetime | None] = mapped_column(Timestamp)
    period_ends_at: Mapped[datetime | None] = mapped_column(Timestamp)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)


class OperatorAccount(Base):
    """One of our own staff. The application has no right to this table or the next three: it asks
    through the functions in `core.routing`; accounts are made by the owner of the schema."""

    __tablename__ = "operators"
    __table_args__ = (CheckConstraint("role in ('support', 'review', 'platform')", name="role"),)

    operator_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)


class OperatorLink(Base):
    """A one-time link of an operator; only the SHA-256 of its token is kept."""

    __tablename__ = "operator_links"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator_id: Mapped[str] = mapped_column(Text, ForeignKey("operators.operator_id"))
    expires_at: Mapped[datetime] = mapped_column(Timestamp)
    used_at: Mapped[datetime | None] = mapped_column(Timestamp)


class OperatorSession(Base):
    """Where an operator is signed in; only the SHA-256 of the cookie's token is kept."""

    __tablename__ = "operator_sessions"

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    operator_id: Mapped[str] = mapped_column(Text, ForeignKey("operators.operator_id"))
    seen_at: Mapped[datetime] = mapped_column(Timestamp)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)


class OperatorRead(Base):
    """What an operator asked across tenants; reads of one tenant are in its own audit log."""

    __tablename__ = "operator_reads"

    read_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    operator_id: Mapped[str] = mapped_column(Text, ForeignKey("operators.operator_id"))
    subject: Mapped[str] = mapped_column(Text)
    read_at: Mapped[datetime] = mapped_column(Timestamp)


class WebhookSubscription(Base):
    """A topic that a shop is to tell us of, as last seen there: subscribed since when (NULL: not
    yet), when it was found missing the last time (`lost_at`), and why it is refused, if it is. All
    times are wall time."""

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    topic: Mapped[str] = mapped_column(Text, primary_key=True)
    subscribed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    checked_at: Mapped[datetime] = mapped_column(Timestamp)
    lost_at: Mapped[datetime | None] = mapped_column(Timestamp)
    reason: Mapped[str | None] = mapped_column(Text)
