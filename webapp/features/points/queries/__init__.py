"""Reads of points, one file a subject."""

from webapp.features.points.queries.balances import (
    ON_ITS_WAY,
    PointsTotals,
    multi_store_adoption,
    spendable,
    standing,
    sync_accuracy,
    totals,
)
from webapp.features.points.queries.rules import bonus_expires_at, policies, rule_at, rules

__all__ = [
    "ON_ITS_WAY",
    "PointsTotals",
    "bonus_expires_at",
    "multi_store_adoption",
    "policies",
    "rule_at",
    "rules",
    "spendable",
    "standing",
    "sync_accuracy",
    "totals",
]
