"""For how long a receiver asks us to wait."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from webapp.core.clock import SystemClock

# Whoever asks for more time than this is asked again after this time.
MOST_AFTER_SECONDS = 3_600.0


def wait_of(headers: Mapping[str, str]) -> float | None:
    """Retry-After in seconds, 0 to MOST_AFTER_SECONDS; None without one that can be read. A date is
    compared with the receiver's own clock, where the answer has one. Source: RFC 9110, 10.2.3."""
    given = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", given, re.ASCII):
        return min(float(given), MOST_AFTER_SECONDS)
    until = _date(given)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or SystemClock().wall()
    return min(max(0.0, (until - now).total_seconds()), MOST_AFTER_SECONDS)


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
