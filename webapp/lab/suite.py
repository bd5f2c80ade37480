"""`python3 -m webapp test`: the test suite, and nothing of it left running afterwards."""

import os
import signal
import subprocess
import sys
import time

DEBUGGER_OPTIONS = {"--pdb", "--trace"}
# The whole suite runs on two workers, each with servers of its own; `conftest` says what stays
# together. More of them gain nothing on small machines and starve the timing of faults.
WORKERS = ("-n", "2", "--dist", "loadgroup", "--max-worker-restart", "0")
END_SECONDS = 15.0


def main(argv: list[str]) -> int:
    """Run pytest with the given arguments and return its code; `--full` adds the long gates.

    The tests run in a process group of their own: Ctrl-C is passed on once, and whatever a test
    has left in the group is ended with it. A debugger needs the terminal, so it stays in ours.
    """
    full = "--full" in argv
    rest = [argument for argument in argv if argument != "--full"]
    selection = ["-m", "" if full else "not full"]
    workers = () if any(not word.startswith("-") for word in rest) else WORKERS
    command = [sys.executable, "-m", "pytest", *selection, *workers, "--durations=10", *rest]
    environ = {**os.environ, **({"LOYALNEST_FULL": "1"} if full else {})}
    if DEBUGGER_OPTIONS & set(rest):
        command = [word for word in command if word not in workers]
        return subprocess.run(command, env=environ, check=False).returncode
    child = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, process_group=0)
    signal.signal(signal.SIGTERM, _leave)
    try:
        return child.wait()
    except (KeyboardInterrupt, SystemExit):
        _ask_to_end(child)
        raise
    finally:
        _signal_group(child.pid, signal.SIGKILL)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _ask_to_end(child: subprocess.Popen[bytes]) -> None:
    """An interrupted pytest still takes its fixtures down: give it the time for that."""
    _signal_group(child.pid, signal.SIGINT)
    deadline = time.monotonic() + END_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)


def _signal_group(group: int, number: int) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
