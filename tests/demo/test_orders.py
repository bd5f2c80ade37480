import csv
import statistics
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from webapp.demo.orders import COLUMNS, Row, simulate, write_csv


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(simulate(2026))


def test_a_seed_always_gives_the_same_orders(rows: list[Row]) -> None:
    assert list(simulate(2026)) == rows
    assert list(simulate(2027)) != rows


def test_there_are_as_many_as_promised(rows: list[Row]) -> None:
    assert 8_000 <= len(rows) <= 12_000
    assert len({row.customer_id for row in rows}) == 1200


def test_they_come_by_time_and_end_where_asked(rows: list[Row]) -> None:
    times = [row.ordered_at for row in rows]
    assert times == sorted(times)
    assert times[0] >= "2025-05-01" and times[-1].startswith("2026-10-31")
    assert len({row.order_id for row in rows}) == len(rows)


def test_people_differ_as_real_ones_do(rows: list[Row]) -> None:
    orders = sorted(Counter(row.customer_id for row in rows).values(), reverse=True)
    assert 0.25 < orders.count(1) / len(orders) < 0.45
    assert 0.5 < sum(orders[: len(orders) // 5]) / len(rows) < 0.75


def test_baskets_are_skewed(rows: list[Row]) -> None:
    amounts = [float(row.amount) for row in rows]
    assert min(amounts) >= 4
    assert 1.1 < statistics.mean(amounts) / statistics.median(amounts) < 1.4


def test_december_is_not_february(rows: list[Row]) -> None:
    months = Counter(row.ordered_at[:7] for row in rows)
    assert months["2025-12"] > 1.5 * months["2026-02"]


def test_amounts_have_the_places_of_their_currency() -> None:
    assert all("." not in row.amount for row in simulate(1, 20, 3, "JPY", date(2026, 1, 31)))


def test_nobody_orders_nothing() -> None:
    assert list(simulate(1, customers=0)) == []


def test_the_file_is_what_the_importer_reads(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    assert write_csv(file, simulate(1, 10, 2)) == len(list(simulate(1, 10, 2)))
    with file.open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert tuple(found[0]) == COLUMNS
    assert found[0]["currency"] == "USD"
