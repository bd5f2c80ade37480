"""Use cases of orders on their way in. None of them commits."""

from webapp.features.orders.service.bulk import prepare_bulk, take_bulk
from webapp.features.orders.service.contacts import hash_contacts, keep_consents, keep_contacts
from webapp.features.orders.service.customers import (
    delete_customers,
    make_members,
    merge_customers,
    strangers,
    tell_of,
)
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
from webapp.features.orders.service.live import (
    prepare_missed,
    take_changed,
    take_missed,
    take_paid,
)
from webapp.features.orders.service.privacy import (
    answer_request,
    ask_for_data,
    erase_again,
    erasures,
    redact_customers,
    redact_shops,
)
from webapp.features.orders.service.refunds import take_refunds

__all__ = [
    "ALL_ORDERS",
    "answer_request",
    "ask_for_data",
    "ask_history",
    "begin_import",
    "delete_customers",
    "erase_again",
    "erasures",
    "find_store",
    "finish_import",
    "hash_contacts",
    "keep_consents",
    "keep_contacts",
    "make_members",
    "merge_customers",
    "note_progress",
    "prepare_bulk",
    "prepare_history",
    "prepare_missed",
    "redact_customers",
    "redact_shops",
    "refresh_statistics",
    "stage",
    "strangers",
    "take_bulk",
    "take_changed",
    "take_chunk",
    "take_history",
    "take_missed",
    "take_paid",
    "take_refunds",
    "tell_of",
]
