"""Bonuses once per person: for signing up, and for a birthday once a year."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from tests.factories import FixedClock
from tests.features.points.people import Chain, make_chain
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points import queries
from webapp.features.points.domain.birthdays import is_day
from webapp.features.points.messages.identities import SetBirthday
from webapp.features.points.service import bonuses, identities

ADA = "ada@shop.example"


@pytest.fixture
def chain(database: Database, clock: FixedClock) -> Chain:
    """Two stores that share, with rules that give 50 for signing up and 20 for a birthday."""
    made = make_chain(database, clock, "s2")
    made.share("s1", "s2")
    made.rule(signup=50, birthday=20)
    return made


def test_new_customer_gets_the_signup_bonus_once(chain: Chain) -> None:
    home = chain.customer("s1", "7")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s1", "7", joined=("7",))
    assert chain.points(home) == 50


def test_customer_who_was_known_before_gets_none(chain: Chain) -> None:
    home = chain.customer("s1", "7")
    chain.tell("s1", "7")
    assert chain.points(home) == 0


def test_who_is_recognised_in_a_second_store_gets_no_second_bonus(chain: Chain) -> None:
    one = chain.customer("s1", "7", email=ADA)
    chain.tell("s1", "7", joined=("7",))
    two = chain.customer("s2", "8", email=ADA)
    chain.tell("s2", "8", joined=("8",))
    assert (chain.member(two), chain.points(one)) == (one, 50)


def test_second_bonus_is_taken_back_at_the_merge_and_given_back_at_the_parting(
    chain: Chain,
) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s2", "8", joined=("8",))
    link = merge(chain, two, one)
    assert chain.points(one) == 50
    assert took_back(chain) == [(two, -50)]
    chain.unmerge(link)
    chain.hear("members.parted")
    assert (chain.points(one), chain.points(two)) == (50, 50)


def test_bonuses_of_two_customers_who_are_one_are_two_lines(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s2", "8", joined=("8",))
    merge(chain, one, two)
    with chain.act() as ctx:
        lines = [(line.type, line.points) for line in queries.receipts(ctx, one, 9)]
    assert sorted(lines) == [("bonus", 50), ("bonus", 50), ("clawback", -50)]


def test_merged_and_parted_again_and_again_nothing_is_won_or_lost(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s2", "8", joined=("8",))
    for _ in range(3):
        link = merge(chain, one, two)
        assert chain.points(one) == 50
        chain.unmerge(link)
        chain.hear("members.parted")
        assert (chain.points(one), chain.points(two)) == (50, 50)


def test_merge_that_is_heard_late_takes_nothing_from_those_who_were_parted(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s2", "8", joined=("8",))
    with chain.act() as ctx:
        link = identities.merge(ctx, one, two, "merchant")
    chain.unmerge(link)
    chain.hear("members.merged", "members.parted")
    assert (chain.points(one), chain.points(two)) == (50, 50)


def test_bonus_that_was_spent_is_taken_back_as_far_as_there_are_points(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    chain.tell("s1", "7", joined=("7",))
    chain.tell("s2", "8", joined=("8",))
    chain.redeem(two, 40, "s2")
    link = merge(chain, one, two)
    left = chain.points(one)
    chain.unmerge(link)
    chain.hear("members.parted")
    assert chain.points(one) + chain.points(two) == 60
    assert left >= 0


def merge(chain: Chain, kept: str, lost: str) -> str:
    with chain.act() as ctx:
        link = identities.merge(ctx, kept, lost, "merchant")
    chain.hear("members.merged")
    return link


def took_back(chain: Chain) -> list[tuple[str, int]]:
    sql = "select customer_id, points from points_transactions where type = 'clawback'"
    return [(home, points) for home, points in chain.ask(sql)]


def name_birthday(
    chain: Chain, home: str, month: int, day: int, *, store: str = "s1", customer: str = "7"
) -> None:
    with chain.act() as ctx:
        message = SetBirthday(chain.member(home), chain.stores[store], customer, month, day)
        bonuses.set_birthday(ctx, message)


def work_at(chain: Chain, written: str) -> None:
    """Let the hour come, and its work be done."""
    chain.clock.at = datetime.fromisoformat(f"{written}+00:00")
    with chain.act() as ctx:
        bonuses.grant_birthdays(ctx)


def test_birthday_brings_points_once_a_year(chain: Chain) -> None:
    home = chain.customer("s1", "7")
    name_birthday(chain, home, 6, 1)
    for moment in ("2026-05-31T23:00", "2026-06-01T00:00", "2026-06-01T01:00", "2026-06-02T00:00"):
        work_at(chain, moment)
    assert chain.points(home) == 20
    work_at(chain, "2027-06-01T05:00")
    assert chain.points(home) == 40


def test_many_birthdays_on_one_day_cost_no_more_statements_than_one(chain: Chain) -> None:
    def statements() -> int:
        counted: list[int] = []
        with chain.act() as ctx:
            connection = ctx.db.connection()
            event.listen(connection, "before_cursor_execute", lambda *_: counted.append(1))
            bonuses.grant_birthdays(ctx)
        return len(counted)

    homes = [chain.customer("s1", str(number)) for number in range(7, 20)]
    for number, home in enumerate(homes):
        name_birthday(chain, home, 6, 1 if number else 3, customer=str(7 + number))
    chain.clock.at = datetime.fromisoformat("2026-06-01T12:00+00:00")
    many = statements()
    chain.clock.at = datetime.fromisoformat("2026-06-03T12:00+00:00")
    assert statements() == many
    assert {chain.points(home) for home in homes} == {20}


def test_birthday_begins_in_the_zone_of_the_store(chain: Chain) -> None:
    chain.store("tokyo", "Asia/Tokyo")
    home = chain.customer("tokyo", "7")
    name_birthday(chain, home, 6, 1, store="tokyo")
    work_at(chain, "2026-05-31T14:00")
    assert chain.points(home) == 0
    work_at(chain, "2026-05-31T15:00")
    assert chain.points(home) == 20


@pytest.mark.parametrize(("year", "day"), [(2027, "28"), (2028, "29")])
def test_leap_day_is_kept_on_the_last_of_february(chain: Chain, year: int, day: str) -> None:
    home = chain.customer("s1", "7")
    name_birthday(chain, home, 2, 29)
    work_at(chain, f"{year}-02-27T12:00")
    assert chain.points(home) == 0
    if day == "29":
        work_at(chain, f"{year}-02-28T12:00")
        assert chain.points(home) == 0
    work_at(chain, f"{year}-02-{day}T12:00")
    assert chain.points(home) == 20


@pytest.mark.parametrize("day", [12, 13, 14])
def test_birthday_that_was_named_on_the_day_or_later_counts_from_next_year(
    chain: Chain, day: int
) -> None:
    home = chain.customer("s1", "7")
    name_birthday(chain, home, 3, day)
    work_at(chain, "2026-03-14T20:00")
    assert chain.points(home) == 0
    work_at(chain, f"2027-03-{day}T20:00")
    assert chain.points(home) == 20


def test_birthday_missed_by_a_few_days_is_made_up_for(chain: Chain) -> None:
    home = chain.customer("s1", "7")
    name_birthday(chain, home, 12, 30)
    work_at(chain, "2027-01-04T00:00")
    assert chain.points(home) == 20
    work_at(chain, "2027-12-30T00:00")
    assert chain.points(home) == 40


def test_one_person_with_two_homes_has_one_birthday_a_year(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    name_birthday(chain, one, 6, 1)
    name_birthday(chain, two, 9, 1, store="s2", customer="8")
    work_at(chain, "2026-06-01T12:00")
    merge(chain, one, two)
    work_at(chain, "2026-09-01T12:00")
    assert chain.points(one) == 20


def test_birthday_can_be_changed_once_a_year_at_whichever_store(chain: Chain) -> None:
    one, two = chain.customer("s1", "7"), chain.customer("s2", "8")
    name_birthday(chain, one, 6, 1)
    merge(chain, one, two)
    with pytest.raises(AppError, match="birthday_set"):
        name_birthday(chain, two, 7, 1, store="s2", customer="8")
    chain.clock.advance(days=366)
    name_birthday(chain, two, 7, 1, store="s2", customer="8")
    assert [tuple(r) for r in chain.ask("select month, day from birthdays")] == [(7, 1)]


@pytest.mark.parametrize(("month", "day"), [(2, 30), (4, 31)])
def test_day_that_no_year_has_is_refused(chain: Chain, month: int, day: int) -> None:
    home = chain.customer("s1", "7")
    with pytest.raises(AppError, match="invalid_value"):
        name_birthday(chain, home, month, day)


def test_birthday_of_a_customer_who_is_to_be_forgotten_is_forgotten(chain: Chain) -> None:
    home = chain.customer("s1", "7")
    name_birthday(chain, home, 6, 1)
    with chain.act() as ctx:
        payload = {"store_id": chain.stores["s1"], "customers": ["7"]}
        ctx.emit("customers.redacted", "r1", payload)
    chain.hear("customers.redacted")
    assert chain.ask("select 1 from birthdays") == []


@given(st.dates())
def test_every_day_of_a_calendar_is_a_birthday(day: datetime) -> None:
    assert is_day(day.month, day.day)
