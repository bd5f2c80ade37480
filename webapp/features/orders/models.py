"""Tables that only this feature writes."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp


class Import(Base):
    """One run of files on their way in. `state` goes reading -> taking -> done, or failed.

    `percent` is the share of the present state's work; the counts are lines of the files. An
    import that has told nothing for long (`told_at`, wall time) was killed.
    """

    __tablename__ = "imports"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("state in ('reading', 'taking', 'done', 'failed')", name="state"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    import_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    file_names: Mapped[list[str]] = mapped_column(ARRAY(Text))
    label: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text, server_default="reading")
    percent: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    read: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    taken: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    skipped: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    refused: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    started_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    told_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    finished_at: Mapped[datetime | None] = mapped_column(Timestamp)


class PrivacyRequest(Base):
    """What a shop has asked in the name of a customer, or in its own: to be told what is held, or
    to have it erased. Erasing is done at once; a question is done when the merchant says so.
    `reference` is what makes it the same request when it is told again; `order_keys` are the orders
    it names, for guests have no other key. It holds no address."""

    __tablename__ = "privacy_requests"
    __table_args__ = (
        UniqueConstraint("merchant_id", "store_id", "kind", "reference"),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("kind in ('data_request', 'customer_redact', 'shop_redact')", name="kind"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    request_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    order_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    received_at: Mapped[datetime] = mapped_column(Timestamp)
    due_at: Mapped[datetime] = mapped_column(Timestamp)
    done_at: Mapped[datetime | None] = mapped_column(Timestamp)


class Redaction(Base):
    """One erasure, to be done again after a restore: of one customer, of guests' orders only
    (`order_keys` without `external_id`), or of a whole store (neither). What the shop told after
    `asked_at` is not erased."""

    __tablename__ = "redactions"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    redaction_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    order_keys: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    asked_at: Mapped[datetime] = mapped_column(Timestamp)
    redacted_at: Mapped[datetime] = mapped_column(Timestamp)
