"""What keeps a child from outliving its parent, and finds one that did all the same.

On Linux the kernel signals a child when the thread that started it ends (PR_SET_PDEATHSIG).
Elsewhere, and in the second or two that a server takes to shut down, a note of its pid and start
time lets the next run recognise it: a pid alone may by then belong to somebody else.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1
ORPHAN_GRACE_SECONDS = 15.0
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tied_to_parent(death_signal: int) -> Callable[[], None]:
    """What a child runs before its program: it will get `death_signal` when its parent dies.

    Runs after a change of user, which would undo it. A parent that died in between is noticed.
    """
    parent = os.getpid()

    def tie() -> None:
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return tie


def note_pid(file: Path, pid: int) -> None:
    """Leave a note about a running child for `end_orphan`."""
    file.write_text(f"{pid}\n{_started(pid)}\n", encoding="utf-8")


def end_orphan(file: Path, stop_signal: int) -> None:
    """End the child that a note speaks of, if it is still there, and wait until it is gone."""
    try:
        first, started = file.read_text(encoding="utf-8").splitlines()
        pid = int(first)
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + ORPHAN_GRACE_SECONDS
    sent = 0
    while started and _started(pid) == started:
        late = time.monotonic() > deadline
        wanted = signal.SIGKILL if late else stop_signal
        if wanted != sent:
            _send(pid, wanted)
            sent = wanted
        if late and time.monotonic() > deadline + 2:
            break
        time.sleep(0.05)
    file.unlink(missing_ok=True)


def _send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _started(pid: int) -> str:
    """When a process started, in a form only good for comparing; empty when there is none."""
    if sys.platform == "linux":
        try:
            after_name = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            return ""
        return after_name.split()[19]
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
