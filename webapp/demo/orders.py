"""Simulated orders for a shop that has none of its own.

People buy at very different rates (gamma-mixed Poisson), many stop without saying so (a chance
after every order), December is not February, and baskets are log-normal around each person's own
habit: the assumptions of Schmittlein, Morrison and Colombo, "Counting Your Customers" (1987), plus
a calendar. Nothing here describes a real person; whoever shows these orders labels them simulated.
"""

import csv
import math
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from webapp.core.words import currency_exponent

COLUMNS = ("customer_id", "ordered_at", "amount", "currency", "order_id")
FIRST_CUSTOMER, FIRST_ORDER = 1001, 5001
# Orders of a calendar month against the average month: planting in spring, gifts in winter.
_SEASON = (0.74, 0.78, 1.0, 1.18, 1.22, 0.98, 0.82, 0.8, 0.94, 1.02, 1.34, 1.52)
_PEAK = max(_SEASON)
# Orders of an hour of the day, UTC: few at night, most in the evening.
_HOURS = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 12, 11, 10, 10, 11, 12, 14, 16, 17, 14, 9, 5)
_DAYS_A_MONTH = 30.44
# Gamma-mixed purchase rate while the season peaks, orders a day: mean shape x scale.
_RATE_SHAPE, _RATE_SCALE = 1.35, 0.05
# The chance to have bought for the last time: after the first order, and after each later one,
# where it differs between people (beta-mixed).
_LEAVING_AT_ONCE, _LEAVING = 0.2, (0.5, 7.0)
# The share of customers that the shop already had when the simulated time starts.
_FOUNDERS = 0.35
_BASKET_MEDIAN, _BASKET_BETWEEN, _BASKET_WITHIN = 46.0, 0.38, 0.46


class Row(NamedTuple):
    """One order as the importer reads it; `ordered_at` is ISO 8601 in UTC, `amount` a decimal
    with as many places as the currency has."""

    customer_id: str
    ordered_at: str
    amount: str
    currency: str
    order_id: str


def simulate(
    rng_seed: int,
    customers: int = 1200,
    months: int = 18,
    currency: str = "USD",
    end: date = date(2026, 10, 31),
) -> Iterator[Row]:
    """Orders of `customers` people in the `months` up to and including the day `end`, by time.

    The same arguments give the same rows. With the defaults: about 10,000 orders,
    every customer at least once. All orders are held in memory while they are sorted.
    """
    rng = random.Random(rng_seed)  # noqa: S311 - simulated orders need repetition, not secrecy.
    finish = datetime(end.year, end.month, end.day, tzinfo=UTC) + timedelta(days=1)
    days = max(1, round(months * _DAYS_A_MONTH))
    start = finish - timedelta(days=days)
    orders = [
        (moment, str(FIRST_CUSTOMER + number), amount)
        for number, first_day in enumerate(_first_days(rng, customers, days))
        for moment, amount in _life(rng, start, first_day, days)
    ]
    orders.sort()
    digits = currency_exponent(currency)
    for number, (moment, customer, amount) in enumerate(orders):
        when = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield Row(customer, when, f"{amount:.{digits}f}", currency, str(FIRST_ORDER + number))


def write_csv(path: Path, rows: Iterable[Row]) -> int:
    """Write the rows with a header that `import-orders` reads; answers how many there were."""
    count = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow(row)
            count += 1
    return count


def _first_days(rng: random.Random, customers: int, days: int) -> list[float]:
    """The day of everyone's first order, ascending: founders early, then a shop that grows."""
    founders = round(customers * _FOUNDERS)
    early = [rng.uniform(0, min(75, days)) for _ in range(founders)]
    later = [days * rng.random() ** 0.8 for _ in range(customers - founders)]
    # The last one arrives on the last day, so that the data end where they were asked to end.
    if not customers:
        return []
    return [*sorted([*early, *later])[:-1], days - 0.5]


def _life(
    rng: random.Random, start: datetime, first_day: float, days: int
) -> Iterator[tuple[datetime, float]]:
    """All orders of one person from `first_day` on: (moment, amount)."""
    rate = rng.gammavariate(_RATE_SHAPE, _RATE_SCALE)
    leaving = rng.betavariate(*_LEAVING)
    habit = math.log(_BASKET_MEDIAN) + rng.gauss(0, _BASKET_BETWEEN)
    if rng.random() < _LEAVING_AT_ONCE:
        leaving = 1.0
    day = first_day
    while day < days:
        yield _at_an_hour(rng, start, day), max(4.0, rng.lognormvariate(habit, _BASKET_WITHIN))
        if rng.random() < leaving:
            return
        day = _next_day(rng, start, day, rate)


def _next_day(rng: random.Random, start: datetime, day: float, rate: float) -> float:
    """The next order of a seasonal Poisson process, by thinning one that is always at its peak."""
    while True:
        day += rng.expovariate(rate) if rate > 0 else math.inf
        if not math.isfinite(day) or day > 1e5:
            return math.inf
        month = (start + timedelta(days=day)).month
        if rng.random() < _SEASON[month - 1] / _PEAK:
            return day


def _at_an_hour(rng: random.Random, start: datetime, day: float) -> datetime:
    midnight = start + timedelta(days=int(day))
    hour = rng.choices(range(24), _HOURS)[0]
    return midnight + timedelta(hours=hour, seconds=rng.randrange(3600))
