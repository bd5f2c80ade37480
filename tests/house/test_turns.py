"""A measurement is not measured beside other tests."""

import subprocess
import sys
from pathlib import Path
from select import select

ROOT = Path(__file__).parents[2]
TAKE = """import sys
from tests import turns
turns.DOOR, turns.MACHINE = turns.Path(sys.argv[1]), turns.Path(sys.argv[2])
with turns.turn(alone=sys.argv[3] == "alone"):
    print("in", flush=True)
    sys.stdin.read()
"""


class Worker:
    """A process that takes its turn and keeps it until it is told to leave."""

    def __init__(self, folder: Path, kind: str) -> None:
        files = [str(folder / name) for name in ("door", "machine")]
        for name in files:
            Path(name).touch()
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE, *files, kind],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def comes_in(self) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == "in\n"

    def waits(self) -> bool:
        return not select([self.process.stdout], [], [], 0.5)[0]

    def leaves(self) -> None:
        self.process.communicate()
        assert self.process.returncode == 0


def test_tests_run_side_by_side_and_a_measurement_by_itself(tmp_path: Path) -> None:
    first, second = Worker(tmp_path, "shared"), Worker(tmp_path, "shared")
    first.comes_in()
    second.comes_in()
    measurement = Worker(tmp_path, "alone")
    assert measurement.waits()
    late = Worker(tmp_path, "shared")
    assert late.waits()
    first.leaves()
    assert measurement.waits()
    second.leaves()
    measurement.comes_in()
    assert late.waits()
    measurement.leaves()
    late.comes_in()
    late.leaves()
