"""One row of facts a customer and shop, and the cut-points that turn facts into scores."""

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Integer, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.core.schema import Base, Timestamp


class CustomerStats(Base):
    """What a customer has bought in one shop: days are the shop's calendar days, `days` counts
    distinct purchase days, `net_minor` is orders minus refunds in the shop's currency."""

    __tablename__ = "customer_stats"
    __table_args__ = ({"postgresql_with": {"fillfactor": 80}},)

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text, primary_key=True)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    days: Mapped[int] = mapped_column(Integer)
    orders: Mapped[int] = mapped_column(Integer)
    net_minor: Mapped[int] = mapped_column(BigInteger)


class Cutpoints(Base):
    """Four rising values a dimension; a score is 1 + the number of them strictly below the value.

    Versions are kept. `segments` counts the customers of each segment under these cut-points.
    """

    __tablename__ = "rfm_cutpoints"
    __table_args__ = (
        ForeignKeyConstraint(
            ["merchant_id", "store_id"], ["stores.merchant_id", "stores.store_id"]
        ),
    )

    merchant_id: Mapped[str] = mapped_column(Text, primary_key=True)
    store_id: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    recency: Mapped[list[date]] = mapped_column(ARRAY(Date))
    frequency: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    monetary: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    customers: Mapped[int] = mapped_column(Integer)
    segments: Mapped[dict[str, int]] = mapped_column(JSONB)
    computed_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())
