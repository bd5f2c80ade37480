"""Days that birthdays are on."""

from calendar import monthrange
from datetime import timedelta

# Who has named a birthday may name another after so long.
CHANGE_AGAIN = timedelta(days=365)

# Any leap year: 29 February is a birthday like others.
_LEAP_YEAR = 2024


def is_day(month: int, day: int) -> bool:
    """Whether some year has that day: 29 February is one, 30 February is none."""
    return 1 <= month <= 12 and 1 <= day <= monthrange(_LEAP_YEAR, month)[1]
