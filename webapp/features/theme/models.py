"""Every configuration the widgets ever had, what the stores know, and where widgets were shown."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp


class ThemeConfiguration(Base):
    """One revision of a merchant's `theme_extension_config`, whole. `widget` is the one that
    changed, `undoes` the revision that was taken back. Revisions count up from 1 without gaps."""

    __tablename__ = "theme_configurations"
    __table_args__ = (ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    configuration: Mapped[dict[str, Any]] = mapped_column(JSONB)
    widget: Mapped[str] = mapped_column(Text)
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Timestamp)


class ThemeStore(Base):
    """What one store was told (`revision`), and which of our blocks were in its published theme
    when it was looked at; `problem` says why that was not possible."""

    __tablename__ = "theme_stores"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    revision: Mapped[int | None] = mapped_column(BigInteger)
    published_at: Mapped[datetime | None] = mapped_column(Timestamp)
    theme_name: Mapped[str | None] = mapped_column(Text)
    blocks: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default=text("'[]'"))
    looked_at: Mapped[datetime | None] = mapped_column(Timestamp)
    problem: Mapped[str | None] = mapped_column(Text)


class WidgetRender(Base):
    """That a widget was shown in a store, at a placement, on a day (UTC)."""

    __tablename__ = "widget_renders"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    widget: Mapped[str] = mapped_column(Text, primary_key=True)
    placement: Mapped[str] = mapped_column(Text, primary_key=True)
    rendered_on: Mapped[date] = mapped_column(Date, primary_key=True)
