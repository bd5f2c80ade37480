"""Commands of the features join whatever runs: the servers that the environment names, else the
demo on this machine."""

import json
import os
from pathlib import Path

from webapp.core.config import ConfigurationError, Settings
from webapp.core.contract import Command
from webapp.demo.services import ENVIRONMENT_FILE
from webapp.embedded.local import running_pid
from webapp.parts import build

DATA = Path(__file__).parents[2] / "var"


def run_command(command: Command, argv: list[str], folder: Path = DATA) -> int:
    """Run a command on its database. Raises ConfigurationError when there is none to join."""
    environment = dict(os.environ)
    if "DATABASE_URL" not in environment:
        environment.update(environment_of_demo(folder))
    parts = build(Settings.from_env(environment))
    try:
        return command.main(parts.database, argv)
    finally:
        parts.database.close()


def environment_of_demo(folder: Path) -> dict[str, str]:
    """What the demo that runs in `folder` told its processes."""
    file = folder / ENVIRONMENT_FILE
    if running_pid(folder) is None or not file.exists():
        raise ConfigurationError(
            "There is no database to work on: start `python3 -m webapp demo` in another window, "
            "or set DATABASE_URL and the settings beside it."
        )
    environment: dict[str, str] = json.loads(file.read_text())
    return environment
