"""Periods begin once for everybody, whoever begins them and whatever dies meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from jobs import schedule as scheduling
from jobs.drain import drain_for
from tests.factories import FixedClock, make_tenant
from tests.jobs.processes import eventually
from webapp.core import discovery, routing, schedule
from webapp.core.deliveries import Message
from webapp.core.inbox import PLATFORM
from webapp.core.schedule import Periodic
from webapp.parts import Parts

AT = datetime(2026, 3, 14, 12, 34, 56, 789_000, tzinfo=UTC)
HOURLY = "every.hourly"


def told(parts: Parts, merchant_id: str, topic: str = HOURLY) -> list[str]:
    """The periods that a merchant's handlers have been told of."""
    with parts.database.transaction(merchant_id) as ctx:
        sql = "select key from outbox where topic = :topic order by message_id"
        return list(ctx.db.scalars(text(sql), {"topic": topic}))


@pytest.mark.parametrize(
    ("name", "at", "begun"),
    [
        ("hourly", AT, datetime(2026, 3, 14, 12, tzinfo=UTC)),
        ("hourly", datetime(2026, 3, 14, 12, tzinfo=UTC), datetime(2026, 3, 14, 12, tzinfo=UTC)),
        ("daily", AT, datetime(2026, 3, 14, tzinfo=UTC)),
        ("daily", datetime(2026, 3, 14, tzinfo=UTC), datetime(2026, 3, 14, tzinfo=UTC)),
    ],
)
def test_a_period_begins_on_the_hour_or_at_midnight(
    name: str, at: datetime, begun: datetime
) -> None:
    assert schedule.period(name, at) == begun


def test_merchants_are_named_in_pages_and_nobody_twice(committed: Parts) -> None:
    made = {make_tenant(committed.database).merchant_id for _ in range(5)}
    with committed.database.before_tenant() as db:
        first = routing.all_merchants(db, "", 3)
        second = routing.all_merchants(db, first[-1], 3)
    assert [len(first), len(second)] == [3, 2]
    assert {*first, *second} == made


def test_a_period_is_told_to_everybody_once(committed: Parts, clock: FixedClock) -> None:
    merchants = [make_tenant(committed.database).merchant_id for _ in range(3)]
    for _ in range(2):
        scheduling.look(committed, {})
    for merchant_id in (*merchants, PLATFORM):
        assert told(committed, merchant_id) == ["2026-03-14T12:00:00+00:00"]
        assert told(committed, merchant_id, "every.daily") == ["2026-03-14T00:00:00+00:00"]
    clock.advance(hours=1)
    scheduling.look(committed, {})
    assert len(told(committed, merchants[0])) == 2
    assert len(told(committed, merchants[0], "every.daily")) == 1


def test_hours_that_nobody_looked_are_not_made_up_for(committed: Parts, clock: FixedClock) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    begun: dict[str, datetime] = {}
    for hours in (0, 7):
        clock.advance(hours=hours)
        scheduling.look(committed, begun)
    assert [key[11:13] for key in told(committed, merchant_id)] == ["12", "19"]


def test_periods_that_piled_up_are_worked_as_one() -> None:
    worked: list[object] = []
    messages = [Message(n, HOURLY, str(n), {}, 0) for n in range(5)]
    Periodic(worked.append)("the context", messages)  # type: ignore[arg-type]
    assert worked == ["the context"]


def test_only_one_at_a_time_begins_a_period(committed: Parts) -> None:
    make_tenant(committed.database)
    period = schedule.period("hourly", committed.clock.wall())
    with committed.database.before_tenant() as db:
        assert schedule.lock(db, "hourly")
        assert scheduling.begin(committed, "hourly", period) is False
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: scheduling.begin(committed, "hourly", period), range(4)))
    assert any(done)
    assert scheduling.begin(committed, "hourly", period) is True


def test_whoever_dies_in_the_middle_is_made_up_for(committed: Parts) -> None:
    merchants = sorted(make_tenant(committed.database).merchant_id for _ in range(3))
    period = schedule.period("hourly", committed.clock.wall())
    with pytest.raises(ZeroDivisionError), committed.database.before_tenant() as db:
        assert schedule.lock(db, "hourly")
        scheduling.tell(committed, "hourly", period, merchants[0])
        raise ZeroDivisionError
    assert [len(told(committed, m)) for m in merchants] == [1, 0, 0]
    assert scheduling.begin(committed, "hourly", period)
    assert [len(told(committed, m)) for m in merchants] == [1, 1, 1]


def test_every_periodic_work_can_be_done_for_nobody_in_particular(committed: Parts) -> None:
    tenant = make_tenant(committed.database)
    scheduling.look(committed, {})
    handlers = [n for n, w in discovery.handlers().items() if isinstance(w, Periodic)]
    for handler in handlers:
        drain_for(committed, handler, 10.0)
    for merchant_id in (tenant.merchant_id, PLATFORM):
        with committed.database.transaction(merchant_id) as ctx:
            sql = "select handler, reason from deliveries where handler = any(:names)"
            assert ctx.db.execute(text(sql), {"names": handlers}).all() == []


def test_the_schedule_goes_on_until_it_is_stopped(committed: Parts) -> None:
    merchant_id = make_tenant(committed.database).merchant_id
    stop = threading.Event()
    thread = threading.Thread(target=scheduling.run, args=(committed, stop))
    thread.start()
    try:
        eventually(lambda: told(committed, merchant_id), 10.0)
    finally:
        stop.set()
        thread.join()
