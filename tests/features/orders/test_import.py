"""Importing twice, in another order, in parts, interrupted and with broken lines."""

import csv
import random
from pathlib import Path

import pytest

from tests.factories import Tenant, import_orders, make_tenant
from tests.jobs.bench import Bench
from tests.jobs.sample import expected, figures, made_up, write_rows
from webapp.features.orders import service
from webapp.features.orders.commands import begin, import_files, read_files
from webapp.features.orders.messages import FileImport, TakeChunk
from webapp.parts import Parts

ROWS = made_up(3_000, 500)
BROKEN = (
    ("1001,2025-01-01,12.345,USD", "invalid_amount"),
    ("1001,2025-01-01,-3.00,USD", "invalid_amount"),
    ("1001,2025-02-30,12.00,USD", "invalid_date"),
    ("1001,01/02/2025,12.00,USD", "invalid_date"),
    ("1001,2025-01-01,12.00,EUR", "wrong_currency"),
    ("1001,2025-01-01,12.00", "wrong_column_count"),
    ("not an id,2025-01-01,12.00,USD", "invalid_id"),
    ('"1001,2025-01-01,12.00,USD', "invalid_csv"),
)


@pytest.fixture
def bench(committed: Parts, tmp_path: Path) -> Bench:
    return Bench(committed, make_tenant(committed.database), tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_rows(tmp_path / "orders.csv", ROWS)


def drained(bench: Bench, tenant: Tenant | None = None) -> object:
    bench.drain()
    return figures(bench.parts.database, tenant or bench.tenant)


def test_an_import_ends_in_points_and_segments(bench: Bench, file: Path) -> None:
    result = import_orders(bench.parts.database, bench.tenant, file)
    assert (result.read, result.taken, result.skipped, result.refused) == (3000, 3000, 0, 0)
    assert result.refusals is None
    assert drained(bench) == expected(ROWS)


@pytest.mark.parametrize("drain_between", [True, False])
def test_importing_twice_adds_nothing(bench: Bench, file: Path, drain_between: bool) -> None:
    import_orders(bench.parts.database, bench.tenant, file)
    if drain_between:
        bench.drain()
    again = import_orders(bench.parts.database, bench.tenant, file)
    assert (again.taken, again.skipped) == (0, 3000)
    assert drained(bench) == expected(ROWS)


def test_the_order_of_lines_does_not_matter(bench: Bench, file: Path, tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))  # noqa: S311 - no secret
    import_orders(bench.parts.database, bench.tenant, write_rows(tmp_path / "b.csv", shuffled))
    assert drained(bench) == expected(ROWS)
    assert import_orders(bench.parts.database, bench.tenant, file).taken == 0


def test_two_files_are_one_input(bench: Bench, file: Path, tmp_path: Path) -> None:
    halves = [write_rows(tmp_path / f"{n}.csv", ROWS[n::2]) for n in range(2)]
    assert import_orders(bench.parts.database, bench.tenant, *halves).taken == 3000
    assert drained(bench) == expected(ROWS)
    assert import_orders(bench.parts.database, bench.tenant, file).taken == 0


def test_a_longer_file_adds_only_what_is_new(bench: Bench, file: Path, tmp_path: Path) -> None:
    part = write_rows(tmp_path / "part.csv", ROWS[:1000])
    assert import_orders(bench.parts.database, bench.tenant, part).taken == 1000
    bench.drain()
    assert import_orders(bench.parts.database, bench.tenant, file).taken == 2000
    assert drained(bench) == expected(ROWS)


def test_two_shops_do_not_disturb_each_other(bench: Bench, file: Path) -> None:
    other = make_tenant(bench.parts.database)
    for tenant in (bench.tenant, other):
        assert import_orders(bench.parts.database, tenant, file).taken == 3000
    assert drained(bench) == drained(bench, other) == expected(ROWS)


def test_broken_lines_go_to_the_report_and_the_rest_goes_in(bench: Bench, tmp_path: Path) -> None:
    good, bad = ROWS[:2700], [BROKEN[n % len(BROKEN)] for n in range(300)]
    lines = [",".join((*row, "USD")) for row in good]
    for number, (line, _) in enumerate(bad):
        lines.insert(number * 10, line)
    file = write_rows(tmp_path / "orders.csv", [], *lines)
    result = import_orders(bench.parts.database, bench.tenant, file)
    assert (result.read, result.taken, result.refused) == (3000, 2700, 300)
    assert drained(bench) == expected(good)
    report = list(csv.DictReader(Path(str(result.refusals)).read_text().splitlines()))
    assert [int(row["line"]) for row in report] == [n * 10 + 2 for n in range(300)]
    assert [(row["text"], row["code"]) for row in report] == bad
    assert all(row["reason"] and row["file"] == "orders.csv" for row in report)


def test_an_import_that_ended_before_its_last_word_is_made_good_by_the_next(
    bench: Bench, file: Path
) -> None:
    wanted = FileImport(bench.tenant.shop, (file,), quiet=True)
    killed = begin(bench.parts.database, wanted)
    with bench.parts.database.pinned() as pinned, pinned.transaction(killed.merchant_id) as ctx:
        staged = service.stage(ctx, "UTC", read_files(killed))
        chunk = TakeChunk(killed.import_id, killed.store.store_id, "o", 1, staged.orders)
        assert service.take_chunk(ctx, chunk) == 3000
    assert import_files(bench.parts.database, wanted).taken == 0
    assert drained(bench) == expected(ROWS)
