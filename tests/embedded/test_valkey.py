"""The embedded Valkey answers over its socket and keeps what was written."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from webapp.embedded.supervisor import Supervisor
from webapp.embedded.valkey import ValkeyServer

Eventually = Callable[[Callable[[], object]], None]


def started(folder: Path, supervisor: Supervisor) -> tuple[ValkeyServer, redis.Redis]:
    server = ValkeyServer(folder / "valkey")
    server.start(supervisor)
    server.wait_ready()
    return server, redis.Redis.from_url(server.url(), decode_responses=True)


def test_it_answers_through_its_socket_only(supervisor: Supervisor, tmp_path: Path) -> None:
    _, client = started(tmp_path, supervisor)
    assert client.config_get("port") == {"port": "0"}
    client.close()


def test_keys_outlive_a_kill(
    supervisor: Supervisor, tmp_path: Path, eventually: Eventually
) -> None:
    server, client = started(tmp_path, supervisor)
    client.set("kept", "yes")
    killed = supervisor.pid("valkey")
    assert killed
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: supervisor.pid("valkey") not in (None, killed))
    server.wait_ready()
    assert client.get("kept") == "yes"
    client.close()


def test_an_unknown_locale_does_not_keep_it_from_starting(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "xx_YY.UTF-8")
    _, client = started(tmp_path, supervisor)
    assert client.ping()
    client.close()
