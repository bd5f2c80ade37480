"""The declarative base that all tables share, and the column types of the schema."""

from sqlalchemy import MetaData
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase

# The specification's timestamp(3), with its zone.
Timestamp = TIMESTAMP(timezone=True, precision=3)
# For what is compared with the database's own clock at once: rounding is up as well as down, and
# would put a moment into the future.
ExactTimestamp = TIMESTAMP(timezone=True)
# Partitioned by tenant; the migrations make four partitions (16 cost twice the CPU).
HASH_BY_MERCHANT = {"postgresql_partition_by": "HASH (merchant_id)"}


class Base(DeclarativeBase):
    """All tables, with constraint names that migrations can refer to."""

    metadata = MetaData(
        naming_convention={
            "ix": "idx_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
