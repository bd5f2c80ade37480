"""Reads of points, one file a subject."""

from webapp.features.points.queries.balances import (
    ON_ITS_WAY,
    PointsTotals,
    multi_store_adoption,
    standing,
    sync_accuracy,
    totals,
)

__all__ = [
    "ON_ITS_WAY",
    "PointsTotals",
    "multi_store_adoption",
    "standing",
    "sync_accuracy",
    "totals",
]
