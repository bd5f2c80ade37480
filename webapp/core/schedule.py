"""What is done periodically: which period it is, and that each begins once.

Periods are those of UTC wall time. Beginning one emits `every.<schedule>` for each merchant and for
the platform, under the period as key, so whoever begins it and however often: each handler hears of
a period once. A period that passed while nobody looked is not made up for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, func, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from webapp.core.context import Context
from webapp.core.deliveries import Message
from webapp.core.schema import Base, Timestamp

# The length of each schedule's periods, which begin at midnight (and every hour, and so on).
SCHEDULES = {"hourly": timedelta(hours=1), "daily": timedelta(days=1)}


class ScheduleRun(Base):
    """A period that has been begun for everybody. Only the newest of a schedule is kept."""

    __tablename__ = "schedule_runs"

    schedule: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[datetime] = mapped_column(Timestamp, primary_key=True)
    begun_at: Mapped[datetime] = mapped_column(Timestamp, server_default=func.now())


@dataclass(frozen=True, slots=True)
class Periodic:
    """The apply behind a feature's periodic work. Periods that piled up are worked as one."""

    work: Callable[[Context], None]

    def __call__(self, ctx: Context, messages: Sequence[Message]) -> None:
        self.work(ctx)


def topic(schedule: str) -> str:
    """Under which topic a schedule's periods are told."""
    return f"every.{schedule}"


def period(schedule: str, wall: datetime) -> datetime:
    """When the period that `wall` lies in began."""
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    return wall - (wall - midnight) % SCHEDULES[schedule]


def lock(db: Session, schedule: str) -> bool:
    """Be the one who begins periods of a schedule until this transaction ends, if nobody else is.
    `db` belongs to no tenant."""
    sql = text("select pg_try_advisory_xact_lock(hashtext('schedule'), hashtext(:schedule))")
    return bool(db.scalar(sql, {"schedule": schedule}))


def is_begun(db: Session, schedule: str, begun: datetime) -> bool:
    """Whether this period, or a later one, has been begun for everybody."""
    sql = text("select 1 from schedule_runs where schedule = :schedule and period >= :period")
    return db.scalar(sql, {"schedule": schedule, "period": begun}) is not None


def record(db: Session, schedule: str, begun: datetime) -> None:
    """Note that the period has been begun for everybody."""
    values = {"schedule": schedule, "period": begun}
    db.execute(text("delete from schedule_runs where schedule = :schedule"), values)
    add = "insert into schedule_runs (schedule, period) values (:schedule, :period)"
    db.execute(text(add), values)
