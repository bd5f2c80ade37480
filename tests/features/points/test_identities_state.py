"""Merging and parting in any order, and at the same time: nothing is won, lost or left behind."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import FixedClock
from tests.features.points.people import Chain, make_chain
from webapp.core.db import Database
from webapp.core.errors import AppError
from webapp.features.points.domain.linking import Apart, Wish, join
from webapp.features.points.service import identities
from webapp.parts import Parts

HOMES = 4
pairs = st.tuples(st.integers(0, HOMES - 1), st.integers(0, HOMES - 1)).filter(
    lambda pair: pair[0] != pair[1]
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), pairs),
        st.tuples(st.just("part"), st.integers(0, 5)),
        st.tuples(st.just("redeem"), st.tuples(st.integers(0, HOMES - 1), st.integers(1, 300))),
    ),
    max_size=10,
)
thoroughly = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def families(homes: Sequence[str], links: Iterable[tuple[str, str]]) -> set[frozenset[str]]:
    """Who is one person by these links: computed the plain way."""
    found = {home: {home} for home in homes}
    for one, other in links:
        both = found[one] | found[other]
        found.update(dict.fromkeys(both, both))
    return {frozenset(family) for family in found.values()}


def members(chain: Chain, homes: Sequence[str]) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for home in homes:
        found.setdefault(chain.member(home), set()).add(home)
    assert all(member in family for member, family in found.items())
    return {frozenset(family) for family in found.values()}


def merge(chain: Chain, one: str, other: str) -> None:
    with chain.act() as ctx:
        identities.merge(ctx, one, other, "merchant")


def carry_out(chain: Chain, homes: Sequence[str], script: list[tuple[str, object]]) -> int:
    """Do the steps, and check after each; how many points were redeemed."""
    spent = 0
    for kind, said in script:
        try:
            if kind == "merge":
                one, other = said  # type: ignore[misc]
                merge(chain, homes[one], homes[other])
            elif kind == "redeem":
                who, points = said  # type: ignore[misc]
                chain.redeem(chain.member(homes[who]), points)
                spent += points
            elif standing := chain.links():
                chain.unmerge(standing[int(str(said)) % len(standing)])
        except AppError as error:
            assert error.kind.code in ("members_already_one", "insufficient_points")
        check(chain, homes, spent)
    return spent


def check(chain: Chain, homes: Sequence[str], spent: int) -> None:
    sql = """
        select kept_home, lost_home from identity_links where kind = 'merge' and undone_by is null
    """
    links = [(kept, lost) for kept, lost in chain.ask(sql)]
    assert members(chain, homes) == families(homes, links)
    balances = {chain.member(home): chain.points(home) for home in homes}
    assert sum(balances.values()) == 100 * HOMES - spent
    shown = "select coalesce(sum(points), 0) from customer_cards"
    assert chain.ask(shown)[0][0] == 100 * HOMES - spent


def any_order(database: Database, clock: FixedClock, script: list[tuple[str, object]]) -> None:
    chain = make_chain(database, clock)
    homes = [chain.customer("s1", str(number), points=100) for number in range(HOMES)]
    spent = carry_out(chain, homes, script)
    while standing := chain.links():
        chain.unmerge(standing[0])
    check(chain, homes, spent)
    own = "select sum(points) from points_transactions where customer_id = :home"
    for home in homes:
        assert chain.member(home) == home
        assert chain.points(home) == chain.ask(own, home=home)[0][0]


PARTED_IN_THE_MIDDLE: list[tuple[str, object]] = [
    ("merge", (0, 1)),
    ("merge", (2, 3)),
    ("redeem", (1, 150)),
    ("merge", (3, 1)),
    ("part", 0),
    ("merge", (1, 2)),
    ("redeem", (0, 40)),
    ("part", 1),
]


def test_members_are_what_the_links_say(database: Database, clock: FixedClock) -> None:
    any_order(database, clock, PARTED_IN_THE_MIDDLE)


@pytest.mark.full
@thoroughly
@given(script=steps)
def test_members_are_what_the_links_say_and_parting_restores_everybody(
    database: Database, clock: FixedClock, script: list[tuple[str, object]]
) -> None:
    any_order(database, clock, script)


@pytest.mark.full
@thoroughly
@given(wanted=st.lists(pairs, min_size=2, max_size=5), data=st.data())
def test_merges_commute(
    database: Database, clock: FixedClock, wanted: list[tuple[int, int]], data: st.DataObject
) -> None:
    seen = []
    for order in (wanted, data.draw(st.permutations(wanted))):
        chain = make_chain(database, clock)
        homes = [chain.customer("s1", str(n), points=10 ** (n + 1)) for n in range(HOMES)]
        for one, other in order:
            try:
                merge(chain, homes[one], homes[other])
            except AppError as error:
                assert error.kind.code == "members_already_one"
        numbers = {home: number for number, home in enumerate(homes)}
        people = {frozenset(numbers[h] for h in family) for family in members(chain, homes)}
        seen.append((people, [chain.points(home) for home in homes]))
    assert seen[0] == seen[1]


@given(wanted=st.lists(pairs, max_size=6), parted=st.lists(pairs, max_size=3))
def test_what_people_parted_stays_apart_whatever_is_wished(
    wanted: list[tuple[int, int]], parted: list[tuple[int, int]]
) -> None:
    names = [str(number) for number in range(HOMES)]
    apart = [Apart(frozenset({names[a]}), frozenset({names[b]})) for a, b in parted]
    wishes = [Wish(names[a], names[b], "email") for a, b in wanted]
    done = join({n: n for n in names}, {n: (n,) for n in names}, wishes, apart)
    people = families(names, [(merge.wish.kept, merge.wish.lost) for merge in done])
    for one, other in parted:
        assert not any({names[one], names[other]} <= family for family in people)


def at_once(*works: object) -> list[str]:
    """Do all of these at the same moment; what became of each: done, or the failure's code."""
    gate = Barrier(len(works))

    def one(work: object) -> str:
        gate.wait(5)
        try:
            work()  # type: ignore[operator]
        except AppError as error:
            return error.kind.code
        return "done"

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


@pytest.fixture
def real(committed: Parts, clock: FixedClock) -> Chain:
    return make_chain(committed.database, clock, "s2")


def test_the_same_two_are_merged_by_one_of_two(real: Chain) -> None:
    one, two = real.customer("s1", "7", points=500), real.customer("s2", "8", points=100)
    became = at_once(lambda: merge(real, one, two), lambda: merge(real, two, one))
    assert sorted(became) == ["done", "members_already_one"]
    assert (real.points(one), real.points(two)) == (600, 600)


def test_merges_that_meet_in_one_member_both_happen(real: Chain) -> None:
    homes = [real.customer("s1", str(number), points=100) for number in range(3)]
    works = [lambda: merge(real, homes[2], homes[1]), lambda: merge(real, homes[1], homes[0])]
    assert at_once(*works) == ["done", "done"]
    assert {real.member(home) for home in homes} == {real.member(homes[0])}
    assert real.points(homes[0]) == 300


def test_merge_and_redemption_at_once_overdraw_nobody(real: Chain) -> None:
    one, two = real.customer("s1", "7", points=500), real.customer("s2", "8", points=100)
    became = at_once(lambda: merge(real, one, two), lambda: real.redeem(two, 550, "s2"))
    assert became[0] == "done"
    assert became[1] in ("done", "insufficient_points")
    assert real.points(one) == (50 if became[1] == "done" else 600)


def test_two_redemptions_and_a_parting_at_once_overdraw_nobody(real: Chain) -> None:
    one, two = real.customer("s1", "7", points=500), real.customer("s2", "8", points=100)
    merge(real, one, two)
    (link,) = real.links()
    became = at_once(
        lambda: real.redeem(one, 500),
        lambda: real.redeem(two, 500, "s2"),
        lambda: real.unmerge(link),
    )
    assert became[:2].count("done") == 1
    assert real.points(one) + real.points(two) == 100
    assert min(real.points(one), real.points(two)) >= 0
