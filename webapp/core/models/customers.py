"""Members, where they buy, what they have bought, and what others show of them."""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
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
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.crypto import Place
from webapp.core.schema import HASH_BY_MERCHANT, Base, Timestamp


class User(Base):
    """A store customer as they were first met, and the member they are unless `merged_into` names
    another: then that is the person, and this row only what the person's entries, lots and orders
    from here belong to (their *home*). The row that is named is never merged itself.

    `points_balance` is a projection of the ledger, kept in the ledger's own transactions; it is 0
    for a merged row.
    """

    __tablename__ = "users"
    __table_args__ = (
        Index("idx_users_shared_customer_id", "merchant_id", "shared_customer_id", unique=True),
        ForeignKeyConstraint(
            ["merchant_id", "merged_into"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_users_merged_into",
        ),
        CheckConstraint("merged_into <> customer_id", name="merged_into"),
        Index(
            "idx_users_merged_into",
            "merchant_id",
            "merged_into",
            postgresql_where=text("merged_into is not null"),
        ),
        # Room for every row's first balance on its own page, without touching the indexes.
        {"postgresql_with": {"fillfactor": 50}},
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    shared_customer_id: Mapped[str] = mapped_column(Text)
    points_balance: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    merged_into: Mapped[str | None] = mapped_column(Text)


class CustomerIdentity(Base):
    """One customer of one store; `external_id` is the shop's own number for them, `customer_id`
    their home, which never changes. `linking_consent` is what they said to being one member over
    several stores, NULL while they were not asked."""

    __tablename__ = "customer_identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        Index(None, "merchant_id", "customer_id"),
        Index(
            "idx_customer_identities_refused",
            "merchant_id",
            "customer_id",
            postgresql_where=text("not linking_consent"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    linking_consent: Mapped[bool | None] = mapped_column(Boolean)
    linking_consent_at: Mapped[datetime | None] = mapped_column(Timestamp)


class CustomerContact(Base):
    """How a store's customer may be reached, whether or not they have ordered yet: sealed e-mail
    address and phone number, the language tag they use in the shop, and the states of their consent
    in Shopify's words (`subscribed`, `unsubscribed`, ...; NULL where none was ever asked).
    `updated_at` is the shop's time of it, and each consent has its own. The hashes are keyed (see
    `core.addresses`); only a verified address proves who somebody is. Of a customer who was erased
    a row without any address stays, so that older words bring nothing back.
    """

    __tablename__ = "customer_contacts"
    __table_args__ = (
        Index(
            "idx_customer_contacts_email_hash",
            "merchant_id",
            "email_hash",
            postgresql_where=text("email_hash is not null"),
        ),
        Index(
            "idx_customer_contacts_phone_hash",
            "merchant_id",
            "phone_hash",
            postgresql_where=text("phone_hash is not null"),
        ),
        Index(
            "idx_customer_contacts_unhashed",
            "merchant_id",
            postgresql_where=text(
                "email is not null and email_hash is null or phone is not null"
                " and phone_hash is null"
            ),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    email: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    locale: Mapped[str | None] = mapped_column(Text)
    email_consent: Mapped[str | None] = mapped_column(Text)
    sms_consent: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)
    email_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    email_verified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    phone_verified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    email_consent_at: Mapped[datetime | None] = mapped_column(Timestamp)
    sms_consent_at: Mapped[datetime | None] = mapped_column(Timestamp)

    @staticmethod
    def place(merchant_id: str, store_id: str, external_id: str, column: str) -> Place:
        """What a sealed address is bound to; `column` is email or phone."""
        return Place("customer_contacts", column, merchant_id, f"{store_id}:{external_id}")

    SEALED: ClassVar = {
        "email": lambda row: CustomerContact.place(
            row.merchant_id, row.store_id, row.external_id, "email"
        ),
        "phone": lambda row: CustomerContact.place(
            row.merchant_id, row.store_id, row.external_id, "phone"
        ),
    }


class Order(Base):
    """A paid order in the shop's currency, before refunds. `customer_id` is the buyer's home, NULL
    for guests. `basis_minor` is what points are counted on: goods net of discounts, without tax and
    shipping, without gift cards; NULL where only the total is known, which then counts.
    `taxes_included` says whether the shop's prices held the tax. `discount_codes` are those that
    were used, `updated_at` the shop's time of the newest word. A cancelled order earns nothing.

    `external_id` is the shop's order id, or a key made of the row where a file has none. New rows
    of one tenant get consecutive rising `order_id`, so a range names what one import chunk added.
    """

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "external_id"),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("basis_minor >= 0", name="basis"),
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
    basis_minor: Mapped[int | None] = mapped_column(BigInteger)
    discount_codes: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    cancelled_at: Mapped[datetime | None] = mapped_column(Timestamp)
    updated_at: Mapped[datetime | None] = mapped_column(Timestamp)
    taxes_included: Mapped[bool | None] = mapped_column(Boolean)


class Refund(Base):
    """Money given back to a customer, in the shop's currency, as a positive amount. `order_key` is
    the `external_id` of its order where that is known; `basis_minor` the part of it that points
    were counted on, NULL where only the total is known.

    While its order is not known, `tax_minor` is the tax on that part, which `basis_minor` may still
    hold; it is NULL once the order has told."""

    __tablename__ = "refunds"
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "external_id"),
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        CheckConstraint("amount_minor >= 0", name="amount"),
        CheckConstraint("basis_minor >= 0", name="basis"),
        Index(None, "merchant_id", "store_id", "customer_id"),
        Index(
            "idx_refunds_order_key",
            "merchant_id",
            "store_id",
            "order_key",
            postgresql_where=text("order_key is not null"),
        ),
        CheckConstraint("tax_minor >= 0", name="tax"),
        Index(
            "idx_refunds_waiting",
            "merchant_id",
            "store_id",
            postgresql_where=text("tax_minor is not null"),
        ),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    refund_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    customer_id: Mapped[str | None] = mapped_column(Text)
    refunded_at: Mapped[datetime] = mapped_column(Timestamp)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    order_key: Mapped[str | None] = mapped_column(Text)
    basis_minor: Mapped[int | None] = mapped_column(BigInteger)
    tax_minor: Mapped[int | None] = mapped_column(BigInteger)


class CustomerCard(Base):
    """The facts about a member that others show; each column is written by its owner only.

    There is one for each member; that of a merged row shows nothing. `points` can be spent now and
    may be below zero, `pending` can be spent later; both hold until `changes_at`, when a lot
    becomes available or expires. `tier` names the member's tier, `score` is what the shared
    leaderboard counts in `score_cycle` (YYYY-MM in the programme's zone): `score_net`, the points
    of orders less those taken back, but never below zero. `version` rises with every change, so
    that an older push never replaces a newer one.
    """

    __tablename__ = "customer_cards"
    __table_args__ = (
        CheckConstraint("pending >= 0", name="pending"),
        CheckConstraint("score >= 0", name="score"),
        Index(
            "idx_customer_cards_changes_at",
            "merchant_id",
            "changes_at",
            postgresql_where=text("changes_at is not null"),
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    points: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    version: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    pending: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    changes_at: Mapped[datetime | None] = mapped_column(Timestamp)
    tier: Mapped[str | None] = mapped_column(Text)
    score: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    score_net: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    score_cycle: Mapped[str | None] = mapped_column(Text)


class ReferralLink(Base):
    """The code by which a member brings friends. It belongs to the home that was the member when it
    was made, so that whoever that is today answers to it; `clicks` counts each visitor once a
    day."""

    __tablename__ = "referral_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        UniqueConstraint("merchant_id", "customer_id"),
        CheckConstraint("clicks >= 0", name="clicks"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    clicks: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(Timestamp)
