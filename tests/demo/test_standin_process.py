import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from webapp.demo.standins.__main__ import main, ports
from webapp.demo.standins.host import StandinHost

REPOSITORY = Path(__file__).parents[2]


def test_one_process_serves_them_all() -> None:
    command = [sys.executable, "-m", "webapp.demo.standins"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = json.loads(process.stdout.readline())
        assert httpx.post(f"{urls['slack']}/api/api.test", trust_env=False).status_code == 200
        known = httpx.get(f"{urls['control']}/", trust_env=False).json()
        process.terminate()
        assert process.wait(10) == 0
    assert known == {name: url for name, url in urls.items() if name != "control"}


def test_a_taken_port_is_said(
    standin_host: StandinHost, capsys: pytest.CaptureFixture[str]
) -> None:
    port = standin_host.desk.port
    assert main(["--ports", f"klaviyo={port}"]) == 1
    assert "cannot start" in capsys.readouterr().err


def test_ports_are_named() -> None:
    assert ports("klaviyo=1,slack=2") == {"klaviyo": 1, "slack": 2}
    with pytest.raises(SystemExit):
        main(["--ports", "nobody=1"])
