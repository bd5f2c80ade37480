"""Reads of points, one file a subject."""

from webapp.features.points.queries.accuracy import ON_ITS_WAY, sync_accuracy
from webapp.features.points.queries.balances import (
    PointsTotals,
    multi_store_adoption,
    spendable,
    totals,
)
from webapp.features.points.queries.receipts import receipts
from webapp.features.points.queries.rules import bonus_expires_at, policies, rule_at, rules
from webapp.features.points.queries.sharing import (
    Change,
    changes,
    links,
    read_sharing,
    stores_shared,
)

__all__ = [
    "ON_ITS_WAY",
    "Change",
    "PointsTotals",
    "bonus_expires_at",
    "changes",
    "links",
    "multi_store_adoption",
    "policies",
    "read_sharing",
    "receipts",
    "rule_at",
    "rules",
    "spendable",
    "stores_shared",
    "sync_accuracy",
    "totals",
]
