"""Use cases of notifications. None of them commits."""

from webapp.features.notifications.service.delivering import prepare_message, record_sent
from webapp.features.notifications.service.forgetting import forget_people, forget_said
from webapp.features.notifications.service.hearing import hear
from webapp.features.notifications.service.notices import dismiss_notices, open_notices
from webapp.features.notifications.service.previewing import preview
from webapp.features.notifications.service.wishes import read_settings, save_settings

__all__ = [
    "dismiss_notices",
    "forget_people",
    "forget_said",
    "hear",
    "open_notices",
    "prepare_message",
    "preview",
    "read_settings",
    "record_sent",
    "save_settings",
]
