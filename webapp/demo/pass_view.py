"""A viewer of Apple's cards: it draws a `.pkpass` from its files alone, as a telephone would in one
of its languages, and says what is wrong with it."""

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from webapp.core import i18n
from webapp.features.wallet.domain.qr import qr_svg

_ENTRY = re.compile(r'"((?:[^"\\]|\\.)*)"\s*=\s*"((?:[^"\\]|\\.)*)"\s*;')
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)")
_OWN = ("manifest.json", "signature")


@dataclass(frozen=True, slots=True)
class Shown:
    """A field as a person reads it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is drawn of a card. Colours are `#rrggbb`, pictures addresses of data; `problems` say
    what a telephone would refuse it for, and `signature` whether that was looked at."""

    serial: str
    language: str
    dir: str
    name: str
    description: str
    void: bool
    background: str
    foreground: str
    label: str
    logo: str
    strip: str
    header: Sequence[Shown]
    below: Sequence[Shown]
    back: Sequence[Shown]
    code: str
    qr_size: str
    qr_path: str
    problems: Sequence[str]
    signature: str


def draw(content: bytes, language: str, root: str = "") -> Drawn:
    """The card in a language, in English where it has none; with `root` (PEM) OpenSSL is asked
    whether that authority has signed it. Raises ValueError for what is no card."""
    files = _files(content)
    card = json.loads(files["pass.json"])
    tag = language if _folder(language) in files else "en"
    said = _strings(files.get(_folder(tag), b""))
    front = card.get("storeCard", {})
    code: Mapping[str, Any] = next(iter(card.get("barcodes", ())), {})
    size, _, path = qr_svg(code["message"]).partition(" ") if code else ("0", "", "")

    def fields(*names: str) -> list[Shown]:
        return [_shown(one, said, tag) for name in names for one in front.get(name, ())]

    return Drawn(
        serial=str(card["serialNumber"]),
        language=tag,
        dir=i18n.direction(tag),
        name=_read(card.get("logoText") or "", said),
        description=_read(card["description"], said),
        void=bool(card.get("voided")),
        background=_colour(card.get("backgroundColor"), "#ffffff"),
        foreground=_colour(card.get("foregroundColor"), "#000000"),
        label=_colour(card.get("labelColor"), "#000000"),
        logo=_picture(files, "logo"),
        strip=_picture(files, "strip"),
        header=fields("headerFields"),
        below=fields("secondaryFields", "auxiliaryFields"),
        back=fields("backFields"),
        code=str(code.get("altText", "")),
        qr_size=size,
        qr_path=path,
        problems=list(_problems(files)),
        signature=_signature(files, root),
    )


def card_of(content: bytes) -> Mapping[str, Any]:
    """What `pass.json` says. Raises ValueError."""
    found: Mapping[str, Any] = json.loads(_files(content)["pass.json"])
    return found


def _files(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile:
        raise ValueError("this is no archive") from None
    for name in ("pass.json", *_OWN):
        if name not in found:
            raise ValueError(f"there is no {name}")
    return found


def _problems(files: Mapping[str, bytes]) -> Iterator[str]:
    told = json.loads(files["manifest.json"])
    for name, content in files.items():
        digest = hashlib.sha1(content, usedforsecurity=False).hexdigest()
        if name not in _OWN and told.get(name) != digest:
            yield f"{name} is not what the manifest says"
    for name in told.keys() - files.keys():
        yield f"{name} is missing"


def _signature(files: Mapping[str, bytes], root: str) -> str:
    """What OpenSSL says of the signature; nothing where it was not asked."""
    program = shutil.which("openssl")
    if not root or program is None:
        return ""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "root.pem").write_text(root)
        for file in _OWN:
            (folder / file).write_bytes(files[file])
        done = subprocess.run(
            [
                *(program, "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature"),
                *("-content", "manifest.json", "-CAfile", "root.pem", "-purpose", "any"),
                *("-out", "verified"),
            ],
            cwd=folder,
            capture_output=True,
            check=False,
        )
    return "good" if done.returncode == 0 else "wrong"


def _folder(tag: str) -> str:
    return f"{'zh-Hans' if tag == 'zh-CN' else tag}.lproj/pass.strings"


def _strings(content: bytes) -> dict[str, str]:
    found = _ENTRY.findall(content.decode())
    return {_plain(key): _plain(value) for key, value in found}


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


def _read(value: str, said: Mapping[str, str]) -> str:
    return said.get(value, value)


def _shown(field: Mapping[str, Any], said: Mapping[str, str], tag: str) -> Shown:
    value = field["value"]
    if isinstance(value, int):
        text = i18n.number(tag, value)
    elif "dateStyle" in field:
        text = i18n.day(tag, datetime.fromisoformat(value).date())
    else:
        text = _read(str(value), said)
    return Shown(_read(str(field.get("label", "")), said), text)


def _picture(files: Mapping[str, bytes], name: str) -> str:
    """The sharpest of a picture's files."""
    for suffix in ("@3x", "@2x", ""):
        content = files.get(f"{name}{suffix}.png")
        if content:
            return f"data:image/png;base64,{base64.b64encode(content).decode()}"
    return ""


def _colour(written: object, otherwise: str) -> str:
    found = _RGB.fullmatch(str(written))
    if not found or any(int(part) > 255 for part in found.groups()):
        return otherwise
    return "#" + "".join(f"{int(part):02x}" for part in found.groups())
