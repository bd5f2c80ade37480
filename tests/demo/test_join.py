import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from webapp.core.config import ConfigurationError
from webapp.demo.join import settings_for, take_data

DEMO = {
    "DATABASE_URL": "postgresql+psycopg://demo",
    "REDIS_URL": "redis://demo",
    "LOYALNEST_SECRET_KEY": "s",
    "LOYALNEST_ENCRYPTION_KEYS": "demo:" + "A" * 43 + "=",
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DEMO:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """A folder as a running demo keeps it."""
    (tmp_path / "environment.json").write_text(json.dumps(DEMO))
    with (tmp_path / "servers.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield tmp_path


@pytest.mark.parametrize("given", [["--data", "d"], ["--data=d"]])
def test_the_folder_is_taken_out_of_the_arguments(given: list[str]) -> None:
    assert take_data(["a.csv", *given, "--shop", "s"]) == (Path("d"), ["a.csv", "--shop", "s"])


def test_a_folder_must_follow() -> None:
    with pytest.raises(ConfigurationError, match="--data DIR"):
        take_data(["a.csv", "--data"])


def test_a_server_without_its_settings_is_the_demo_s(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://external")
    assert settings_for(None, running).database_url == DEMO["DATABASE_URL"]


def test_a_named_folder_comes_before_the_environment(
    running: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**DEMO, "DATABASE_URL": "postgresql://own"}.items():
        monkeypatch.setenv(name, value)
    assert settings_for(running, running).database_url == DEMO["DATABASE_URL"]
    assert settings_for(None, running).database_url == "postgresql://own"


def test_nothing_to_join_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigurationError, match="no demo runs"):
        settings_for(None, tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://external")
    with pytest.raises(ConfigurationError, match="Set REDIS_URL"):
        settings_for(None, tmp_path)
