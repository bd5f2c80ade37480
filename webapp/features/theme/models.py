"""Every configuration the widgets ever had, what the stores know, where widgets were shown, and
A/B tests of them."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    text,
)
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


class WidgetTest(Base):
    """An A/B test: `ordinary` and `variant` are the widget's configurations, whole, as they were
    when it began. `key` decides who sees which. At most one of a widget is running."""

    __tablename__ = "widget_tests"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),
        CheckConstraint("goal in ('redemption', 'order')", name="goal"),
        CheckConstraint("window_days between 1 and 30", name="window_days"),
        CheckConstraint("outcome in ('kept_a', 'took_b')", name="outcome"),
        CheckConstraint("(ended_at is null) = (outcome is null)", name="ended"),
        Index(
            "idx_widget_tests_running",
            "merchant_id",
            "widget",
            unique=True,
            postgresql_where=text("ended_at is null"),
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    test_id: Mapped[str] = mapped_column(Text, primary_key=True)
    widget: Mapped[str] = mapped_column(Text)
    ordinary: Mapped[dict[str, Any]] = mapped_column(JSONB)
    variant: Mapped[dict[str, Any]] = mapped_column(JSONB)
    goal: Mapped[str] = mapped_column(Text)
    window_days: Mapped[int] = mapped_column(Integer)
    key: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(Timestamp)
    ended_at: Mapped[datetime | None] = mapped_column(Timestamp)
    outcome: Mapped[str | None] = mapped_column(Text)


class WidgetExposure(Base):
    """That a store's customer was for the first time where the versions of a test differ, and when
    they then first redeemed a reward within the test's days."""

    __tablename__ = "widget_exposures"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "test_id"], ["widget_tests.merchant_id", "widget_tests.test_id"]
        ),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        CheckConstraint("arm in ('a', 'b')", name="arm"),
        Index("idx_widget_exposures_customer", "merchant_id", "store_id", "external_id"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    test_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    external_id: Mapped[str] = mapped_column(Text, primary_key=True)
    arm: Mapped[str] = mapped_column(Text)
    exposed_at: Mapped[datetime] = mapped_column(Timestamp)
    redeemed_at: Mapped[datetime | None] = mapped_column(Timestamp)
