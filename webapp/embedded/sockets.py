"""Where a local server is reached: a unix socket in a short, private directory.

The path of a unix socket may have 107 bytes (103 on macOS) and a checkout may lie deep, so sockets
live below the temporary directory, under a name made from the data folder's path.
"""

import hashlib
import os
import shutil
import stat
import tempfile
from pathlib import Path

from webapp.embedded.supervisor import ServerError

LONGEST_PATH_BYTES = 103
LONGEST_NAME = ".s.PGSQL.5432.lock"


def socket_directory(data_dir: Path, server: str) -> Path:
    """A directory for the sockets of one server, made with mode 0700.

    Its parent belongs to this user and cannot be written by another one, so nobody can put a
    socket of his own there; it may be passed through, for a server that runs as another user.
    """
    base = _base(data_dir)
    base.mkdir(mode=0o711, exist_ok=True)
    found = base.lstat()
    ours = found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & 0o022
    if not (ours and stat.S_ISDIR(found.st_mode)):
        raise ServerError(f"{base} belongs to somebody else: remove it, or set TMPDIR.")
    base.chmod(0o711)  # The umask may have taken more away.
    directory = base / server
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def remove_socket_directory(directory: Path) -> None:
    """Remove a server's directory, and the parent with the last one."""
    shutil.rmtree(directory, ignore_errors=True)
    if directory.parent.exists() and not any(directory.parent.iterdir()):
        directory.parent.rmdir()


def _base(data_dir: Path) -> Path:
    """The same for the same user and data folder, below the first temporary place that is short."""
    key = f"{os.geteuid()}:{data_dir.resolve()}"
    name = f"loyalnest-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    places = [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108  # Ownership is checked above.
    for place in places:
        longest = place / name / "postgres" / LONGEST_NAME
        if len(os.fsencode(longest)) <= LONGEST_PATH_BYTES:
            return place / name
    raise ServerError(f"{places[0]} is too long a path for a socket: set TMPDIR to a short one.")
