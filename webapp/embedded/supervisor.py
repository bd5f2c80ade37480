"""Keeps child processes alive, and takes them down with their parent however that ends."""

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Self

from webapp.embedded.lifeline import end_orphan, note_pid, tied_to_parent

FIRST_DELAY_SECONDS = 0.1
LONGEST_DELAY_SECONDS = 2.0
HEALTHY_AFTER_SECONDS = 10.0
DEATHS_AT_START = 5
STOP_SECONDS = 10.0
LISTEN_SECONDS = 0.5
END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOG_TAIL_LINES = 15


class ServerError(RuntimeError):
    """A local server cannot do its work; the message is a sentence that says what to do."""

    for_people = True


@dataclass(frozen=True)
class Command:
    """How a child is started, each time anew. `env` is added to the parent's environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    cwd: Path | None
    log: Path
    respawn: bool
    user: tuple[int, int] | None
    stop_signal: int

    def start(self) -> subprocess.Popen[bytes]:
        """Start the program in a session of its own, so that Ctrl-C reaches the parent only."""
        with self.log.open("ab") as log:
            child = subprocess.Popen(
                list(self.argv),
                env={**os.environ, **self.env},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=tied_to_parent(self.stop_signal),
                user=self.user[0] if self.user else None,
                group=self.user[1] if self.user else None,
                extra_groups=[] if self.user else None,
            )
        with suppress(OSError):  # A full disk must not lose sight of a child that runs.
            note_pid(self.pid_file, child.pid)
        return child

    @property
    def pid_file(self) -> Path:
        return self.log.with_suffix(".pid")

    def log_tail(self) -> str:
        """The last lines of the log, for an error message."""
        if not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


class _Keeper(threading.Thread):
    """One child and its successors.

    The kernel ties a child to the *thread* that started it, so each child is started, awaited and
    started again by one thread that lives as long as the child is wanted. Waiting costs nothing
    and a death is noticed at once.
    """

    def __init__(self, command: Command) -> None:
        super().__init__(name=f"keeper of {command.name}", daemon=True)
        self.command = command
        self.child: subprocess.Popen[bytes] | None = None
        self.first_try = threading.Event()
        self.refusal: Exception | None = None
        self.deaths: deque[float] = deque(maxlen=DEATHS_AT_START)
        self._stopping = threading.Event()
        self._gate = threading.Lock()
        self._done = threading.Event()

    def run(self) -> None:
        delay = FIRST_DELAY_SECONDS
        end_orphan(self.command.pid_file, self.command.stop_signal)
        while self._try_to_start():
            began = time.monotonic()
            if self.child is not None:
                self.child.wait()
            self.deaths.append(time.monotonic())
            if not self.command.respawn:
                break
            if time.monotonic() - began >= HEALTHY_AFTER_SECONDS:
                delay = FIRST_DELAY_SECONDS
            self._stopping.wait(delay)
            delay = min(delay * 2, LONGEST_DELAY_SECONDS)
        self.command.pid_file.unlink(missing_ok=True)
        self._done.set()

    def _try_to_start(self) -> bool:
        """False when there is nothing more to do; a later failure to start is tried again."""
        with self._gate:
            if self._stopping.is_set():
                return False
            try:
                self.child = self.command.start()
            except (OSError, subprocess.SubprocessError) as error:
                self.child = None
                self.refusal = error
        first = not self.first_try.is_set()
        self.first_try.set()
        return self.child is not None or not first

    def stop(self) -> None:
        """Ask the child to end, and end its whole group when it does not in time."""
        with self._gate:
            self._stopping.set()
        self._signal(self.command.stop_signal)
        if not self._done.wait(STOP_SECONDS):
            self._signal(signal.SIGKILL)
            self._done.wait(STOP_SECONDS)

    def _signal(self, number: int) -> None:
        if self.child is None or self.child.poll() is not None:
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(self.child.pid, number)
            else:
                self.child.send_signal(number)
        except ProcessLookupError:
            return

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.poll() is None

    @property
    def failing(self) -> bool:
        """Whether it does not get over its start: see `Supervisor.check`."""
        if self.alive:
            return False
        if not self.command.respawn:
            return self.child is None or self.child.returncode != 0
        full = len(self.deaths) == DEATHS_AT_START
        return full and self.deaths[-1] - self.deaths[0] <= HEALTHY_AFTER_SECONDS


class Supervisor:
    """The children of this process. Use it as a context manager: leaving it stops them.

    A child that ends is started again after 0.1 s, doubling to 2 s, from the beginning once it has
    lived for 10 s; no child is ever given up. Inside the `with` block SIGTERM and SIGHUP raise
    SystemExit, so that every way out is an orderly one.
    """

    def __init__(self) -> None:
        self._keepers: dict[str, _Keeper] = {}
        self._afterwards: list[Callable[[], None]] = []
        self._old_handlers: dict[int, object] = {}

    def spawn(
        self,
        name: str,
        argv: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        respawn: bool = True,
        user: tuple[int, int] | None = None,
        stop_signal: int = signal.SIGTERM,
    ) -> None:
        """Start a child and keep it alive; `log` gets its output and, with suffix .pid, its pid.

        `env` is added to the environment of this process; `user` is (uid, gid). `stop_signal` is
        sent on stop() and by the kernel when this process dies. Raises ServerError when the
        program cannot be started at all.
        """
        if name in self._keepers:
            raise ValueError(f"there is already a child named {name}")
        log.parent.mkdir(parents=True, exist_ok=True)
        keeper = _Keeper(
            Command(name, tuple(argv), dict(env or {}), cwd, log, respawn, user, stop_signal)
        )
        keeper.start()
        keeper.first_try.wait()
        if keeper.child is None and keeper.refusal is not None:
            raise ServerError(f"{name} could not be started: {keeper.refusal}.")
        self._keepers[name] = keeper

    def alive(self, name: str) -> bool:
        """Whether the child runs at this moment; False between its death and its successor."""
        return self._keepers[name].alive

    def pid(self, name: str) -> int | None:
        """The pid of the running child, None while there is none."""
        keeper = self._keepers[name]
        return keeper.child.pid if keeper.alive and keeper.child else None

    def check(self, name: str) -> None:
        """Raise ServerError, with the end of the log, for a child that does not get over its start.

        That is: the last 5 deaths within 10 s, or a failure of one that is not to be respawned.
        """
        keeper = self._keepers[name]
        if keeper.failing:
            log = keeper.command.log
            tail = keeper.command.log_tail()
            raise ServerError(f"{name} keeps ending right after its start; {log} says:\n{tail}")

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Run `callback` when all children have been stopped; the last one given runs first."""
        self._afterwards.append(callback)

    def wait(self) -> int:
        """Block the main thread until SIGINT, SIGTERM or SIGHUP comes, and return its number."""
        arrived: SimpleQueue[int] = SimpleQueue()

        def note(number: int, _frame: FrameType | None) -> None:
            arrived.put(number)

        with _handling(END_SIGNALS, note):
            while True:
                # A signal that comes just before a wait begins does not end it.
                with suppress(Empty):
                    return arrived.get(timeout=LISTEN_SECONDS)

    def stop(self) -> None:
        """Stop all children, the last one started first; 10 s each, then SIGKILL."""
        for name in reversed(list(self._keepers)):
            self._keepers.pop(name).stop()
        while self._afterwards:
            self._afterwards.pop()()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGHUP):
                self._old_handlers[number] = signal.signal(number, _leave)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            _restore(self._old_handlers)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _restore(handlers: dict[int, object]) -> None:
    while handlers:
        number, handler = handlers.popitem()
        signal.signal(number, handler)  # type: ignore[arg-type]  # It came from signal() itself.


@contextmanager
def _handling(
    numbers: Sequence[int], handler: Callable[[int, FrameType | None], None]
) -> Iterator[None]:
    old: dict[int, object] = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield
    finally:
        _restore(old)
