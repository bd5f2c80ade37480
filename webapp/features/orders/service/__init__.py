"""Use cases of orders on their way in. None of them commits."""

from webapp.features.orders.service.contacts import keep_contacts
from webapp.features.orders.service.history import (
    ALL_ORDERS,
    ask_history,
    prepare_history,
    take_history,
)
from webapp.features.orders.service.imports import (
    begin_import,
    finish_import,
    note_progress,
    refresh_statistics,
    stage,
    take_chunk,
)
from webapp.features.orders.service.known import find_store
from webapp.features.orders.service.live import prepare_missed, take_missed, take_paid

__all__ = [
    "ALL_ORDERS",
    "ask_history",
    "begin_import",
    "find_store",
    "finish_import",
    "keep_contacts",
    "note_progress",
    "prepare_history",
    "prepare_missed",
    "refresh_statistics",
    "stage",
    "take_chunk",
    "take_history",
    "take_missed",
    "take_paid",
]
