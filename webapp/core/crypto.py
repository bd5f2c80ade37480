"""Secrets at rest: AES-256-GCM with key ids, each value bound to the place where it is stored.

A sealed value reads
`version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag`.
The place (table, column, merchant, row) is authenticated, so a value copied to another row, column
or tenant does not open. Source: NIST SP 800-38D; a random 96-bit nonce per value.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1
NONCE_BYTES = 12
# What an envelope calls the algorithm (RFC 7518, 5.1).
ALGORITHM = "A256GCM"


class SealedValueError(Exception):
    """A sealed value does not open: wrong place, unknown key, or altered bytes."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sealed value lives; `merchant` is empty for values that belong to no tenant."""

    table: str
    column: str
    merchant: str
    row: str

    def bound(self) -> bytes:
        """The authenticated bytes; lengths are written out so that two places never collide."""
        fields = (self.table, self.column, self.merchant, self.row)
        return b"".join(len(f.encode()).to_bytes(4) + f.encode() for f in fields)


class KeyRing:
    """Encrypts with the first key, whose id is `current`, opens with any key it holds."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(raw) for key_id, raw in keys.items()}
        self.current = next(iter(keys))

    def seal(self, plain: str, place: Place) -> bytes:
        """Encrypt `plain` for `place`."""
        nonce = os.urandom(NONCE_BYTES)
        header = _header(self.current)
        sealed = self._keys[self.current].encrypt(nonce, plain.encode(), header + place.bound())
        return header + nonce + sealed

    def open(self, sealed: bytes, place: Place) -> str:
        """Decrypt what was sealed for `place`; raises SealedValueError."""
        if len(sealed) < 2 or sealed[0] != VERSION:
            raise SealedValueError("unknown format")
        end = 2 + sealed[1]
        header, nonce, rest = sealed[:end], sealed[end : end + NONCE_BYTES], sealed[end + 12 :]
        key = self._keys.get(header[2:].decode(errors="replace"))
        if key is None:
            raise SealedValueError("the key that sealed this value is not in the ring")
        try:
            return key.decrypt(nonce, rest, header + place.bound()).decode()
        except (InvalidTag, ValueError) as error:
            raise SealedValueError("the value was altered or moved") from error

    def seal_envelope(self, plain: str, place: Place) -> dict[str, Any]:
        """The same for a column of JSON: `{"v", "alg", "kid", "n", "ct"}`, nonce and ciphertext in
        base64."""
        sealed = self.seal(plain, place)
        body = sealed[len(_header(self.current)) :]
        return {
            "v": VERSION,
            "alg": ALGORITHM,
            "kid": self.current,
            "n": base64.b64encode(body[:NONCE_BYTES]).decode(),
            "ct": base64.b64encode(body[NONCE_BYTES:]).decode(),
        }

    def open_envelope(self, envelope: Mapping[str, Any], place: Place) -> str:
        """What an envelope holds; raises SealedValueError."""
        try:
            if (envelope["v"], envelope["alg"]) != (VERSION, ALGORITHM):
                raise SealedValueError("unknown format")
            parts = [base64.b64decode(envelope[name], validate=True) for name in ("n", "ct")]
            header = _header(envelope["kid"])
        except (KeyError, TypeError, ValueError, binascii.Error) as error:
            raise SealedValueError("unknown format") from error
        return self.open(header + b"".join(parts), place)


def _header(key_id: str) -> bytes:
    named = key_id.encode()
    return bytes((VERSION, len(named))) + named
