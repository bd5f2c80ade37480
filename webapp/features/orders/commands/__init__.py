"""The verbs of orders, one file a subject, gathered here."""

from webapp.features.orders.commands import imports, privacy
from webapp.features.orders.commands.imports import (
    IMPORT_ERRORS,
    begin,
    import_files,
    patiently,
    read_files,
    reason,
    sentence,
    wait_for_handlers,
)

__all__ = [
    "COMMANDS",
    "IMPORT_ERRORS",
    "begin",
    "import_files",
    "patiently",
    "read_files",
    "reason",
    "sentence",
    "wait_for_handlers",
]

COMMANDS = {**imports.COMMANDS, **privacy.COMMANDS}
