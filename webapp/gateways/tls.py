"""Whom we trust when we call out over TLS, and by what we are known."""

import ssl
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import httpcore


@cache
def usual() -> ssl.SSLContext:
    """The usual authorities. Reading them takes 20 ms; once a process is enough."""
    return httpcore.default_ssl_context()


def presenting(pem: Sequence[str], trusted_ca: Path | None) -> ssl.SSLContext:
    """The same, and the authority of a file; we are known by a certificate: its own PEM, those that
    vouch for it, and its key. Raises ssl.SSLError for what is none."""
    context = httpcore.default_ssl_context()
    if trusted_ca is not None:
        context.load_verify_locations(trusted_ca)
    # The ssl module reads certificates from files only.
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "certificate.pem"
        file.touch(mode=0o600)
        file.write_text("\n".join(pem))
        # A protected key is refused, and nobody is asked for its password on a terminal.
        context.load_cert_chain(file, password="")
    return context
