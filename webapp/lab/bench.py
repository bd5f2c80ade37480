"""`python3 -m webapp bench [NAME]`: measurements of the product, with the goals they are held to.

A measurement is a module `bench_NAME.py` beside this one with `run(argv) -> Result`. It prints a
table for people and ends in one line of JSON for programs.
"""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from webapp.core.db import DATABASE_ERRORS
from webapp.embedded.supervisor import ServerError

HERE = Path(__file__).parent
PREFIX = "bench_"
MEETS: dict[str, Callable[[float, float], bool]] = {
    ">=": lambda figure, goal: figure >= goal,
    "<=": lambda figure, goal: figure <= goal,
}


class BenchError(Exception):
    """A measurement that could not be made, or whose work came out wrong; a sentence."""


@dataclass(frozen=True, slots=True)
class Result:
    """What was measured. `notes` say what the figures mean; a goal is (">=" or "<=", value) for
    the figure of the same name."""

    figures: Mapping[str, float]
    goals: Mapping[str, tuple[str, float]]
    notes: tuple[str, ...] = ()

    @property
    def met(self) -> bool:
        return all(MEETS[sign](self.figures[name], at) for name, (sign, at) in self.goals.items())


def main(argv: list[str]) -> int:
    """Run one measurement with its options, or all; exits 0 also when a goal is not met, 1 when a
    measurement failed, 2 on wrong use."""
    known = names()
    if not argv:
        return max(measure(name, []) for name in known)
    if argv[0] not in known:
        print("usage: python3 -m webapp bench [NAME [OPTIONS]]\n\nNAME:", *known, file=sys.stderr)
        return 0 if argv[0] in ("-h", "--help") else 2
    return measure(argv[0], argv[1:])


def names() -> list[str]:
    """The measurements there are."""
    return sorted(path.stem.removeprefix(PREFIX) for path in HERE.glob(f"{PREFIX}*.py"))


def measure(name: str, argv: list[str]) -> int:
    """Run one measurement and print its result."""
    run: Callable[[list[str]], Result] = import_module(f"webapp.lab.{PREFIX}{name}").run
    try:
        result = run(argv)
    except (BenchError, ServerError, OSError, *DATABASE_ERRORS) as error:
        print(f"bench {name}: {error}", file=sys.stderr)
        return 1
    print("\n".join(table(result)))
    print(json_line(name, result), flush=True)
    return 0


def table(result: Result) -> list[str]:
    """The notes, then a line a figure, with the goal and whether it is met where there is one."""
    width = max(map(len, result.figures))
    lines = [*result.notes, ""]
    for name, figure in result.figures.items():
        line = f"{name:<{width}}  {rounded(figure):>14,}"
        if name in result.goals:
            sign, goal = result.goals[name]
            verdict = "met" if MEETS[sign](figure, goal) else "NOT MET"
            line += f"  goal {sign} {goal:g}: {verdict}"
        lines.append(line)
    return [*lines, ""]


def json_line(name: str, result: Result) -> str:
    """The line for programs."""
    content = {
        "bench": name,
        "figures": {key: rounded(figure) for key, figure in result.figures.items()},
        "goals": {key: list(goal) for key, goal in result.goals.items()},
        "met": result.met,
    }
    return json.dumps(content)


def rounded(figure: float) -> float:
    """Whole numbers from 1,000 on, four decimals below: more digits than a measurement has."""
    return round(figure) if abs(figure) >= 1000 else round(figure, 4)
