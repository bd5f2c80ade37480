"""What can be done with widgets, one file a subject, gathered here."""

from webapp.features.theme.service.configuration import configure_theme, save_widget, undo
from webapp.features.theme.service.experiments import (
    MOST_DAYS,
    end_test,
    forget_customers,
    note_exposure,
    note_redemptions,
    start_test,
)
from webapp.features.theme.service.previewing import (
    in_themes,
    is_embed,
    preview,
    preview_document,
    warnings,
)
from webapp.features.theme.service.publishing import (
    look,
    prepare_call,
    publish,
    record_configuration,
    record_look,
)
from webapp.features.theme.service.renders import known_placement, note_render
from webapp.features.theme.service.sealing import open_preview, seal_preview

__all__ = [
    "MOST_DAYS",
    "configure_theme",
    "end_test",
    "forget_customers",
    "in_themes",
    "is_embed",
    "known_placement",
    "look",
    "note_exposure",
    "note_redemptions",
    "note_render",
    "open_preview",
    "prepare_call",
    "preview",
    "preview_document",
    "publish",
    "record_configuration",
    "record_look",
    "save_widget",
    "seal_preview",
    "start_test",
    "undo",
    "warnings",
]
