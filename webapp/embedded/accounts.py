"""As whom PostgreSQL runs, which refuses to run as root.

An ordinary user runs it as himself. Root hands it to an account without rights where that account
can reach the programs and the data. Where it cannot, as below a home of mode 0700, the server gets
a user namespace in which root's files belong to user 1000: nothing is opened to other users.
"""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from webapp.embedded.supervisor import ServerError

ACCOUNTS = ("postgres", "nobody")
NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")


@dataclass(frozen=True)
class Account:
    """A change of user, or a prefix to the command line, or neither."""

    user: tuple[int, int] | None = None
    prefix: tuple[str, ...] = ()

    def give(self, directory: Path) -> None:
        """Make a directory and all below it belong to whom the server will see as itself."""
        if os.geteuid() != 0:
            return
        uid, gid = self.user or (0, 0)
        if directory.stat().st_uid == uid:
            return
        for folder, _, files in os.walk(directory):
            for path in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118
                os.chown(path, uid, gid, follow_symlinks=False)


def choose_account(program: Path, data_dir: Path, sockets: Path) -> Account:
    """The account for `program`; raises ServerError when this machine offers none."""
    if os.geteuid() != 0:
        return Account()
    for user in _candidates(data_dir):
        if _reaches(user, program, data_dir.parent, sockets.parent):
            return Account(user=user)
    if shutil.which("unshare") and _succeeds([*NAMESPACE, str(program), "--version"]):
        return Account(prefix=NAMESPACE)
    raise ServerError(
        f"PostgreSQL does not run as root, no other user may enter {data_dir.parent}, and this"
        " system allows no user namespaces: set DATABASE_URL to a PostgreSQL of yours, or move"
        " the repository to a folder that every user may enter, or run as an ordinary user."
    )


def _candidates(data_dir: Path) -> list[tuple[int, int]]:
    """The owner of existing data first, so that root never takes a user's data away from him."""
    found = []
    if data_dir.exists() and data_dir.stat().st_uid != 0:
        found.append((data_dir.stat().st_uid, data_dir.stat().st_gid))
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        found.append((entry.pw_uid, entry.pw_gid))
    return found


def _reaches(user: tuple[int, int], program: Path, *directories: Path) -> bool:
    """Tried for real, since modes alone do not tell (access lists, mounts, security modules)."""
    script = 'cd "$1" && cd "$2" && exec "$0" --version'
    return _succeeds(["sh", "-c", script, str(program), *map(str, directories)], user)


def _succeeds(argv: list[str], user: tuple[int, int] | None = None) -> bool:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
            user=user[0] if user else None,
            group=user[1] if user else None,
            extra_groups=[] if user else None,
        )
    except OSError:  # A root without the right to become another user, as in some containers.
        return False
    return done.returncode == 0
