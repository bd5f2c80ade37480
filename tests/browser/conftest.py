"""The whole demo as its users start it, and a real Chromium that looks at it."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
READY_SECONDS = 150


@dataclass(frozen=True)
class Demo:
    """A running demo: `facts` is its demo.json in `data`, `process` the command."""

    facts: dict
    data: Path
    process: subprocess.Popen[bytes]

    @property
    def shop(self) -> str:
        return str(self.facts["storefront_url"])

    def customer(self, position: int) -> str:
        return str(self.facts["customers"][position]["customer_id"])


def free_port() -> int:
    """A port whose neighbour is free as well."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("demo")
    log = folder / "demo.log"
    command = [sys.executable, "-m", "webapp", "demo", "--no-browser"]
    options = ["--port", str(free_port()), "--data", str(folder / "var")]
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=output, stderr=output)
    deadline = time.monotonic() + READY_SECONDS
    while b"\nready " not in log.read_bytes().replace(b"\r", b"\n"):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"the demo did not get ready:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)
    data = folder / "var"
    yield Demo(json.loads((data / "demo.json").read_text()), data, process)
    process.terminate()
    process.wait(timeout=60)
