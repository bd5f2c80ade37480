"""The archive of a card, made of a template: only three small files differ from card to card.

The template's pictures and languages are hashed, compressed and given their headers once; a card is
the template's bytes, the headers and contents of its own files, and the directory of both. Text is
deflated, pictures are stored, for they are compressed already. All times are 1980-01-01, the oldest
there is, so that the same content is the same bytes. Source: PKWARE, APPNOTE.TXT 4.3.
"""

import hashlib
import json
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_VERSION, _UTF8, _DATE = 20, 0x800, 0x21
STORED, DEFLATED = 0, 8
PASS, MANIFEST, SIGNATURE = "pass.json", "manifest.json", "signature"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file in the archive: its local header with the content, and its line in the directory up to
    the offset, which is the last that is known."""

    local: bytes
    central: bytes
    name: bytes

    @classmethod
    def of(cls, name: str, content: bytes, method: int) -> "_Entry":
        packed = content
        if method == DEFLATED:
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            packed = packer.compress(content) + packer.flush()
        named = name.encode()
        sums = (zlib.crc32(content), len(packed), len(content))
        common = (_VERSION, _UTF8, method, 0, _DATE, *sums, len(named), 0)
        local = _LOCAL.pack(b"PK\x03\x04", *common) + named + packed
        central = _CENTRAL.pack(b"PK\x01\x02", _VERSION, *common, 0, 0, 0, 0, 0)[:-4]
        return cls(local, central, named)


class Template:
    """What all cards of one look have in common."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        ordered = sorted(files.items())
        self._bodies = b""
        self._directory = b""
        for name, content in ordered:
            method = STORED if name.endswith(".png") else DEFLATED
            entry = _Entry.of(name, content, method)
            self._directory += entry.central + struct.pack("<I", len(self._bodies)) + entry.name
            self._bodies += entry.local
        self._number = len(ordered)
        hashes = {name: sha1(content) for name, content in ordered}
        self._hashes = json.dumps(hashes, separators=(",", ":"))[:-1]

    def manifest(self, card: bytes) -> bytes:
        """`manifest.json` of a card with this `pass.json`: the SHA-1 of every file, as the format
        wants it."""
        between = "," if self._number else ""
        return f'{self._hashes}{between}"{PASS}":"{sha1(card)}"}}'.encode()

    def assemble(self, card: bytes, manifest: bytes, signature: bytes) -> bytes:
        """The whole archive of a card."""
        own = ((PASS, card), (MANIFEST, manifest), (SIGNATURE, signature))
        entries = [_Entry.of(name, content, STORED) for name, content in own]
        return self._joined(entries)

    def _joined(self, entries: Iterable[_Entry]) -> bytes:
        bodies, directory, at, number = [self._bodies], [self._directory], len(self._bodies), 0
        for number, entry in enumerate(entries, 1):  # noqa: B007 - counted
            bodies.append(entry.local)
            directory.append(entry.central + struct.pack("<I", at) + entry.name)
            at += len(entry.local)
        size, total = sum(map(len, directory)), self._number + number
        end = _END.pack(b"PK\x05\x06", 0, 0, total, total, size, at, 0)
        return b"".join((*bodies, *directory, end))


def sha1(content: bytes) -> str:
    """A digest as the manifest has it; no secret depends on it."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
