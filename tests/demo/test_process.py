import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """The shop as `demo` starts it: a process of its own, told by a file."""
    folder = tmp_path_factory.mktemp("shop")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    content = {
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder),
        "web_url": "http://127.0.0.1:9",
        "app": {"app_secret": "hush", "access_token": "shpat_test"},
        "store": {"shop_domain": "shop-name.myshopify.com"},
    }
    (folder / "shop.json").write_text(json.dumps(content))
    command = [sys.executable, "-m", "webapp.demo.shop", str(folder / "shop.json")]
    process = subprocess.Popen(command, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as client:
        _wait(client)
        yield client
    process.terminate()
    assert process.wait(10) == 0


def _wait(client: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            client.get("/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    pytest.fail("the shop does not start")


def test_twenty_shoppers_at_once_are_served(served: httpx.Client) -> None:
    with ThreadPoolExecutor(20) as shoppers:
        answers = list(shoppers.map(served.get, ["/de/"] * 20))
    assert [answer.status_code for answer in answers] == [200] * 20
