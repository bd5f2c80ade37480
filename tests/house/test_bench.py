"""Measurements end in one line that programs can read."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.lab import bench

ROOT = Path(__file__).parents[2]
RESULT = bench.Result({"speed": 2.0, "lag": 5.0}, {"speed": (">=", 1.0), "lag": ("<=", 4.0)})


def bench_command(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from webapp.lab.bench import main; sys.exit(main(sys.argv[1:]))",
            *argv,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_small_import_ends_in_one_line_of_json() -> None:
    done = bench_command("import", "--orders", "2000")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["bench"] == "import"
    assert said["figures"]["orders_large"] == 2000
    assert set(said["goals"]) <= set(said["figures"])


@pytest.mark.full
def test_a_few_calls_are_measured_against_bare_ones() -> None:
    done = bench_command("contract", "--calls", "5", "--rounds", "1")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["goals"]) == {"rest_ratio", "grpc_ratio"} <= set(said["figures"])


@pytest.mark.full
def test_a_few_orders_are_measured_against_pgbench() -> None:
    """It fails by itself when pgbench's transaction leaves other rows behind than an order."""
    done = bench_command("points", "--few", "500", "--many", "1000", "--orders", "120")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["goals"]) == {"ratio", "flatness"} <= set(said["figures"])


@pytest.mark.full
def test_a_few_fragments_are_measured_against_a_hello() -> None:
    done = bench_command("fragments", "--requests", "200", "--orders", "1000")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert set(said["goals"]) == {"cached_ratio", "rendered_ratio"} <= set(said["figures"])
    assert said["figures"]["hits_process"] + said["figures"]["hits_cache"] > 0.5


def test_an_unknown_measurement_is_wrong_use() -> None:
    assert bench_command("nothing").returncode == 2


def test_one_missed_goal_is_not_met() -> None:
    assert json.loads(bench.json_line("x", RESULT))["met"] is False


@pytest.mark.parametrize(("name", "verdict"), [("speed", "goal >= 1: met"), ("lag", "NOT MET")])
def test_table_says_which_goals_are_met(name: str, verdict: str) -> None:
    (line,) = [line for line in bench.table(RESULT) if line.startswith(name)]
    assert verdict in line
