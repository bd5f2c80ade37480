"""When a tier is reached, how long it is kept, and when that must be looked at again.

A day ends at midnight in the programme's zone. What counts towards a tier is what lies in the
window: with `rolling`, today and the `days` days before it; with `year`, the calendar year; with
`lifetime`, everything. A higher tier is reached at once. What becomes of one that is not reached
any more says `downgrade`:

- `never`: it is kept.
- `at_once`: it ends with the day on which `grace_days` have passed; without grace, now.
- `period_end`: it is kept to the end of the period, and `grace_days` after it. The period of a
  calendar year's tier is that year, and the year after it when the year's value reached it, so that
  nobody begins a year with nothing. The periods of a rolling tier are `days` long and begin on the
  day on which it was reached. A lifetime has no end.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BASES = ("spend", "points", "orders")
WINDOWS = ("rolling", "year", "lifetime")
DOWNGRADES = ("never", "at_once", "period_end")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Policy:
    """How tiers are reached and lost; see above. `basis` is what counts: money spent (net of
    refunds, in minor units of the programme's currency), points earned, or orders."""

    basis: str = "spend"
    window: str = "rolling"
    days: int = 365
    downgrade: str = "period_end"
    grace_days: int = 0


FIRST_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Rung:
    """One tier, and what has to be reached for it."""

    tier_id: str
    threshold: int


@dataclass(frozen=True, slots=True)
class Qualifying:
    """What counts for a member: `value` in the window; `before` in the calendar year before it,
    else 0; and when the oldest thing in the window happened."""

    value: int = 0
    before: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """Where a member stands; the fields are those of `models.MemberTier`."""

    tier_id: str | None
    since: datetime
    keeps_until: datetime | None = None
    next_at: datetime | None = None


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When `day` begins in `zone`, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def window_starts(policy: Policy, now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From when on things count, and from when on for the year before (the same without one)."""
    today = now.astimezone(zone).date()
    if policy.window == "rolling":
        start = midnight(today - policy.days * DAY, zone)
        return start, start
    if policy.window == "year":
        start = midnight(date(today.year, 1, 1), zone)
        if policy.downgrade == "period_end":
            return start, midnight(date(today.year - 1, 1, 1), zone)
        return start, start
    return BEGINNING, BEGINNING


def rank(ladder: Sequence[Rung], tier_id: str | None) -> int:
    """The position of a tier in the ladder, lowest first; -1 for none, and for one that is gone."""
    return next((n for n, rung in enumerate(ladder) if rung.tier_id == tier_id), -1)


def reached(ladder: Sequence[Rung], value: int) -> int:
    """The position of the highest tier that `value` reaches, or -1."""
    return max((n for n, rung in enumerate(ladder) if rung.threshold <= value), default=-1)


def higher(ladder: Sequence[Rung], one: Holding, other: Holding) -> Holding:
    """The higher of two tiers; of one tier twice, the one that is held longer."""

    def weight(held: Holding) -> tuple[int, bool, datetime, float]:
        until = held.keeps_until
        place = rank(ladder, held.tier_id)
        return place, until is None, until or BEGINNING, -held.since.timestamp()

    return max(one, other, key=weight)


def evaluate(
    policy: Policy,
    ladder: Sequence[Rung],
    held: Holding | None,
    found: Qualifying,
    now: datetime,
    zone: ZoneInfo,
) -> Holding:
    """Where a member stands now, who stood at `held` before. `ladder` is ordered by threshold."""
    best = reached(ladder, max(found.value, found.before))
    kept = rank(ladder, held.tier_id) if held else -1
    if held and best < kept:
        ends = _end_of_hold(policy, held, now, zone)
        if ends is None or now < ends:
            next_at = _earliest(ends, _window_moves(policy, found, now, zone))
            return Holding(held.tier_id, held.since, ends, next_at)
    same = held is not None and (ladder[best].tier_id if best >= 0 else None) == held.tier_id
    since = held.since if held and same else now
    this_year = best >= 0 and reached(ladder, found.value) >= best
    ends = _assured(policy, now, zone, this_year=this_year) if best >= 0 else None
    next_at = _earliest(ends, _window_moves(policy, found, now, zone))
    return Holding(ladder[best].tier_id if best >= 0 else None, since, ends, next_at)


def _end_of_hold(policy: Policy, held: Holding, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When a tier that is not reached any more ends. Being asked again never puts it off."""
    fell = held.next_at if held.next_at and held.next_at <= now else now
    day, grace = fell.astimezone(zone).date(), policy.grace_days * DAY
    if policy.downgrade == "never":
        return None
    if policy.downgrade == "at_once":
        ends = midnight(day + grace + DAY, zone) if grace else fell
    elif policy.window == "year":
        ends = midnight(date(day.year + 1, 1, 1) + grace, zone)
    elif policy.window == "rolling":
        began = held.since.astimezone(zone).date()
        # What leaves the window at midnight has counted for the whole day before.
        gone = (day - began).days - (fell == midnight(day, zone))
        periods = max(1, math.ceil(gone / policy.days))
        ends = midnight(began + periods * policy.days * DAY + DAY + grace, zone)
    else:
        return None
    return _earliest(ends, held.keeps_until)


def _assured(policy: Policy, now: datetime, zone: ZoneInfo, *, this_year: bool) -> datetime | None:
    """Until when a tier that is reached is kept whatever comes: only calendar years say so."""
    if policy.window != "year" or policy.downgrade != "period_end":
        return None
    year = now.astimezone(zone).year + (2 if this_year else 1)
    return midnight(date(year, 1, 1) + policy.grace_days * DAY, zone)


def _window_moves(
    policy: Policy, found: Qualifying, now: datetime, zone: ZoneInfo
) -> datetime | None:
    """When something that counts will not count any more; None while nothing does."""
    if policy.window == "year":
        counts = found.value or found.before
        return midnight(date(now.astimezone(zone).year + 1, 1, 1), zone) if counts else None
    if policy.window == "rolling" and found.oldest:
        day = found.oldest.astimezone(zone).date()
        return midnight(day + (policy.days + 1) * DAY, zone)
    return None


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment), default=None)
