"""The Python side of set-up: which interpreters will do, `.venv`, uv, and the locked packages."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from webapp.bootstrap.shell import ROOT, TOOLS, VENV, SetupError, cause_of, failure, run, say

OLDEST, NEWEST = (3, 11), (3, 13)
UV_VERSION = "0.13.9"
PYTHON = VENV / "bin" / "python"


def version_problem(version: tuple[int, ...]) -> str | None:
    """The sentence for a Python that is too old or too new, None for one that will do."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return None
    shown = ".".join(str(part) for part in version[:3])
    wanted = [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    here = next((name for name in wanted if _starts(name)), None)
    verb = " ".join(["-m webapp", *sys.argv[1:2]])
    remedy = f"run `{here} {verb}`" if here else "install one of them and run it again with that"
    return f"LoyalNest needs Python 3.11, 3.12 or 3.13, and this is Python {shown}: {remedy}."


def running_version() -> str:
    """Major and minor version of the Python that is running: "3.12"."""
    return f"{sys.version_info[0]}.{sys.version_info[1]}"


def _starts(program: str) -> bool:
    """Whether a name on PATH really is a program: version managers leave empty ones there."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


def install_packages(lock: Path, *, anew: bool) -> None:
    """Make `.venv` hold exactly the packages of the lock, for the Python that is running."""
    _make_venv(anew)
    pip_like = "--require-hashes"
    uv = find_uv()
    output = ""
    # uv trusts its own certificates first, then the system's; pip comes last because it is slow
    # but knows mirrors that are written in pip's own configuration only.
    for certificates in ([], ["--system-certs"]) if uv else ():
        command = [str(uv), "pip", "sync", "--compile-bytecode", *certificates, pip_like]
        code, output = run([*command, "--python", str(PYTHON), str(lock)])
        if code == 0:
            return
        if (cause_of(output) or ("",))[0] in ("space", "rights", "hash"):
            raise failure("Installing the Python packages", output)
    pip = _find_pip()
    if pip is None:
        raise failure("Installing the Python packages", output) if uv else _no_installer()
    say("installing with pip, which takes about a minute longer")
    code, output = run([*pip, "--python", str(PYTHON), "install", pip_like, "-r", str(lock)])
    if code != 0:
        raise failure("Installing the Python packages", output)


def install_tool(name: str, version: str) -> Path:
    """A folder below `.tools` with one package of exactly this version; made when missing."""
    home = TOOLS / f"{name}-{version}"
    if (home / "complete").exists():
        return home
    _new_venv(home)
    requirement = f"{name}=={version}"
    target = ["--python", str(home / "bin" / "python")]
    uv = None if name == "uv" else find_uv()
    output = ""
    for certificates in ([], ["--system-certs"]) if uv else ():
        code, output = run([str(uv), "pip", "install", *certificates, *target, requirement])
        if code == 0:
            break
    else:
        pip = _find_pip()
        if pip is None:
            raise _no_installer()
        code, output = run([*pip, *target, "install", requirement])
    if code != 0:
        raise failure(f"Installing {requirement}", output)
    (home / "complete").touch()
    return home


def find_uv() -> str | None:
    """The pinned uv, else the one of this machine, else None when this platform has none."""
    on_path = shutil.which("uv")
    if on_path and UV_VERSION in run([on_path, "--version"])[1]:
        return on_path
    try:
        return str(install_tool("uv", UV_VERSION) / "bin" / "uv")
    except SetupError as error:
        # What stops pip from getting uv would stop it from getting everything else.
        if on_path is None and error.kind in ("network", "space", "rights"):
            raise
        say(f"uv {UV_VERSION} is not to be had: {error}")
        return on_path


def _find_pip() -> list[str] | None:
    """How to call a pip that can install for another interpreter; None without pip or ensurepip."""
    for python in dict.fromkeys([sys.executable, getattr(sys, "_base_executable", "")]):
        if python and run([python, "-m", "pip", "--version"])[0] == 0:
            return [python, "-m", "pip"]
    home = TOOLS / "pip"
    python = str(home / "bin" / "python")
    if run([python, "-m", "pip", "--version"])[0] != 0:
        shutil.rmtree(str(home), ignore_errors=True)
        if run([sys.executable, "-m", "venv", str(home)])[0] != 0:
            return None
    return [python, "-m", "pip"]


def _no_installer() -> SetupError:
    return SetupError(
        f"{sys.executable} has neither pip nor ensurepip: install them (on Debian and Ubuntu:"
        " `apt-get install python3-venv`), or install uv, then run the command again."
    )


def _make_venv(anew: bool) -> None:
    """Keep a `.venv` that works and has the running Python's version; make any other one anew."""
    question = "import sys; print('{0}.{1}'.format(*sys.version_info), sys.prefix)"
    found = run([str(PYTHON), "-c", question]) if VENV.exists() else (0, "")
    wanted = running_version()
    if found == (0, f"{wanted} {VENV}\n") and not anew:
        return
    if VENV.exists():
        say(f"making .venv anew for Python {wanted}")
    _new_venv(VENV)


def _new_venv(home: Path) -> None:
    """An empty environment without pip, in place of whatever was there."""
    if home == Path(sys.prefix):
        raise SetupError(f"{home} is in use by this command: run `python3 -m webapp` instead.")
    if home.exists():
        shutil.rmtree(str(home))
    code, output = run([sys.executable, "-m", "venv", "--without-pip", str(home)])
    if code != 0:
        raise failure(f"Making {home.relative_to(ROOT)}", output)
