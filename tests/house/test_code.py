"""Rules of the house that the code must keep: see the decision records."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.core import discovery, ownership, schedule

ROOT = Path(__file__).parents[2]
PRODUCT = [*sorted((ROOT / "webapp").rglob("*.py")), *sorted((ROOT / "jobs").glob("*.py"))]
CODE = [path for path in PRODUCT if "migrations/versions" not in path.as_posix()]
BANNED_NAMES = ("util", "utils", "helpers", "common", "misc", "manager", "base")


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", CODE, ids=named)
def test_files_and_functions_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300
    long = [f.name for f in functions(path) if (f.end_lineno or 0) - f.lineno >= 45]
    assert long == []


def test_only_the_database_module_commits() -> None:
    calls = re.compile(r"\.(commit|begin)\(\)")
    found = {named(path) for path in PRODUCT if calls.search(path.read_text())}
    # What a call is compared with stands beside the product, and does without all of it.
    owner = {"webapp/core/provisioning.py", "webapp/migrations/env.py"}
    allowed = {"webapp/core/db.py", *owner, "webapp/lab/bare.py"}
    # The stand-in keeps its own SQLite file; it is no part of the product's database.
    assert {f for f in found if "/demo/standins/" not in f} <= allowed


def test_no_module_has_a_name_that_says_nothing() -> None:
    names = {path.stem for path in PRODUCT} | {path.parent.name for path in PRODUCT}
    assert names.isdisjoint(BANNED_NAMES)


def test_no_test_replaces_our_own_code() -> None:
    words = ("mock" + ".patch", "Magic" + "Mock", "monkeypatch.set" + 'attr("webapp')
    tests = [p for p in (ROOT / "tests").rglob("*.py")]
    assert [named(p) for p in tests if any(w in p.read_text() for w in words)] == []


def test_every_topic_that_is_emitted_has_a_handler() -> None:
    emitted = re.compile(r'emit(?:_all)?\(\s*"([a-z_.]+)"')
    topics = {t for path in PRODUCT for t in emitted.findall(path.read_text())}
    topics |= {"orders.imported", "refunds.imported"}
    topics |= {"customers.told", "customers.deleted", "customers.redacted"}
    # What the inbox and the schedule tell is named by those who hear it: see below.
    heard = {t for t in discovery.handler_names() if not t.startswith(("in.", "every."))}
    assert topics == heard


def test_every_schedule_that_is_worked_by_exists() -> None:
    worked = {t.removeprefix("every.") for t in discovery.handler_names() if t.startswith("every.")}
    assert worked <= set(schedule.SCHEDULES)


NAMELESS = re.compile(r"(in|every)\.")


def test_all_work_of_a_feature_has_a_name_for_people() -> None:
    # What was received, and what is periodic, is named by its kind.
    heard = {
        (n.partition(".")[0], t) for t, names in discovery.handler_names().items() for n in names
    }
    told = {(f, t) for f, t in heard if not t.startswith(("in.", "every."))}
    assert told == set(discovery.labels())


def test_every_handler_can_be_found_by_its_name() -> None:
    names = {name for wanted in discovery.handler_names().values() for name in wanted}
    assert names == set(discovery.handlers())


WRITES = re.compile(
    r"(?:insert into|update)\s+([a-z_]+)(?:\s+[a-z])?\s*"
    r"(?:\(([^)]*)\)|set\s+(.*?)(?:\bwhere\b|\bfrom\b))",
    re.IGNORECASE | re.DOTALL,
)


def written_columns(source: str) -> Iterator[tuple[str, str]]:
    """(table, column) of every INSERT and UPDATE in a source text."""
    for table, inserted, updated in WRITES.findall(source):
        parts = (inserted or updated).split(",")
        for part in parts:
            column = part.split("=")[0].strip().split()
            if column and column[0].isidentifier():
                yield table, column[0]


@pytest.mark.parametrize("feature", discovery.features())
def test_shared_columns_are_written_by_their_owner_only(feature: str) -> None:
    folder = ROOT / "webapp/features" / feature
    wrong = [
        (table, column)
        for path in folder.rglob("*.py")
        for table, column in written_columns(path.read_text())
        if table in ownership.OWNERS
        and ownership.OWNERS[table].get(column, ownership.OWNERS[table]["*"]) != feature
        and column not in ("merchant_id", "customer_id", "store_id")
    ]
    assert wrong == []
