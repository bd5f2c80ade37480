"""The two clocks: business time and wall time.

`now()` is business time (points, streaks, recency; the demo may move it). `wall()` is real time
(signatures, tokens, leases, cache lives). Both are aware datetimes in UTC. This module is the only
place that asks the machine for the time.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Where a process gets its time from."""

    def wall(self) -> datetime:
        """Real time, UTC."""

    def now(self) -> datetime:
        """Business time, UTC."""


class SystemClock:
    """The machine's clock; business time is shifted by the offset in `offset_file`, when given.

    The file is read again whenever it has changed, so that `demo --advance` reaches every process.
    """

    def __init__(self, offset_file: Path | None = None) -> None:
        self._file = offset_file
        self._seen = -1
        self._offset = timedelta()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    def now(self) -> datetime:
        return self.wall() + self._current_offset()

    def _current_offset(self) -> timedelta:
        if self._file is None:
            return self._offset
        try:
            changed = self._file.stat().st_mtime_ns
            if changed != self._seen:
                seconds = json.loads(self._file.read_text())["offset_seconds"]
                self._offset, self._seen = timedelta(seconds=seconds), changed
        except (OSError, ValueError, KeyError):
            # A file that is being replaced keeps the offset known so far.
            return self._offset
        return self._offset


def write_offset(offset_file: Path, business_now: datetime) -> None:
    """Move the business clock of every process that reads `offset_file` to `business_now`."""
    seconds = int((business_now - datetime.now(UTC)).total_seconds())
    part = offset_file.with_suffix(".part")
    part.write_text(json.dumps({"offset_seconds": seconds}))
    part.replace(offset_file)
