"""Tables that only points writes, one file a subject, gathered here."""

from webapp.features.points.models.ledger import (
    ENTRY_TYPES,
    LotAllocation,
    MetafieldProjection,
    PointsDeficit,
    PointsLot,
    PointsTransaction,
)
from webapp.features.points.models.rules import PointsRate, PointsRule

__all__ = [
    "ENTRY_TYPES",
    "LotAllocation",
    "MetafieldProjection",
    "PointsDeficit",
    "PointsLot",
    "PointsRate",
    "PointsRule",
    "PointsTransaction",
]
