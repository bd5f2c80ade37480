"""Links that sign a person in once."""

from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, LargeBinary, Text
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
