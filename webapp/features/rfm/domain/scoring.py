"""Scores and segments. Source: quintile RFM with cut-points on values, so that equal values get
equal scores and the order of rows never matters."""

from collections.abc import Sequence
from typing import Any

# The specification's labels, in the order of its chart.
SEGMENTS = ("Champions", "Loyal", "At-Risk", "New", "Inactive")
QUANTILES = (0.2, 0.4, 0.6, 0.8)


def score(value: Any, cuts: Sequence[Any]) -> int:
    """1 to 5: one more than the number of cut-points strictly below `value`."""
    return 1 + sum(1 for cut in cuts if cut < value)


def segment(recency: int, frequency: int, monetary: int) -> str:
    """The first segment that fits three scores of 1 to 5."""
    spending = frequency + monetary
    if recency >= 4 and spending >= 8:
        return "Champions"
    if recency >= 3 and spending >= 6:
        return "Loyal"
    if recency >= 4:
        return "New"
    if spending >= 5:
        return "At-Risk"
    return "Inactive"
