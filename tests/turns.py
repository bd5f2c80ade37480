"""Whose turn it is: the tests of all workers share the machine, a measurement has it for itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock
from pathlib import Path

# Two files that every worker of a checkout finds; what is in them does not matter.
DOOR, MACHINE = Path(__file__), Path(__file__).parents[1] / "pyproject.toml"


@contextmanager
def turn(*, alone: bool) -> Iterator[None]:
    """Wait for the machine, and have it until the block is left.

    Who waits holds the door, so that nobody overtakes and no measurement starves.
    """
    with DOOR.open("rb") as door, MACHINE.open("rb") as machine:
        flock(door, LOCK_EX)
        flock(machine, LOCK_EX if alone else LOCK_SH)
        flock(door, LOCK_UN)
        yield
