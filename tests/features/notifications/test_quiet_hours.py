"""Quiet hours: the first minute that is not quiet, in every zone and on every day of its clock."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.features.notifications.domain.quiet_hours import QuietHours, first_allowed

NIGHT = QuietHours(time(21), time(9))
# "localtime" and "build/..." are files of the machine, no zones of people.
ZONES = sorted(z for z in available_timezones() if "/" in z and not z.startswith("build"))
TIMES = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))
MINUTE = timedelta(minutes=1)


def quiet_at(quiet: QuietHours, zone: ZoneInfo, moment: datetime) -> bool:
    """By walking round the clock: whether fewer minutes lie to the end than to the next start."""
    shown = moment.astimezone(zone)
    minute = shown.hour * 60 + shown.minute
    start, end = (t.hour * 60 + t.minute for t in (quiet.start, quiet.end))
    return (end - minute - 1) % 1440 < (start - minute - 1) % 1440


def by_minutes(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> datetime:
    while quiet_at(quiet, zone, now):
        now += MINUTE
    return now


@settings(max_examples=400, deadline=None)
@given(
    start=TIMES,
    end=TIMES,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    minutes=st.integers(0, 38 * 365 * 1440),
)
def test_it_is_the_first_minute_that_is_not_quiet(
    start: time, end: time, zone: ZoneInfo, minutes: int
) -> None:
    quiet, now = QuietHours(start, end), datetime(2000, 1, 1, tzinfo=UTC) + minutes * MINUTE
    if start == end:
        assert first_allowed(quiet, zone, now) == now
    else:
        assert first_allowed(quiet, zone, now) == by_minutes(quiet, zone, now)


@settings(max_examples=200, deadline=None)
@given(
    start=TIMES,
    end=TIMES,
    change=st.sampled_from(
        (
            ("Europe/Berlin", "2026-03-29T01:00+00:00"),
            ("Europe/Berlin", "2026-10-25T01:00+00:00"),
            ("America/New_York", "2026-03-08T07:00+00:00"),
            ("America/New_York", "2026-11-01T06:00+00:00"),
            ("Australia/Lord_Howe", "2026-04-04T15:00+00:00"),
            ("America/Havana", "2026-03-08T05:00+00:00"),
            ("Pacific/Apia", "2011-12-30T10:00+00:00"),
        )
    ),
    minutes=st.integers(-1440, 120),
)
def test_it_is_so_around_every_change_of_the_clock(
    start: time, end: time, change: tuple[str, str], minutes: int
) -> None:
    quiet, zone = QuietHours(start, end), ZoneInfo(change[0])
    now = datetime.fromisoformat(change[1]) + minutes * MINUTE
    if start != end:
        assert first_allowed(quiet, zone, now) == by_minutes(quiet, zone, now)


@pytest.mark.parametrize(
    ("zone", "now", "allowed"),
    [
        ("UTC", "2026-03-14T20:59:59", "2026-03-14T20:59:59"),
        ("UTC", "2026-03-14T21:00:00", "2026-03-15T09:00:00"),
        ("UTC", "2026-03-15T08:59:59.900", "2026-03-15T09:00:00"),
        ("UTC", "2026-03-15T09:00:00", "2026-03-15T09:00:00"),
        ("America/New_York", "2026-03-08T04:00:00", "2026-03-08T13:00:00"),
        ("America/New_York", "2026-03-07T04:00:00", "2026-03-07T14:00:00"),
        ("Asia/Kathmandu", "2026-03-14T20:00:00", "2026-03-15T03:15:00"),
        ("Pacific/Apia", "2011-12-30T08:00:00", "2011-12-30T19:00:00"),
    ],
)
def test_night_ends_at_nine_of_the_store(zone: str, now: str, allowed: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    wanted = datetime.fromisoformat(allowed).replace(tzinfo=UTC)
    assert first_allowed(NIGHT, ZoneInfo(zone), moment) == wanted
