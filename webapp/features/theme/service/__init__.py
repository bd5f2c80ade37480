"""What can be done with widgets, one file a subject, gathered here."""

from webapp.features.theme.service.configuration import configure_theme, save_widget, undo
from webapp.features.theme.service.previewing import preview, preview_document
from webapp.features.theme.service.publishing import (
    look,
    prepare_call,
    publish,
    record_configuration,
    record_look,
)
from webapp.features.theme.service.renders import note_render

__all__ = [
    "configure_theme",
    "look",
    "note_render",
    "prepare_call",
    "preview",
    "preview_document",
    "publish",
    "record_configuration",
    "record_look",
    "save_widget",
    "undo",
]
