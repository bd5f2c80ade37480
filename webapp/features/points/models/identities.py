"""Who was recognised as the same person, and what stores share."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp

# Why members were linked or parted. `merchant` and `shopper` are words of people; `email` and
# `phone` name the verified address that two identities share; `shopify` a merge inside one store,
# which cannot be undone here; `store` and `undo` part what leaving or adding a store had brought.
LINK_REASONS = ("email", "phone", "merchant", "shopper", "shopify", "store", "undo")


class SharingChange(Base):
    """One change of the shared settings, with what they were before; the newest can be undone."""

    __tablename__ = "sharing_changes"
    __table_args__ = (Index(None, "merchant_id", "changed_at"),)

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    change_id: Mapped[str] = mapped_column(Text, primary_key=True)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    before: Mapped[dict[str, Any]] = mapped_column(JSONB)
    after: Mapped[dict[str, Any]] = mapped_column(JSONB)
    changed_at: Mapped[datetime] = mapped_column(Timestamp)
    undone_at: Mapped[datetime | None] = mapped_column(Timestamp)


class IdentityLink(Base):
    """One line of the log of merges and partings: rows are only added, and a merge is marked with
    the parting that undid it.

    A merge says that the customers of `kept_home` and `lost_home` are one person. Merges that stand
    make a forest of homes, and a member is one tree of it; so undoing any one of them parts exactly
    what that one had brought together. `kept` and `lost` are the members of that moment: a merge
    moved the `homes` of the lost one to those that `stayed`, a parting made of the `homes` the
    member `lost` again.

    `change_id` names the change of the shared settings that led to it, if one did.
    """

    __tablename__ = "identity_links"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "kept"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_identity_links_kept",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "lost"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_identity_links_lost",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "kept_home"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_identity_links_kept_home",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "lost_home"],
            ["users.merchant_id", "users.customer_id"],
            name="fk_identity_links_lost_home",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "undone_by"],
            ["identity_links.merchant_id", "identity_links.link_id"],
            name="fk_identity_links_undone_by",
        ),
        ForeignKeyConstraint(
            ["merchant_id", "change_id"],
            ["sharing_changes.merchant_id", "sharing_changes.change_id"],
        ),
        CheckConstraint("kind in ('merge', 'part')", name="kind"),
        CheckConstraint(f"reason in {LINK_REASONS}", name="reason"),
        CheckConstraint("kept <> lost", name="members"),
        Index(
            "idx_identity_links_kept_home",
            "merchant_id",
            "kept_home",
            postgresql_where=text("kind = 'merge' and undone_by is null"),
        ),
        Index(
            "idx_identity_links_lost_home",
            "merchant_id",
            "lost_home",
            postgresql_where=text("kind = 'merge' and undone_by is null"),
        ),
        Index(
            "idx_identity_links_homes",
            "homes",
            postgresql_using="gin",
            postgresql_where=text("kind = 'part'"),
        ),
        Index(
            "idx_identity_links_change_id",
            "merchant_id",
            "change_id",
            postgresql_where=text("change_id is not null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    link_id: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    kept: Mapped[str] = mapped_column(Text)
    lost: Mapped[str] = mapped_column(Text)
    kept_home: Mapped[str] = mapped_column(Text)
    lost_home: Mapped[str] = mapped_column(Text)
    homes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    stayed: Mapped[list[str]] = mapped_column(ARRAY(Text))
    reason: Mapped[str] = mapped_column(Text)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    change_id: Mapped[str | None] = mapped_column(Text)
    linked_at: Mapped[datetime] = mapped_column(Timestamp)
    undone_by: Mapped[str | None] = mapped_column(Text)


class ShopifyMerge(Base):
    """A shop made one customer of two: its customer `lost` is `kept` from now on. Kept because
    either of them may be told to us only later."""

    __tablename__ = "shopify_merges"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("lost <> kept", name="customers"),
        Index("idx_shopify_merges_kept", "merchant_id", "store_id", "kept"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    lost: Mapped[str] = mapped_column(Text, primary_key=True)
    kept: Mapped[str] = mapped_column(Text, primary_key=True)
    told_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Birthday(Base):
    """The day and month, never the year, that a member named as their birthday, kept at the home
    they named it from. `set_at` is business time: only birthdays after that day bring points."""

    __tablename__ = "birthdays"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "customer_id"], ["users.merchant_id", "users.customer_id"]
        ),
        CheckConstraint("month between 1 and 12", name="month"),
        CheckConstraint("day between 1 and 31", name="day"),
        Index("idx_birthdays_month_day", "merchant_id", "month", "day"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    month: Mapped[int] = mapped_column(SmallInteger)
    day: Mapped[int] = mapped_column(SmallInteger)
    set_at: Mapped[datetime] = mapped_column(Timestamp)
