"""Reads every log line of the run: no secret, and no address of a shopper, may be in any of them.

A handler on the root logger sees each record of this process as it is written, with its traceback;
the log files that other processes left in the run's temporary folder are read at the end. Anything
found fails the run, also when every test has passed. A line is shown with what was found struck
out, so that the report tells no secret either.

The product's own formatter strikes out as well (`webapp.core.logs`). These patterns are wider and
look at the record before that: the product must not rely on its net.
"""

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from webapp.core import logs

PATTERNS: Mapping[str, re.Pattern[str]] = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "service key": r"\blnk_[\w-]{12,}",
        "access token": r"\bshp[a-z]{2,3}_\w+",
        "connection key": r"\b(?:phc_|phx_|xox[a-z]-|xapp-|xai-|sk_)[\w-]{6,}|\bpk_[0-9a-f]{8,}\b",
        "credential": r"(?i)\b(?:bearer|klaviyo-api-key|basic) [\w.~+/=-]{8,}",
        "sign-in link": r"\bmer_[\w-]{8,}(?:~|%7E)[\w-]{16,}",
        "e-mail address": r"[\w.+%-]{1,64}@(?:[\w-]+\.)+[a-zA-Z]{2,}\b",
        "telephone number": r"(?<![\w.+])\+[1-9]\d{7,14}\b",
    }.items()
}
# Names in a JSON file under which a process was told a secret.
SECRET_NAMES = re.compile(r"secret|token|password|_keys?$|^key$|^(?:admin|customer)$")
PUBLIC_NAMES = ("api_key",)
SHORTEST_SECRET = 12
LEAKS = "leaks"


def found_in(line: str, known: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(kind, text) of everything in a line that must not be there."""
    found = [(kind, match[0]) for kind, p in PATTERNS.items() for match in p.finditer(line)]
    return found + [("known secret", secret) for secret in known if secret in line]


def describe(where: str, line: str, found: Iterable[tuple[str, str]]) -> str:
    """What to report, without repeating what was found."""
    kinds = []
    for kind, text in found:
        line = line.replace(text, f"<{kind}>")
        kinds.append(kind)
    return f"{where}: {', '.join(kinds)}: {line.strip()[:300]}"


class LogScan(logging.Handler):
    """Reads records as they are written. `known` are secrets that have no shape of their own."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        super().__init__(logging.NOTSET)
        self.known = tuple(known)
        self.records = 0
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records += 1
        text = self.format(record)
        found = found_in(text, self.known)
        if found:
            test = os.environ.get("PYTEST_CURRENT_TEST", "outside any test")
            self.leaks.append(describe(f"{test} [{record.name}]", text, found))

    def read_files(self, folder: Path) -> None:
        """Read the log files below `folder`, also for the secrets that JSON files there tell."""
        known = {*self.known, *told_secrets(folder)}
        for file in sorted(folder.rglob("*.log")):
            for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
                if found := found_in(line, known):
                    self.leaks.append(describe(str(file), line, found))


def told_secrets(folder: Path) -> Iterator[str]:
    """Every secret that a process was told by a JSON file below `folder`."""
    for file in folder.rglob("*.json"):
        try:
            yield from secrets_of(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError):
            continue


def secrets_of(value: object, name: str = "") -> Iterator[str]:
    """The texts under names that stand for secrets, anywhere in a JSON value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secrets_of(inner, str(key).lower())
    elif isinstance(value, list):
        for inner in value:
            yield from secrets_of(inner, name)
    elif isinstance(value, str) and SECRET_NAMES.search(name) and name not in PUBLIC_NAMES:
        secret = value.rpartition(":")[2] if name.endswith("encryption_keys") else value
        if len(secret) >= SHORTEST_SECRET:
            yield secret


class LogScanPlugin:
    """Attaches a scan to the run, and fails the run for what it found."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.scan = LogScan(known)
        self._folder: Path | None = None

    @pytest.fixture(scope="session", autouse=True)
    def folder_of_the_run(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Remember where the run keeps its files."""
        self._folder = tmp_path_factory.getbasetemp()

    def pytest_sessionstart(self) -> None:
        """What the product's processes would log is logged in tests, and read."""
        root = logging.getLogger()
        root.addHandler(self.scan)
        root.setLevel(logging.INFO)
        for name in ("webapp", "jobs"):
            logging.getLogger(name).setLevel(logging.DEBUG)
        logs.set_levels()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker of a parallel run tells what it has found."""
        self.scan.leaks += getattr(node, "workeroutput", {}).get(LEAKS, ())

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        logging.getLogger().removeHandler(self.scan)
        if self._folder is not None:
            self.scan.read_files(self._folder)
        getattr(session.config, "workeroutput", {})[LEAKS] = self.scan.leaks
        if self.scan.leaks and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.scan.leaks:
            terminalreporter.section("secrets or addresses in logs", red=True)
            for leak in self.scan.leaks:
                terminalreporter.line(leak)
