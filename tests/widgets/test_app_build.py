"""Shopify's own command line builds the app: the theme app extension and the UI extension."""

import os
import re
import shutil
import subprocess
import tomllib
from gzip import compress
from pathlib import Path

import pytest

from tests.widgets.storefront import ROOT
from webapp.bootstrap.node import OLDEST_NODE_OF_TOOLS, find_node
from webapp.core.extension import copy_htmx

CLI = ROOT / "node_modules" / ".bin" / "shopify"
THANK_YOU = "extensions/loyalnest-thank-you"
# Source: shopify.dev, checkout UI extensions: a compiled script takes at most 64 KB.
MOST_BYTES = 64_000


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A copy of what the command line needs, as an app that Shopify could know."""
    copy_htmx(ROOT)
    shutil.copytree(ROOT / "extensions", tmp_path / "extensions")
    shutil.copy(ROOT / "package.json", tmp_path)
    settings = (ROOT / "shopify.app.toml").read_text("utf-8")
    known = re.sub(r'client_id = "0+"', f'client_id = "{"0123456789abcdef" * 2}"', settings)
    (tmp_path / "shopify.app.toml").write_text(known, "utf-8")
    return tmp_path


@pytest.mark.full
def test_shopify_builds_both_extensions(app: Path) -> None:
    node = find_node(OLDEST_NODE_OF_TOOLS)
    assert node and CLI.exists(), "Shopify's CLI is not installed: `python3 -m webapp test` does it"
    command = [node, str(CLI), "app", "build", "--skip-dependencies-installation"]
    environment = {
        **os.environ,
        "CI": "1",
        "SHOPIFY_CLI_NO_ANALYTICS": "1",
        "PATH": os.pathsep.join([str(Path(node).parent), os.environ["PATH"]]),
    }
    done = subprocess.run(
        command, cwd=app, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
    (built,) = (app / THANK_YOU / "dist").glob("*.js")
    script = built.read_bytes()
    assert b"post_purchase" in script
    assert len(compress(script, 9)) <= MOST_BYTES


def test_the_ui_extension_asks_the_address_of_the_app() -> None:
    settings = tomllib.loads((ROOT / "shopify.app.toml").read_text("utf-8"))
    source = (ROOT / THANK_YOU / "src" / "backend.js").read_text("utf-8")
    (address,) = re.findall(r"BACKEND = '([^']+)'", source)
    assert settings["application_url"].startswith(f"{address}/")
