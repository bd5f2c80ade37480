"""Merchants, their stores and apps, and who and what may act for them."""

from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.crypto import Place
from webapp.core.schema import Base, Timestamp

# When Shopify asks to forget a shop, counted from its uninstall. Source: shopify.dev, "Privacy law
# compliance".
REDACTED_AFTER = timedelta(hours=48)


class App(Base):
    """One Shopify app (ours, or a merchant's custom app). Its secrets are sealed. The `listed` one
    (at most one) is what shops that are new to us install."""

    __tablename__ = "apps"
    __table_args__ = (
        Index("idx_apps_listed", "listed", unique=True, postgresql_where=text("listed")),
    )

    app_id: Mapped[str] = mapped_column(Text, primary_key=True)
    api_key: Mapped[str] = mapped_column(Text, unique=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    previous_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    listed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))

    @staticmethod
    def place(app_id: str, column: str) -> Place:
        """What a sealed secret of this app is bound to."""
        return Place("apps", column, "", app_id)

    SEALED: ClassVar = {
        "secret": lambda row: App.place(row.app_id, "secret"),
        "previous_secret": lambda row: App.place(row.app_id, "previous_secret"),
    }


class Merchant(Base):
    """The tenant."""

    __tablename__ = "merchants"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, server_default="en")
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


class Store(Base):
    """One Shopify shop of a merchant. `currency` is the shop's, `timezone` an IANA name.

    Without an access token nothing is pushed: the shop has uninstalled us (`uninstalled_at`), or
    is there by its files only. An expiring token has `token_expires_at` and a refresh token.
    `facts_at` is when Shopify last told name, currency, zone and plan; NULL before the first time.
    """

    __tablename__ = "stores"
    __table_args__ = (ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    shop_domain: Mapped[str] = mapped_column(Text, unique=True)
    app_id: Mapped[str] = mapped_column(Text, ForeignKey("apps.app_id"))
    currency: Mapped[str] = mapped_column(Text)
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    access_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    name: Mapped[str | None] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    shopify_plan: Mapped[str | None] = mapped_column(Text)
    development: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    refresh_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    token_id: Mapped[str | None] = mapped_column(Text)
    token_expires_at: Mapped[datetime | None] = mapped_column(Timestamp)
    facts_at: Mapped[datetime | None] = mapped_column(Timestamp)
    installed_at: Mapped[datetime | None] = mapped_column(Timestamp)
    uninstalled_at: Mapped[datetime | None] = mapped_column(Timestamp)

    def came_back(self, redact_asked_at: datetime) -> bool:
        """Whether the shop is installed again, although Shopify asked to forget it: it asks 48
        hours after an uninstall, so an installation that is older is the one that had ended."""
        if self.uninstalled_at is not None or self.installed_at is None:
            return False
        return self.installed_at > redact_asked_at - REDACTED_AFTER

    @staticmethod
    def token_place(merchant_id: str, store_id: str) -> Place:
        """What the sealed access token is bound to."""
        return Place("stores", "access_token", merchant_id, store_id)

    @staticmethod
    def refresh_place(merchant_id: str, store_id: str) -> Place:
        """What the sealed refresh token is bound to."""
        return Place("stores", "refresh_token", merchant_id, store_id)

    SEALED: ClassVar = {
        "access_token": lambda row: Store.token_place(row.merchant_id, row.store_id),
        "refresh_token": lambda row: Store.refresh_place(row.merchant_id, row.store_id),
    }


class ProgramSettings(Base):
    """What one merchant's programme shares. `multi_store_config` is the specification's
    `{"shared_stores": [shop domains], "shared_leaderboard": bool}`, and `"ask_members": bool`, with
    which nobody is linked over stores before they have said yes;
    `theme_extension_config` belongs to the widgets. `timezone` is the programme's (IANA), in which
    its days and cycles begin; `currency` the one its spending is counted in (NULL: the first
    store's). `pepper` is the sealed key of the hashes of addresses."""

    __tablename__ = "program_settings"
    __table_args__ = (Index("idx_program_settings_merchant_id", "merchant_id"),)

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    multi_store_config: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("""'{"shared_stores": [], "shared_leaderboard": false}'""")
    )
    theme_extension_config: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'")
    )
    timezone: Mapped[str] = mapped_column(Text, server_default="UTC")
    currency: Mapped[str | None] = mapped_column(Text)
    pepper: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())

    @staticmethod
    def pepper_place(merchant_id: str) -> Place:
        """What the sealed pepper is bound to."""
        return Place("program_settings", "pepper", merchant_id, "")

    SEALED: ClassVar = {"pepper": lambda row: ProgramSettings.pepper_place(row.merchant_id)}


class AdminUser(Base):
    """A person who signs in to the dashboard.

    Somebody who comes from Shopify's admin is known by (`store_id`, `external_id`), the shop and
    its number for them. `looking_at` is the store they have chosen to see; NULL is all of them.
    """

    __tablename__ = "admin_users"
    __table_args__ = (
        ForeignKeyConstraint(["merchant_id"], ["merchants.merchant_id"]),
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
        UniqueConstraint("merchant_id", "store_id", "external_id"),
        CheckConstraint("role in ('owner', 'manager', 'analyst', 'none')", name="role"),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    admin_user_id: Mapped[str] = mapped_column(Text, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text, server_default="en")
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    store_id: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(Text)
    looking_at: Mapped[str | None] = mapped_column(Text)


class ServiceKey(Base):
    """A key for programs: only its SHA-256 is kept. `prefix` is what the dashboard shows of it,
    `name` what people call it; the day of its last use is kept, not every use."""

    __tablename__ = "service_keys"

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    prefix: Mapped[str] = mapped_column(Text)
    key_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    expires_at: Mapped[datetime | None] = mapped_column(Timestamp)
    revoked_at: Mapped[datetime | None] = mapped_column(Timestamp)
    created_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
    name: Mapped[str] = mapped_column(Text, server_default="")
    last_used_on: Mapped[date | None] = mapped_column(Date)


_CONNECTION_STATES = "state in ('untested', 'testing', 'works', 'refused', 'unreachable')"


class Connection(Base):
    """A merchant's key of an outside service: its values as JSON, sealed. `credential_id` changes
    with the key; `hint` is what may be shown of it, `test_result` why the last test failed."""

    __tablename__ = "connections"
    __table_args__ = (
        CheckConstraint("service in ('klaviyo', 'postscript')", name="service"),
        CheckConstraint(_CONNECTION_STATES, name="state"),
    )

    merchant_id: Mapped[str] = mapped_column(
        Text, ForeignKey("merchants.merchant_id"), primary_key=True
    )
    service: Mapped[str] = mapped_column(Text, primary_key=True)
    credential_id: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="untested")
    tested_at: Mapped[datetime | None] = mapped_column(Timestamp)
    test_result: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)
    updated_by: Mapped[str | None] = mapped_column(Text)

    @staticmethod
    def place(merchant_id: str, service: str) -> Place:
        """What the sealed values are bound to."""
        return Place("connections", "sealed", merchant_id, service)

    SEALED: ClassVar = {"sealed": lambda row: Connection.place(row.merchant_id, row.service)}


class PlatformConnection(Base):
    """Our own key of an outside service; it belongs to no merchant. Columns as in Connection."""

    __tablename__ = "platform_connections"
    __table_args__ = (
        CheckConstraint(
            "service in ('posthog', 'slack', 'xai', 'partner', 'storage', 'apple_wallet',"
            " 'google_wallet')",
            name="service",
        ),
        CheckConstraint(_CONNECTION_STATES, name="state"),
    )

    service: Mapped[str] = mapped_column(Text, primary_key=True)
    credential_id: Mapped[str] = mapped_column(Text)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    hint: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default="untested")
    tested_at: Mapped[datetime | None] = mapped_column(Timestamp)
    test_result: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(Timestamp)
    updated_by: Mapped[str | None] = mapped_column(Text)

    @staticmethod
    def place(service: str) -> Place:
        """What the sealed values are bound to."""
        return Place("platform_connections", "sealed", "", service)

    SEALED: ClassVar = {"sealed": lambda row: PlatformConnection.place(row.service)}
