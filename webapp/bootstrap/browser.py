"""The browser and the fonts of the browser tests: found, or installed where that is allowed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from webapp.bootstrap.shell import SetupError, run, say, step

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("chromium", "chromium-browser", "google-chrome")
FONTS = {
    "fonts-noto-core": Path("/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf"),
    "fonts-noto-cjk": Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"),
}
REMEDY = (
    "No Chromium was found, and the browser tests need one: install it (on Debian:"
    " `apt-get install chromium fonts-noto-core fonts-noto-cjk`), or set LOYALNEST_CHROMIUM to"
    " the path of a Chromium or Chrome."
)


def find_browser(environ: Mapping[str, str]) -> str | None:
    """Path of the browser: LOYALNEST_CHROMIUM, else the first known name on PATH, else None."""
    named = environ.get("LOYALNEST_CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise SetupError(f"LOYALNEST_CHROMIUM is {named!r}, not a program: correct it.")
        return found
    return next((path for path in map(shutil.which, NAMES) if path), None)


def ensure_browser(environ: Mapping[str, str]) -> None:
    """Install what is missing as root on Debian; elsewhere say what to do, and fail under CI."""
    wanted = [] if find_browser(environ) else ["chromium"]
    apt = shutil.which("apt-get") if os.geteuid() == 0 else None
    if apt:
        wanted += [package for package, file in FONTS.items() if not file.exists()]
        _install(apt, wanted)
    if find_browser(environ):
        return
    if environ.get("CI") == "true":
        raise SetupError(REMEDY)
    say(REMEDY)


def _install(apt: str, packages: list[str]) -> None:
    """What apt cannot install is judged afterwards, by what is there."""
    if not packages:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with step(f"apt-get install {' '.join(packages)}"):
        run([apt, "update"], quiet)
        code, output = run([apt, "install", "-y", "--no-install-recommends", *packages], quiet)
    if code != 0:
        last = (output.strip().splitlines() or ["no output"])[-1]
        say(f"apt-get could not install {' '.join(packages)}: {last}")
