"""Children come back when they die, and go when their parent does."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.embedded.supervisor import ServerError, Supervisor

Eventually = Callable[[Callable[[], object]], None]
PARENT = """
import sys
from pathlib import Path
from webapp.embedded.supervisor import Supervisor
with Supervisor() as supervisor:
    supervisor.spawn("sleeper", ["sleep", "300"], log=Path(sys.argv[1]) / "sleeper.log")
    print(supervisor.pid("sleeper"), flush=True)
    supervisor.wait()
"""


def start_parent(folder: Path) -> tuple[subprocess.Popen[str], int]:
    """A process that supervises `sleep`, and the pid of that."""
    command = [sys.executable, "-c", PARENT, str(folder)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout as lines:
        return parent, int(lines.readline())


def gone(pid: int) -> bool:
    """A process that nobody has reaped yet is gone as well."""
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_killed_child_is_started_again(
    supervisor: Supervisor, tmp_path: Path, eventually: Eventually
) -> None:
    supervisor.spawn("sleeper", ["sleep", "300"], log=tmp_path / "sleeper.log")
    first = supervisor.pid("sleeper")
    assert first
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervisor.pid("sleeper") not in (None, first))


def test_a_child_outlives_the_thread_that_asked_for_it(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    thread = threading.Thread(
        target=lambda: supervisor.spawn("sleeper", ["sleep", "300"], log=tmp_path / "s.log")
    )
    thread.start()
    thread.join()
    assert supervisor.alive("sleeper")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_children_go_when_their_parent_gets(
    number: signal.Signals, tmp_path: Path, eventually: Eventually
) -> None:
    parent, child = start_parent(tmp_path)
    parent.send_signal(number)
    parent.wait(timeout=15)
    eventually(lambda: gone(child))


def test_a_child_left_behind_is_ended_before_its_successor_starts(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    from_before = tmp_path / "from-before.log"
    supervisor.spawn("from before", ["sleep", "300"], log=from_before, respawn=False)
    orphan = supervisor.pid("from before")
    assert orphan
    from_before.with_suffix(".pid").rename(tmp_path / "sleeper.pid")
    supervisor.spawn("sleeper", ["sleep", "300"], log=tmp_path / "sleeper.log")
    assert gone(orphan)


def test_a_process_that_only_inherited_the_pid_is_left_alone(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "sleeper.pid").write_text(f"{os.getpid()}\n1\n")
    supervisor.spawn("sleeper", ["sleep", "300"], log=tmp_path / "sleeper.log")
    assert supervisor.alive("sleeper")


def test_children_stop_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    report = "trap 'echo \"$0\" >> order; exit' TERM; echo up; while :; do sleep 0.05; done"
    with Supervisor() as supervisor:
        for name in ("first", "second", "third"):
            log = tmp_path / f"{name}.log"
            supervisor.spawn(name, ["sh", "-c", report, name], log=log, cwd=tmp_path)
            while log.read_text() != "up\n":
                assert supervisor.alive(name)
    assert (tmp_path / "order").read_text().split() == ["third", "second", "first"]


def test_a_child_that_does_not_get_over_its_start_is_reported_with_its_log(
    supervisor: Supervisor, tmp_path: Path, eventually: Eventually
) -> None:
    def reported() -> bool:
        try:
            supervisor.check("broken")
        except ServerError as error:
            return "port is taken" in str(error)
        return False

    command = ["sh", "-c", "echo port is taken; exit 1"]
    supervisor.spawn("broken", command, log=tmp_path / "broken.log")
    eventually(reported)


def test_a_program_that_does_not_exist_is_a_sentence(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(ServerError, match=r"nobody could not be started: .*No such"):
        supervisor.spawn("nobody", ["no-such-program"], log=tmp_path / "nobody.log")


def test_what_was_asked_for_runs_after_the_children_are_gone(tmp_path: Path) -> None:
    seen: list[bool] = []
    with Supervisor() as supervisor:
        supervisor.spawn("sleeper", ["sleep", "300"], log=tmp_path / "sleeper.log")
        pid = supervisor.pid("sleeper")
        assert pid
        supervisor.on_stop(lambda: seen.append(gone(pid)))
    assert seen == [True]
