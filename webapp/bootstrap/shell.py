"""Running installers, saying what is being done, and wording failures with their remedy."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
TOOLS = ROOT / ".tools"
LOG = TOOLS / "setup.log"

# Ordered: an installer without network also says that it found no package, and a certificate
# that is not trusted is also a failed connection.
CAUSES = (
    (
        "space",
        r"no space left|ENOSPC|disk quota exceeded|os error 28\b",
        f"The disk is full: free at least 1 GB for {ROOT} and for {tempfile.gettempdir()},"
        " then run the command again.",
    ),
    (
        "hash",
        r"hash mismatch|do not match the hashes|EINTEGRITY",
        "A downloaded package differs from the lock file and was refused: clear the caches with"
        " `pip cache purge` and `npm cache clean --force`, then run the command again.",
    ),
    (
        "certificate",
        r"UnknownIssuer|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET_ISSUER)",
        "The certificate of the package server is not trusted: set SSL_CERT_FILE, PIP_CERT and"
        " NODE_EXTRA_CA_CERTS to the certificate file of your organisation.",
    ),
    (
        "network",
        r"dns error|name resolution|NewConnectionError|ConnectTimeout|ReadTimeout|timed out"
        r"|connection (refused|reset)|network is unreachable|error sending request|ProxyError"
        r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH",
        "The package servers cannot be reached: connect this machine to the network, or point"
        " pip, uv and npm at your mirror, then run the command again.",
    ),
    (
        "missing",
        r"no matching distribution|not found in the package registry|no solution found"
        r"|\bE404\b|ETARGET|404 not found",
        "The package server in use lacks a package of the lock file: use the public index, or add"
        f" the package to your mirror (its name stands at the end of {LOG}).",
    ),
    (
        "rights",
        r"permission denied|EACCES|EPERM|read-only file system|operation not permitted",
        f"The folder {ROOT} cannot be written: run the command as the owner of the folder, or"
        " clone the repository to a folder of your own.",
    ),
)


class SetupError(Exception):
    """Something that set-up needs is missing; the message is a sentence that says what to do."""

    for_people = True

    def __init__(self, sentence: str, kind: str = "") -> None:
        super().__init__(sentence)
        self.kind = kind


def cause_of(output: str) -> tuple[str, str] | None:
    """The kind and the sentence for a known failure in an installer's output; None if unknown."""
    for kind, pattern, sentence in CAUSES:
        if re.search(pattern, output, re.IGNORECASE):
            return kind, sentence
    return None


def failure(what: str, output: str) -> SetupError:
    """The error to raise for an installer that said `output`."""
    known = cause_of(output)
    if known:
        return SetupError(known[1], known[0])
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = lines[-1] if lines else "no output"
    return SetupError(f"{what} failed ({last}): the whole output is in {LOG}.")


def say(text: str) -> None:
    """Progress goes to standard error: standard output belongs to the verb."""
    print(f"loyalnest: {text}", file=sys.stderr, flush=True)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Announce a step before it begins and its seconds when it has succeeded."""
    began = time.monotonic()
    say(f"{what} ...")
    yield
    say(f"{what}: {time.monotonic() - began:.1f} s")


def run(argv: Sequence[str], extra: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit code and whole output of a command; both also go to the set-up log.

    The environment is inherited as it is, with its mirrors and certificates. Only where the home
    directory cannot be written do the installers get a cache below the repository instead.
    """
    environ = dict(os.environ)
    if not os.access(str(Path("~").expanduser()), os.W_OK):
        environ.setdefault("UV_CACHE_DIR", str(TOOLS / "cache" / "uv"))
        environ.setdefault("npm_config_cache", str(TOOLS / "cache" / "npm"))
    environ.update(extra or {})
    try:
        done = subprocess.run(
            list(argv),
            env=environ,
            cwd=str(ROOT),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        code, output = done.returncode, done.stdout
    except OSError as error:
        code, output = 127, str(error)
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(argv)}\n{output}\n(exit {code})\n")
    return code, output
