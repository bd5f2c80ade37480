"""Secrets at rest: AES-256-GCM with key ids, each value bound to the place where it is stored.

A sealed value reads
`version (1 byte) | length of key id (1) | key id | nonce (12) | ciphertext and tag`.
The place (table, column, merchant, row) is authenticated, so a value copied to another row, column
or tenant does not open. Source: NIST SP 800-38D; a random 96-bit nonce per value.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = 1
NONCE_BYTES = 12


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
    """Encrypts with the first key, opens with any key it holds."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = {key_id: AESGCM(raw) for key_id, raw in keys.items()}
        self._current = next(iter(keys))

    def seal(self, plain: str, place: Place) -> bytes:
        """Encrypt `plain` for `place`."""
        key_id, nonce = self._current.encode(), os.urandom(NONCE_BYTES)
        header = bytes((VERSION, len(key_id))) + key_id
        sealed = self._keys[self._current].encrypt(nonce, plain.encode(), header + place.bound())
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
