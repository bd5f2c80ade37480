"""A first set of tiers that fits what members have bought so far."""

from collections.abc import Sequence

# How many of those who bought at all are to reach the lowest, the middle and the highest tier.
SHARES = (0.5, 0.2, 0.05)
ENOUGH_MEMBERS = 20
ROUND = range(1, 11)


def starter_thresholds(values: Sequence[int], unit: int) -> tuple[int, ...]:
    """Three rising thresholds, each a round number of `unit` (what one whole unit is in the values,
    100 for cents): those that the best of `values` reach, or 200, 500 and 1000 while too few
    members have bought anything to tell. In a currency without decimals these are a hundred times
    as many."""
    ranked = sorted((value for value in values if value > 0), reverse=True)
    if len(ranked) < ENOUGH_MEMBERS:
        of = unit if unit > 1 else 100
        return 200 * of, 500 * of, 1000 * of
    found: list[int] = []
    for share in SHARES:
        wanted = round_number(ranked[int(len(ranked) * share)], unit)
        found.append(wanted if not found or wanted > found[-1] else next_round(found[-1], unit))
    return tuple(found)


def round_number(value: int, unit: int) -> int:
    """The highest of 1, 2, ..., 9, 10, 20, ... units that `value` reaches; at least one."""
    best = unit
    while next_round(best, unit) <= value:
        best = next_round(best, unit)
    return best


def next_round(value: int, unit: int) -> int:
    """The next of 1, 2, ..., 9, 10, 20, ... units above `value`, which is one of them."""
    whole = value // unit
    power = int("1" + "0" * (len(str(whole)) - 1))
    return unit * power * next(step for step in ROUND if step * power > whole)
