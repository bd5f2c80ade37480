"""`python3 -m webapp check`: everything about the code that needs no test to run."""

import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = Path(sys.executable).parent
CHECKS = {
    "format": ["-m", "ruff", "format", "--check", "."],
    "lint": ["-m", "ruff", "check", "."],
    "types": ["-m", "mypy", "--strict", "-p", "webapp", "-p", "jobs"],
    "contracts": [str(PROGRAMS / "lint-imports")],
    "build": ["-m", "webapp", "build", "--check"],
}


def main(argv: list[str]) -> int:
    """Run all checks, or the named ones; a failed one does not keep the others from running."""
    unknown = [name for name in argv if name not in CHECKS]
    if unknown:
        print(f"usage: python3 -m webapp check [{' | '.join(CHECKS)}] ...")
        return 0 if unknown[0] in ("-h", "--help") else 2
    failed = [name for name in argv or CHECKS if not _passes(name)]
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


def _passes(name: str) -> bool:
    """Run one check; its output is shown only when it fails."""
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, *CHECKS[name]],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    passed = done.returncode == 0
    print(f"{name:<10} {'ok' if passed else 'FAILED':<7} {time.monotonic() - began:6.1f} s")
    if not passed:
        print(done.stdout)
    return passed
