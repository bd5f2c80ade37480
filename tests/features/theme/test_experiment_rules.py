"""What the figures of an A/B test say: never a winner by chance, however often one looks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.features.theme.domain.experiments import (
    ALPHA,
    Version,
    arm_of,
    judge,
    uneven,
    uplift,
)

versions = st.integers(1, 50_000).flatmap(
    lambda n: st.builds(Version, st.just(n), st.integers(0, n))
)
LONG = 30.0


def looks(chance: random.Random, a: float, b: float, looks: int, batch: int) -> list[str]:
    """The verdict at every look of a test whose versions succeed with these probabilities."""
    counts = [0, 0]
    found = []
    for look in range(1, looks + 1):
        for arm, share in enumerate((a, b)):
            counts[arm] += sum(chance.random() < share for _ in range(batch))
        members = look * batch
        version_a, version_b = Version(members, counts[0]), Version(members, counts[1])
        found.append(judge(version_a, version_b, (members, members), LONG))
    return found


def test_chance_alone_hardly_ever_makes_a_winner_though_one_looks_all_the_time() -> None:
    chance = random.Random(20)  # noqa: S311 - the same every time.
    runs = 300
    wrong = sum(
        bool({"a", "b"} & {*looks(chance, 0.1, 0.1, looks=40, batch=50)}) for _ in range(runs)
    )
    # What 300 runs would give with a probability of 99.9 % at a rate of ALPHA is at most 28.
    assert wrong <= runs * ALPHA + 13


def test_a_real_difference_is_found_and_never_the_other_way() -> None:
    chance = random.Random(21)  # noqa: S311 - the same every time.
    for _ in range(20):
        found = looks(chance, 0.10, 0.16, looks=60, batch=100)
        assert found[-1] == "b"
        assert "a" not in found


def test_an_interval_of_many_looks_is_wider_than_one_of_a_single_look() -> None:
    found = uplift(Version(2_000, 200), Version(2_000, 220))
    assert found
    single = 1.96 * (2 * 0.105 * 0.895 / 2_000) ** 0.5
    assert (found.high - found.low) / 2 > 1.3 * single


@given(versions, versions)
def test_the_versions_can_change_places(a: Version, b: Version) -> None:
    one, other = uplift(a, b), uplift(b, a)
    assert one and other
    assert one.value == -other.value
    assert (one.low, one.high) == (-other.high, -other.low)
    assert one.low <= one.value <= one.high
    swapped = {"a": "b", "b": "a"}
    verdict = judge(a, b, (a.members, b.members), LONG)
    back = judge(b, a, (b.members, a.members), LONG)
    assert swapped.get(verdict, verdict) == back


@given(st.integers(100, 20_000), st.floats(0, 1))
def test_more_members_make_the_interval_narrower(members: int, share: float) -> None:
    successes = int(members * share)
    few = uplift(Version(members, successes), Version(members, successes))
    many = uplift(Version(4 * members, 4 * successes), Version(4 * members, 4 * successes))
    assert few and many
    assert many.high - many.low < few.high - few.low


def test_an_uneven_split_is_seen_whatever_else_the_figures_say() -> None:
    assert judge(Version(5_500, 100), Version(4_500, 900), (5_500, 4_500), LONG) == "uneven"
    assert not uneven(5_050, 4_950)
    assert uneven(0, 40)


def test_an_even_split_is_hardly_ever_called_uneven() -> None:
    chance = random.Random(22)  # noqa: S311 - the same every time.
    alarms = 0
    for _ in range(200):
        a = b = 0
        for _ in range(100):
            heads = chance.getrandbits(50).bit_count()
            a, b = a + heads, b + 50 - heads
            alarms += uneven(a, b)
    assert alarms == 0


@pytest.mark.parametrize(
    ("members", "days", "verdict"),
    [(99, LONG, "early"), (5_000, 6.9, "early"), (5_000, 7.0, "b"), (0, LONG, "early")],
)
def test_nobody_is_called_the_winner_early(members: int, days: float, verdict: str) -> None:
    a, b = Version(members, members // 10), Version(members, members // 2)
    assert judge(a, b, (members, members), days) == verdict


def test_no_difference_is_a_result_too() -> None:
    many = Version(400_000, 40_000)
    assert judge(many, many, (400_000, 400_000), LONG) == "same"
    few = Version(400, 40)
    assert judge(few, few, (400, 400), LONG) == "open"


def test_customers_are_halved_and_every_key_halves_them_otherwise() -> None:
    people = [str(7_000_000_000 + n) for n in range(4_000)]
    one, other = ([arm_of(key * 16, who) for who in people] for key in ("0f", "a1"))
    assert not uneven(one.count("a"), one.count("b"))
    both = sum(x == y for x, y in zip(one, other, strict=True))
    assert not uneven(both, len(people) - both)
