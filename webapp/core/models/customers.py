"""Members, where they buy, what they have bought, and what others show of them."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.crypto import Place
from webapp.core.schema import HASH_BY_MERCHANT, Base, Timestamp


class User(Base):
    """A member: the person behind one or more store customers. `points_balance` is a projection of
    the ledger, kept in the ledger's own transactions."""

    __tablename__ = "users"
    __table_args__ = (
        Index("idx_users_shared_customer_id", "merchant_id", "shared_customer_id", unique=True),
        # Room for every row's first balance on its own page, without touching the indexes.
        {"postgresql_with": {"fillfactor": 50}},
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    shared_customer_id: Mapped[str] = mapped_column(Text)
    points_balance: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class CustomerIdentity(Base):
    """One customer of one store; `external_id` is the shop's own number for them."""

    __tablename__ = "customer_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        Index(None, "merchant_id", "customer_id"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)


class CustomerContact(Base):
    """How a store's customer may be reached, whether or not they have ordered yet: sealed e-mail
    address and phone number, the language tag they use in the shop, and the states of their consent
    in Shopify's words (`subscribed`, `unsubscribed`, ...; NULL where none was ever asked).
    `updated_at` is the shop's time of it.
    """

    __tablename__ = "customer_contacts"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    locale: Mapped[str | None] = mapped_column(Text)
    email_consent: Mapped[str | None] = mapped_column(Text)
    sms_consent: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)

    @staticmethod
    def place(merchant_id: str, store_id: str, external_id: str, column: str) -> Place:
        """What a sealed address is bound to; `column` is email or phone."""
        return Place("customer_contacts", column, merchant_id, f"{store_id}:{external_id}")


class Order(Base):
    """A paid order in the shop's currency, before refunds. `customer_id` is NULL for guests.

    `external_id` is the shop's order id, or a key made of the row where a file has none. New rows
    of one tenant get consecutive rising `order_id`, so a range names what one import chunk added.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "external_id"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        Index(None, "merchant_id", "store_id", "customer_id"),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    order_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str | None] = mapped_column(Text)
    ordered_at: Mapped[datetime] = mapped_column(Timestamp)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class Refund(Base):
    """Money given back to a customer, in the shop's currency, as a positive amount."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "external_id"),
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        CheckConstraint("amount_minor >= 0", name="amount"),
        Index(None, "merchant_id", "store_id", "customer_id"),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    refund_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str | None] = mapped_column(Text)
    refunded_at: Mapped[datetime] = mapped_column(Timestamp)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class CustomerCard(Base):
    """The facts about a member that others show; each column is written by its owner only.

    `version` rises with every change, so that an older push never replaces a newer one.
    """

    __tablename__ = "customer_cards"
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
