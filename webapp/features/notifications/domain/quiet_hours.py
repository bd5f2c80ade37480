"""When a message may leave: not within the quiet hours of the store's zone.

Quiet hours are a span of the wall clock, e.g. 21:00 to 09:00, whatever the clock does in between:
hours that a change of the clock skips or repeats are judged by what the clock shows.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# A span ends within a day, unless the zone skips that day: Samoa had no 30 December 2011.
_DAYS_AHEAD = range(4)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `start` to before `end` on the wall clock; none when both are the same."""

    start: time
    end: time

    def cover(self, shown: time) -> bool:
        """Whether the wall clock's time is within them."""
        if self.start <= self.end:
            return self.start <= shown < self.end
        return shown >= self.start or shown < self.end


def first_allowed(quiet: QuietHours, zone: ZoneInfo, now: datetime) -> datetime:
    """The first moment from `now` on at which the wall clock of `zone` is outside the quiet hours,
    in UTC; `now` itself when it is not quiet."""
    now = now.astimezone(UTC)
    if not _is_quiet(quiet, zone, now):
        return now
    today = now.astimezone(zone).date()
    ends = [
        moment
        for days in _DAYS_AHEAD
        for fold in (0, 1)
        if (moment := _begins(today + timedelta(days), quiet.end, fold, zone)) > now
        and not _is_quiet(quiet, zone, moment)
    ]
    return min(ends)


def _is_quiet(quiet: QuietHours, zone: ZoneInfo, moment: datetime) -> bool:
    return quiet.cover(moment.astimezone(zone).time())


def _begins(day: date, shown: time, fold: int, zone: ZoneInfo) -> datetime:
    """When the clock shows `shown` on that day, the first (`fold` 0) or second time; where it never
    does, when it jumps over it."""
    local = datetime.combine(day, shown, zone).replace(fold=fold)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return moment
    return _jump(zone, local.replace(fold=1).astimezone(UTC), local.replace(fold=0).astimezone(UTC))


def _jump(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which the clock jumps, somewhere between these two moments."""
    old = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after
