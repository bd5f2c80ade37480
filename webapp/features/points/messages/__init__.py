"""What goes into and comes out of the use cases of points, and what is said about them; one file a
subject, gathered here."""

from webapp.core.contract import Notification
from webapp.features.points.messages import ledger, tiers
from webapp.features.points.messages.ledger import (
    CardPush,
    Entry,
    OrderRange,
    PointsSynced,
    Standing,
    SyncPoints,
)

NOTIFICATIONS: tuple[Notification, ...] = (*ledger.NOTIFICATIONS, *tiers.NOTIFICATIONS)

__all__ = [
    "CardPush",
    "Entry",
    "OrderRange",
    "PointsSynced",
    "Standing",
    "SyncPoints",
]
