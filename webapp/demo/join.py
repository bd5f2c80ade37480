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

# Help needs no server; nothing connects to this.
NOWHERE = Settings(
    database_url="postgresql+psycopg://",
    redis_url="redis://",
    secret_key="",
    encryption_keys={"none": bytes(32)},
    base_url="",
    shopify_admin_url="",
    clock_file=None,
    calls_a_minute=1,
)
DATA = Path(__file__).parents[2] / "var"


def run_command(command: Command, argv: list[str], folder: Path = DATA) -> int:
    """Run a command on its database: of the demo in DIR after `--data DIR`, which the command does
    not see, else of the environment, else of the demo in `folder`.

    Raises ConfigurationError when there is none to join.
    """
    named, rest = take_data(argv)
    asks_for_help = not {"-h", "--help"}.isdisjoint(rest)
    parts = build(NOWHERE if asks_for_help else settings_for(named, folder))
    try:
        return command.main(parts.database, rest)
    finally:
        parts.close()


def take_data(argv: list[str]) -> tuple[Path | None, list[str]]:
    """The DIR of `--data DIR` (or `--data=DIR`), if there is one, and the other arguments."""
    named: Path | None = None
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        option, equals, value = word.partition("=")
        if option != "--data":
            rest.append(word)
        elif value := value if equals else next(words, ""):
            named = Path(value)
        else:
            raise ConfigurationError("--data needs the folder of a demo: --data DIR.")
    return named, rest


def settings_for(named: Path | None, folder: Path) -> Settings:
    """Settings of the demo in `named`; without a name those of the environment when they are
    there, else those of the demo in `folder`."""
    if named is not None:
        return Settings.from_env({**os.environ, **environment_of_demo(named)})
    # Data are sealed with the keys, so an address without them leads to a demo's server at most.
    if os.environ.get("DATABASE_URL") and (
        os.environ.get("LOYALNEST_ENCRYPTION_KEYS") or running_pid(folder) is None
    ):
        return Settings.from_env()
    return Settings.from_env({**os.environ, **environment_of_demo(folder)})


def environment_of_demo(folder: Path) -> dict[str, str]:
    """What the demo that runs in `folder` told its processes."""
    file = folder / ENVIRONMENT_FILE
    if running_pid(folder) is None or not file.exists():
        raise ConfigurationError(
            f"There is no database to work on: no demo runs in {folder}. Start `python3 -m webapp "
            "demo` in another window, name its folder with --data DIR, or set DATABASE_URL and the "
            "settings beside it."
        )
    environment: dict[str, str] = json.loads(file.read_text())
    return environment
