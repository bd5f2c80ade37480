"""Use cases of points. None of them commits."""

from webapp.features.points.service.awards import award_orders
from webapp.features.points.service.ledger import (
    Credit,
    Debit,
    Holder,
    changed,
    credit,
    debit,
    give_back,
    lock_member,
    lock_members,
    void,
)
from webapp.features.points.service.pushes import prepare_push, record_push
from webapp.features.points.service.refunds import take_back_cancelled, take_back_refunds
from webapp.features.points.service.sync import sync_points

__all__ = [
    "Credit",
    "Debit",
    "Holder",
    "award_orders",
    "changed",
    "credit",
    "debit",
    "give_back",
    "lock_member",
    "lock_members",
    "prepare_push",
    "record_push",
    "sync_points",
    "take_back_cancelled",
    "take_back_refunds",
    "void",
]
