"""Reads for the dashboard, one file a subject, gathered here."""

from webapp.features.orders.queries.imports import (
    HistoryState,
    ImportState,
    OrderTotals,
    history,
    latest_imports,
    own_handlers,
    totals,
)
from webapp.features.orders.queries.privacy import record_of, requests

__all__ = [
    "HistoryState",
    "ImportState",
    "OrderTotals",
    "history",
    "latest_imports",
    "own_handlers",
    "record_of",
    "requests",
    "totals",
]
