"""The embedded PostgreSQL starts wherever a checkout may lie, and keeps what was committed."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import create_engine, text

from webapp.embedded.postgres import PostgresServer
from webapp.embedded.supervisor import ServerError, Supervisor

Eventually = Callable[[Callable[[], object]], None]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has this problem")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def started(folder: Path, supervisor: Supervisor) -> PostgresServer:
    server = PostgresServer(folder / "postgres", fast=True)
    server.start(supervisor)
    server.wait_ready()
    return server


def ask(server: PostgresServer, *statements: str) -> str:
    """The first value of the last statement."""
    engine = create_engine(server.url("postgres", "postgres"))
    try:
        with engine.begin() as connection:
            for statement in statements[:-1]:
                connection.execute(text(statement))
            return str(connection.execute(text(statements[-1])).scalar())
    finally:
        engine.dispose()


def test_it_answers_in_utc_and_utf8(supervisor: Supervisor, tmp_path: Path) -> None:
    server = started(tmp_path, supervisor)
    shown = "SELECT current_setting('timezone') || current_setting('server_encoding')"
    assert ask(server, shown) == "UTCUTF8"


def test_it_listens_on_no_network_port(supervisor: Supervisor, tmp_path: Path) -> None:
    server = started(tmp_path, supervisor)
    assert ask(server, "SHOW listen_addresses") == ""


def test_only_its_user_may_enter_the_socket_directory(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    server = started(tmp_path, supervisor)
    assert stat.S_IMODE(server.sockets.stat().st_mode) == 0o700


def test_committed_rows_outlive_a_kill(
    supervisor: Supervisor, tmp_path: Path, eventually: Eventually
) -> None:
    server = started(tmp_path, supervisor)
    ask(server, "CREATE TABLE kept AS SELECT generate_series(1, 200)", "SELECT 1")
    killed = supervisor.pid("postgres")
    assert killed
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: supervisor.pid("postgres") not in (None, killed))
    server.wait_ready()
    assert ask(server, "SELECT count(*) FROM kept") == "200"


def test_data_are_there_at_the_next_start(tmp_path: Path) -> None:
    with Supervisor() as first:
        ask(started(tmp_path, first), "CREATE TABLE kept (n int)", "SELECT 1")
    with Supervisor() as second:
        assert ask(started(tmp_path, second), "SELECT count(*) FROM kept") == "0"


def test_an_interrupted_making_of_the_folder_is_done_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    assert ask(started(tmp_path, supervisor), "SELECT 1") == "1"


def test_nothing_is_left_in_the_temporary_directory(tmp_path: Path) -> None:
    with Supervisor() as supervisor:
        server = started(tmp_path, supervisor)
    assert not server.sockets.parent.exists()


def test_a_very_deep_folder_still_has_a_socket(supervisor: Supervisor, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    assert ask(started(deep, supervisor), "SELECT 1") == "1"


def test_data_of_another_major_version_are_refused(supervisor: Supervisor, tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")
    with pytest.raises(ServerError, match="was made by PostgreSQL 15"):
        started(tmp_path, supervisor)


@as_root
def test_root_hands_it_to_an_account_without_rights(
    supervisor: Supervisor, open_folder: Path
) -> None:
    server = started(open_folder, supervisor)
    pid = supervisor.pid("postgres")
    assert Path(f"/proc/{pid}").stat().st_uid == server.data_dir.stat().st_uid != 0


@as_root
def test_below_a_private_folder_of_root_nothing_is_opened(
    supervisor: Supervisor, open_folder: Path
) -> None:
    open_folder.chmod(0o700)
    server = started(open_folder, supervisor)
    assert ask(server, "SELECT 1") == "1"
    assert stat.S_IMODE(open_folder.stat().st_mode) == 0o700
    assert server.data_dir.stat().st_uid == 0


@as_root
def test_data_follow_when_the_folder_becomes_private(open_folder: Path) -> None:
    with Supervisor() as first:
        ask(started(open_folder, first), "CREATE TABLE kept (n int)", "SELECT 1")
    open_folder.chmod(0o700)
    with Supervisor() as second:
        assert ask(started(open_folder, second), "SELECT count(*) FROM kept") == "0"
