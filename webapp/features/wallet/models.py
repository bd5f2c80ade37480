"""Cards in wallets, the devices that hold them, and what a merchant's cards look like."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.crypto import Place
from webapp.core.schema import HASH_BY_MERCHANT, Base, Timestamp


class WalletExport(Base):
    """One card: of one customer (their home) in one kind of wallet. Its random `export_id` is the
    serial number at Apple and the object's id at Google, for as long as there is the card.

    `pass_data` is a sealed envelope (`core.crypto`) of what the card said when it was exported, and
    of the token its devices prove themselves with, which never changes. `revision` rises, and
    `modified_at` rises by at least a second, with every change of what the card shows;
    `card_version` and `design_version` say what it was last changed for, `news_revision` which was
    the last change of the member's own. `told_revision` is the newest that Google has been told, by
    the issuer `told_issuer`, NULL before the first; `google_due` says that it is about to be, and
    `notified` when its holder was last alerted there. `added_at` is when it was put on a device, or
    at Google its link was followed; NULL when it is on none. `exports` and `failures` count how
    often the card was asked for and was, or was not, to be had.
    """

    __tablename__ = "wallet_exports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        # The card of somebody who was erased stays void; who comes back gets another.
        Index(
            "uq_wallet_exports_card",
            "merchant_id",
            "customer_id",
            "wallet_type",
            unique=True,
            postgresql_where=text("voided_at is null"),
        ),
        CheckConstraint("wallet_type in ('apple', 'google')", name="wallet_type"),
        CheckConstraint("exports >= 0 and failures >= 0", name="counts"),
        Index("idx_wallet_exports_customer_id", "merchant_id", "customer_id"),
        Index("idx_wallet_exports_export_id", "export_id"),
        HASH_BY_MERCHANT,
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    export_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    wallet_type: Mapped[str] = mapped_column(Text)
    pass_data: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    exported_at: Mapped[datetime] = mapped_column(Timestamp)
    revision: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    news_revision: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    modified_at: Mapped[datetime] = mapped_column(Timestamp)
    card_version: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    design_version: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    added_at: Mapped[datetime | None] = mapped_column(Timestamp)
    voided_at: Mapped[datetime | None] = mapped_column(Timestamp)
    exports: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failure: Mapped[str | None] = mapped_column(Text)
    told_revision: Mapped[int | None] = mapped_column(BigInteger)
    told_issuer: Mapped[str | None] = mapped_column(Text)
    google_due: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    notified: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))

    @staticmethod
    def place(merchant_id: str, export_id: str) -> Place:
        """What a card's envelope is bound to."""
        return Place("wallet_exports", "pass_data", merchant_id, export_id)

    SEALED: ClassVar = {"pass_data": lambda row: WalletExport.place(row.merchant_id, row.export_id)}


class WalletRegistration(Base):
    """That a device wants to hear of a card's changes. Devices are known by a hash of their id;
    the token by which they are called is sealed. `push_due` says that a call is on its way,
    `pushed_at` when the last was asked for."""

    __tablename__ = "wallet_registrations"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "export_id"], ["wallet_exports.merchant_id", "wallet_exports.export_id"]
        ),
        Index("idx_wallet_registrations_device_hash", "device_hash"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    export_id: Mapped[str] = mapped_column(Text, primary_key=True)
    device_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    push_token: Mapped[bytes] = mapped_column(LargeBinary)
    registered_at: Mapped[datetime] = mapped_column(Timestamp)
    push_due: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    pushed_at: Mapped[datetime | None] = mapped_column(Timestamp)

    @staticmethod
    def place(merchant_id: str, export_id: str, device_hash: bytes) -> Place:
        """What a sealed push token is bound to."""
        row = f"{export_id}:{device_hash.hex()}"
        return Place("wallet_registrations", "push_token", merchant_id, row)

    SEALED: ClassVar = {
        "push_token": lambda row: WalletRegistration.place(
            row.merchant_id, row.export_id, row.device_hash
        )
    }


class WalletDesign(Base):
    """One version of what a merchant's cards look like (`messages.Design` as JSON). Versions count
    up from 1; the newest holds. A merchant without any has our own."""

    __tablename__ = "wallet_designs"
    __table_args__ = (ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    design: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[datetime] = mapped_column(Timestamp)
    created_by: Mapped[str | None] = mapped_column(Text)


class WalletImage(Base):
    """A picture that a merchant gave for their cards, a PNG made of what was uploaded; `name` is
    `logo` or `strip`. It is of the version of the design it came with, and is used until there is
    a newer one."""

    __tablename__ = "wallet_images"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "version"], ["wallet_designs.merchant_id", "wallet_designs.version"]
        ),
        CheckConstraint("name in ('logo', 'strip')", name="name"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(Text, primary_key=True)
    png: Mapped[bytes | None] = mapped_column(LargeBinary)


class WalletClass(Base):
    """What Google was told of a merchant's programme: a fingerprint of it, and by which issuer."""

    __tablename__ = "wallet_classes"
    __table_args__ = (ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    issuer_id: Mapped[str] = mapped_column(Text)
    told_at: Mapped[datetime] = mapped_column(Timestamp)
