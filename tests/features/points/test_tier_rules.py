"""When a tier is reached and lost, with nothing but the rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.points.buying import at
from webapp.features.points.domain.tiers import (
    DOWNGRADES,
    WINDOWS,
    Holding,
    Policy,
    Qualifying,
    Rung,
    evaluate,
    higher,
    window_starts,
)

ZONE = ZoneInfo("UTC")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
LADDER = (Rung("silver", 500), Rung("gold", 1000))
AT_ONCE = Policy(downgrade="at_once")
MARCH = at("2026-03-14T12:00")


def place(policy: Policy, held: Holding | None, value: int, now: datetime, **more: int) -> Holding:
    return evaluate(policy, LADDER, held, Qualifying(value, **more), now, ZONE)


GOLD = Holding("gold", at("2026-03-14T12:00"))


@pytest.mark.parametrize(
    ("value", "tier"), [(0, None), (499, None), (500, "silver"), (999, "silver"), (1000, "gold")]
)
def test_a_tier_is_reached_at_its_threshold(value: int, tier: str | None) -> None:
    assert place(AT_ONCE, None, value, MARCH).tier_id == tier


@pytest.mark.parametrize(
    ("policy", "tier", "ends"),
    [
        (AT_ONCE, None, None),
        (replace(AT_ONCE, grace_days=30), "gold", "2026-06-01"),
        (Policy(downgrade="never"), "gold", None),
        (Policy(downgrade="period_end"), "gold", "2027-03-15"),
        (Policy(downgrade="period_end", days=30, grace_days=5), "gold", "2026-05-19"),
        (Policy(downgrade="period_end", window="year"), "gold", "2027-01-01"),
        (Policy(downgrade="period_end", window="lifetime"), "gold", None),
    ],
)
def test_what_a_refund_takes_away_is_lost_as_the_policy_says(
    policy: Policy, tier: str | None, ends: str | None
) -> None:
    after = place(policy, GOLD, 0, at("2026-05-01T09:00"))
    assert (after.tier_id, after.keeps_until) == (tier, at(ends) if ends else None)


def test_grace_is_not_begun_anew_by_being_asked_again() -> None:
    policy = replace(AT_ONCE, grace_days=10)
    fell = place(policy, GOLD, 0, at("2026-05-01T09:00"))
    again = place(policy, fell, 300, at("2026-05-08T09:00"))
    assert (again.tier_id, again.keeps_until) == ("gold", at("2026-05-12"))
    assert place(policy, again, 600, at("2026-05-11T23:59")).tier_id == "gold"
    assert place(policy, again, 600, at("2026-05-12")).tier_id == "silver"


def test_whoever_reaches_it_again_within_the_grace_keeps_it() -> None:
    policy = replace(AT_ONCE, grace_days=10)
    fell = place(policy, GOLD, 0, at("2026-05-01T09:00"))
    back = place(policy, fell, 1000, at("2026-05-05T09:00"))
    assert (back.tier_id, back.since, back.keeps_until) == ("gold", GOLD.since, None)


def test_a_rolling_tier_ends_without_any_order_when_what_reached_it_is_too_old() -> None:
    found = Qualifying(1000, oldest=MARCH)
    gold = evaluate(Policy(days=30), LADDER, None, found, MARCH, ZONE)
    assert gold.next_at == at("2026-04-14")
    assert place(Policy(days=30), gold, 0, at("2026-04-14")).tier_id is None
    late = place(Policy(days=30), gold, 0, at("2026-04-20T05:00"))
    assert late.tier_id is None


def test_the_window_begins_at_midnight_of_the_programme() -> None:
    now = at("2026-03-14T05:00")
    start, _ = window_starts(Policy(days=30), now, LOS_ANGELES)
    assert start == datetime(2026, 2, 11, 8, tzinfo=UTC)


def test_a_calendar_year_begins_in_los_angeles_when_it_does_there() -> None:
    policy = Policy(window="year", downgrade="at_once")
    night = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
    midnight = datetime(2027, 1, 1, 8, tzinfo=UTC)
    assert window_starts(policy, night, LOS_ANGELES)[0] == datetime(2026, 1, 1, 8, tzinfo=UTC)
    assert window_starts(policy, midnight, LOS_ANGELES)[0] == midnight
    gold = evaluate(policy, LADDER, None, Qualifying(1000), night, LOS_ANGELES)
    assert (gold.tier_id, gold.next_at) == ("gold", midnight)
    assert evaluate(policy, LADDER, gold, Qualifying(), midnight, LOS_ANGELES).tier_id is None


def test_a_year_that_reached_it_carries_through_the_next() -> None:
    policy = Policy(window="year", grace_days=31)
    gold = place(policy, None, 1000, MARCH)
    assert gold.keeps_until == at("2028-02-01")
    next_year = place(policy, gold, 0, at("2027-01-01"), before=1000)
    assert (next_year.tier_id, next_year.keeps_until) == ("gold", at("2028-02-01"))
    in_grace = place(policy, next_year, 600, at("2028-01-01"))
    assert (in_grace.tier_id, in_grace.keeps_until) == ("gold", at("2028-02-01"))
    assert place(policy, in_grace, 600, at("2028-02-01")).tier_id == "silver"


def test_a_refund_ends_the_year_that_it_takes_away_and_not_two() -> None:
    policy = Policy(window="year")
    gold = place(policy, None, 1000, MARCH)
    fell = place(policy, gold, 0, at("2026-05-01T09:00"))
    assert fell.keeps_until == at("2027-01-01")
    assert place(policy, fell, 0, at("2027-01-01")).tier_id is None


def test_a_tier_that_is_gone_keeps_nobody() -> None:
    held = Holding("platinum", MARCH)
    assert place(Policy(downgrade="never"), held, 600, MARCH).tier_id == "silver"


def test_the_higher_of_two_wins_and_of_one_the_longer() -> None:
    silver = Holding("silver", MARCH)
    short, long = (replace(GOLD, keeps_until=at(day)) for day in ("2026-05-01", "2026-06-01"))
    assert higher(LADDER, silver, short) == short
    assert higher(LADDER, long, short) == long
    assert higher(LADDER, short, GOLD) == GOLD


moments = st.integers(0, 6 * 366 * 24 * 60).map(lambda m: at("2024-01-01") + timedelta(minutes=m))
policies = st.builds(
    Policy,
    window=st.sampled_from(WINDOWS),
    days=st.integers(1, 800),
    downgrade=st.sampled_from(DOWNGRADES),
    grace_days=st.integers(0, 90),
)


@given(policies, st.lists(st.tuples(moments, st.integers(0, 1500)), min_size=1, max_size=8))
def test_time_alone_brings_no_tier_and_nothing_is_due_in_the_past(
    policy: Policy, told: list[tuple[datetime, int]]
) -> None:
    held: Holding | None = None
    for now, value in sorted(told):
        found = Qualifying(value, oldest=now if value else None)
        after = evaluate(policy, LADDER, held, found, now, LOS_ANGELES)
        again = evaluate(policy, LADDER, after, found, now, LOS_ANGELES)
        assert again == after
        assert after.next_at is None or after.next_at > now
        assert value < 1000 or after.tier_id == "gold"
        held = after
