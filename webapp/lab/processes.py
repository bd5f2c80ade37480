"""What processes cost, read from /proc (Linux)."""

import os
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
# Places after the command name in /proc/PID/stat, see proc_pid_stat(5).
PARENT, USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM = 1, 11, 12, 13, 14


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process, of its living descendants, and of those it has waited for.

    What ends between two calls is in neither lost nor counted twice: it moves from its own count
    to its parent's. Raises OSError when the process is gone.
    """
    stats = {int(path.name): stat for path in PROC.iterdir() if (stat := _stat(path))}
    if pid not in stats:
        raise ProcessLookupError(f"process {pid} is gone")
    family, found = set[int](), {pid}
    while found:
        family |= found
        found = {child for child, stat in stats.items() if stat[PARENT] in family} - family
    ticks = (USER, SYSTEM, CHILDREN_USER, CHILDREN_SYSTEM)
    return sum(stats[member][place] for member in family for place in ticks) / TICKS_A_SECOND


def _stat(path: Path) -> list[int]:
    """The numbers of a process; empty when it is no process or has just gone."""
    if not path.name.isdigit():
        return []
    try:
        content = (path / "stat").read_text()
    except OSError:
        return []
    state_and_numbers = content.rpartition(")")[2].split()
    return [0, *map(int, state_and_numbers[1:])]
