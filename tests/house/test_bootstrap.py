"""A stranger's first command: what it installs is pinned, and what is missing is a sentence."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from webapp.bootstrap import browser, interpreter, setup, shell

ROOT = Path(__file__).parents[2]
FIRST_FILES = [
    ROOT / "webapp" / "__main__.py",
    *sorted((ROOT / "webapp" / "bootstrap").glob("*.py")),
]
LOCKS = [ROOT / "requirements.lock", ROOT / "requirements-test.lock"]


def pins(lock: Path) -> set[str]:
    return set(re.findall(r"^([\w.-]+==\S+)", lock.read_text(), re.MULTILINE))


def command(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "webapp", *argv],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", [(3, 8, 18), (3, 10, 13), (3, 14, 0)])
def test_an_unfit_python_reads_one_sentence(version: tuple[int, ...]) -> None:
    problem = interpreter.version_problem(version)
    assert problem is not None
    assert re.fullmatch(
        r"LoyalNest needs Python 3\.11, 3\.12 or 3\.13, and this is .+: .+\.", problem
    )


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_a_supported_python_is_taken(version: tuple[int, ...]) -> None:
    assert interpreter.version_problem(version) is None


@pytest.mark.parametrize("file", FIRST_FILES, ids=lambda file: file.name)
def test_the_first_files_are_readable_by_an_old_python(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("file", FIRST_FILES, ids=lambda file: file.name)
def test_the_first_files_import_only_the_standard_library(file: Path) -> None:
    nodes = list(ast.walk(ast.parse(file.read_text())))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} <= {*sys.stdlib_module_names, "webapp"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_locks_hold_hashes_and_no_addresses(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert len(pins(lock)) <= text.count("--hash=sha256:")


def test_the_lock_follows_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {*project["dependencies"], *project["optional-dependencies"]["test"]}
    assert {re.sub(r"\[.*\]", "", requirement) for requirement in wanted} <= pins(LOCKS[1])


def test_the_test_lock_contains_what_users_run() -> None:
    assert pins(LOCKS[0]) < pins(LOCKS[1])


def test_the_javascript_lock_names_no_server() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())
    packages = [package for path, package in lock["packages"].items() if path]
    assert all(package["integrity"] and "resolved" not in package for package in packages)


def test_javascript_packages_are_pinned_exactly() -> None:
    package = json.loads((ROOT / "package.json").read_text())
    versions = [*package["dependencies"].values(), *package["devDependencies"].values()]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions)


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("error: failed to lookup address: dns error: Temporary failure", "network"),
        ("NewConnectionError(...)\nERROR: No matching distribution found for uv", "network"),
        ("ERROR: No matching distribution found for uv==0.13.9", "missing"),
        ("error sending request\ninvalid peer certificate: UnknownIssuer", "certificate"),
        ("npm error code ENOTFOUND", "network"),
        ("npm error code EINTEGRITY", "hash"),
        ("[Errno 28] No space left on device", "space"),
        ("[Errno 13] Permission denied: '.tools'", "rights"),
    ],
)
def test_a_failed_installer_is_put_into_words(output: str, kind: str) -> None:
    error = shell.failure("Installing", output)
    assert error.kind == kind
    assert re.fullmatch(r"[A-Z].*: .*\.", str(error))


def test_an_unknown_failure_shows_its_last_line_and_where_the_rest_is() -> None:
    assert "kaboom" in str(shell.failure("Installing", "first\nkaboom\n"))
    assert "setup.log" in str(shell.failure("Installing", ""))


def test_a_wrong_name_for_the_browser_is_refused() -> None:
    with pytest.raises(shell.SetupError, match="LOYALNEST_CHROMIUM"):
        browser.find_browser({"LOYALNEST_CHROMIUM": "/no/such/browser"})


def test_the_named_browser_comes_first() -> None:
    assert browser.find_browser({"LOYALNEST_CHROMIUM": sys.executable}) == sys.executable


def test_this_run_is_inside_the_environment_it_needs() -> None:
    assert setup.is_current("test")
    assert setup.is_current("run")


def test_help_lists_every_verb() -> None:
    from_main = re.findall(r'^    "([a-z]+)": Verb', FIRST_FILES[0].read_text(), re.MULTILINE)
    listing = command("--help").stdout
    assert from_main
    assert all(f"\n  {verb} " in listing for verb in from_main)


def test_an_unknown_verb_is_wrong_use_with_the_list() -> None:
    done = command("no-such-verb")
    assert done.returncode == 2
    assert "unknown verb no-such-verb" in done.stderr
    assert "import-orders" in done.stderr


def test_no_verb_is_wrong_use() -> None:
    assert command().returncode == 2
