"""How often what happened."""

from datetime import date

from sqlalchemy import BigInteger, Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base


class ProductEventCount(Base):
    """How often one product event happened in one tenant on one day (UTC, business time)."""

    __tablename__ = "product_events"

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    event: Mapped[str] = mapped_column(Text, primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
