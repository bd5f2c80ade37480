"""What the environment names is used, the rest is started, and a folder serves one process."""

import os
from pathlib import Path

import pytest

from webapp.embedded.local import LocalServers, running_pid
from webapp.embedded.supervisor import ServerError, Supervisor


def test_both_servers_are_started_when_none_is_named(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    urls = LocalServers(tmp_path, fast=True).start(supervisor, {})
    assert urls.admin_url.startswith("postgresql+psycopg://postgres@/postgres?host=")
    assert urls.redis_url.startswith("unix:///")


def test_named_servers_are_used_and_nothing_is_started(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    urls = LocalServers(tmp_path / "a", fast=True).start(supervisor, {})
    named = {
        "DATABASE_URL": urls.admin_url.replace("+psycopg", ""),
        "REDIS_URL": urls.redis_url,
    }
    with Supervisor() as idle:
        assert LocalServers(tmp_path / "b").start(idle, named) == urls
        with pytest.raises(KeyError):
            idle.pid("postgres")


def test_a_named_server_that_does_not_answer_is_a_sentence(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    named = {
        "REDIS_URL": f"unix://{tmp_path}/nobody",
        "DATABASE_URL": f"postgresql:///?host={tmp_path}",
    }
    with pytest.raises(ServerError, match="DATABASE_URL names does not answer"):
        LocalServers(tmp_path).start(supervisor, named)


def test_a_folder_in_use_is_refused_with_the_pid_of_its_user(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    LocalServers(tmp_path, fast=True).start(supervisor, {})
    assert running_pid(tmp_path) == os.getpid()
    with Supervisor() as second, pytest.raises(ServerError, match=rf"pid {os.getpid()}\)"):
        LocalServers(tmp_path).start(second, {})


def test_a_folder_is_free_again_after_the_stop(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        LocalServers(tmp_path, fast=True).start(supervisor, {})
    assert running_pid(tmp_path) is None


def test_a_folder_that_cannot_be_made_is_a_sentence(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ServerError, match="choose another one with --data"):
        LocalServers(tmp_path / "file" / "below").start(supervisor, {})
