"""`ensure(profile)`: everything that a verb needs is installed, or one sentence says what is not.

What was installed is stamped with the SHA-256 of its lock file, so that a command that finds
nothing to do spends milliseconds. A stamp is removed before an installation begins and written
after it has succeeded: one that was interrupted is done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from webapp.bootstrap import browser, interpreter, node
from webapp.bootstrap.shell import LOG, ROOT, TOOLS, VENV, SetupError, cause_of, say, step

try:
    import fcntl
except ImportError:  # Windows, which `platform_problem` turns away before the lock is used.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCKS = {"run": ROOT / "requirements.lock", "test": ROOT / "requirements-test.lock"}
NODE_LOCK = ROOT / "package-lock.json"
STAMP = ".loyalnest.json"
SPACE_BYTES = {"run": 500_000_000, "test": 1_500_000_000}


def platform_problem() -> str | None:
    """The sentence for an interpreter or a system that cannot run LoyalNest, else None."""
    if fcntl is None:
        return "LoyalNest runs on Linux and macOS: on Windows, run it inside WSL."
    return interpreter.version_problem(sys.version_info[:3])


def ensure(profile: str, *, with_browser: bool = False) -> None:
    """Install what `profile` ("run" or "test") needs and lacks; raises SetupError.

    A test environment also serves "run" and is never taken down to it. Two commands at once wait
    for one another.
    """
    try:
        if not is_current(profile):
            with _alone():
                _install(profile)
        if with_browser:
            TOOLS.mkdir(exist_ok=True)
            browser.ensure_browser(os.environ)
    except OSError as error:
        known = cause_of(str(error))
        raise SetupError(known[1] if known else f"Set-up failed: {error}.") from error


def is_current(profile: str) -> bool:
    """Whether `.venv` and `node_modules` hold what the lock files say for this profile."""
    return _python_stamp(profile) == _read(VENV) and _node_stamp(profile) == _read(node.MODULES)


def inside_venv() -> bool:
    """Whether this very process runs in the repository's `.venv`."""
    return os.path.realpath(sys.prefix) == os.path.realpath(str(VENV))


def _install(profile: str) -> None:
    """Both sides in turn; the first thing to do is to look again, as another command may have."""
    if is_current(profile):
        return
    kind = "test" if profile == "test" else "run"
    if shutil.disk_usage(str(ROOT)).free < SPACE_BYTES[kind]:
        needed = SPACE_BYTES[kind] // 1_000_000
        raise SetupError(f"Set-up needs {needed} MB below {ROOT}: free some space, then try again.")
    LOG.write_text("", encoding="utf-8")
    wanted = _python_stamp(profile)
    found = _read(VENV)
    if wanted != found:
        moved = found.get("home", str(VENV)) != str(VENV)
        lock = LOCKS[wanted["profile"]]
        with step(f"Python packages of {lock.name}"), _stamped(VENV, wanted):
            interpreter.install_packages(lock, anew=moved)
    wanted = _node_stamp(profile)
    if wanted != _read(node.MODULES):
        with step(f"JavaScript packages of {NODE_LOCK.name}"), _stamped(node.MODULES, wanted):
            node.install_modules(wanted["profile"])


def _python_stamp(profile: str) -> dict[str, Any]:
    """The stamp `.venv` should have; with its path, because a copy still points to the first."""
    kind = _at_least(profile, VENV)
    version = interpreter.running_version()
    return {"profile": kind, "lock": _digest(LOCKS[kind]), "python": version, "home": str(VENV)}


def _node_stamp(profile: str) -> dict[str, Any]:
    return {"profile": _at_least(profile, node.MODULES), "lock": _digest(NODE_LOCK)}


def _at_least(profile: str, home: Path) -> str:
    return "test" if "test" in (profile, _read(home).get("profile")) else "run"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _read(home: Path) -> dict[str, Any]:
    """The stamp of an installed folder; empty when there is none, or none that can be read."""
    try:
        stamp = json.loads((home / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


@contextmanager
def _stamped(home: Path, stamp: dict[str, Any]) -> Iterator[None]:
    """Take the stamp away for the time of an installation and write the new one when it is done."""
    old = home / STAMP
    if old.exists():
        old.unlink()
    yield
    fresh = home / (STAMP + ".new")
    fresh.write_text(json.dumps(stamp), encoding="utf-8")
    fresh.replace(home / STAMP)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the set-up lock; the system releases it when this process is gone, however it ends."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "setup.lock").open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another LoyalNest command is setting up here: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
