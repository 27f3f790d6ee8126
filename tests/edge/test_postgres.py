"""The starter keeps its promises: a cluster is whole or absent, a kill loses nothing, the system is left alone."""

import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from socai.edge import unroot
from socai.edge.postgres import EmbeddedPostgres, PostgresError


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A durable server in a folder of its own."""
    made = EmbeddedPostgres(tmp_path / "pg")
    yield made
    if made.folder.exists():
        made.stop(immediate=True)


def ask(dsn: str, question: str) -> object:
    """The one value that a question answers with."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute(question).fetchone()
    assert row is not None
    return row[0]


def test_first_start_makes_a_durable_utf8_cluster_in_c_locale(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    expected = {
        "fsync": "on",
        "synchronous_commit": "on",
        "server_encoding": "UTF8",
        "lc_collate": "C",
        "TimeZone": "UTC",
        "shared_buffers": "128MB",
        "listen_addresses": "",
    }
    settings = {name: ask(dsn, f"select current_setting('{name}')") for name in expected if name != "lc_collate"}
    settings["lc_collate"] = ask(dsn, "select datcollate from pg_database where datname = current_database()")
    assert settings == expected
    assert int(str(ask(dsn, "show server_version_num"))) >= 150000


def test_second_start_uses_the_running_server(server: EmbeddedPostgres) -> None:
    """Another process of the cloud finds the server and neither restarts nor stops it."""
    server.start()
    pid = server.postmaster_pid()
    with EmbeddedPostgres(server.folder) as again:
        assert again.postmaster_pid() == pid
        assert not again.started_here
    assert server.postmaster_pid() == pid


def test_context_manager_stops_what_it_started(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg") as server:
        assert ask(server.dsn(), "select 1") == 1
    assert server.postmaster_pid() is None


def test_what_was_committed_is_there_after_stop_and_start(server: EmbeddedPostgres) -> None:
    dsn = server.start()
    with psycopg.connect(dsn) as connection:
        connection.execute("create table kept as select 42 as answer")
    server.stop()
    assert ask(server.start(), "select answer from kept") == 42


def test_what_was_committed_survives_kill_9(server: EmbeddedPostgres) -> None:
    """The pid file and socket left behind do not hinder the start, which recovers from the log."""
    dsn = server.start()
    with psycopg.connect(dsn) as connection:
        connection.execute("create table kept as select 42 as answer")
    pid = server.postmaster_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert ask(server.start(), "select answer from kept") == 42
    assert server.postmaster_pid() != pid


def test_pid_file_with_the_number_of_another_program_does_not_hinder(server: EmbeddedPostgres) -> None:
    """After a power cut the number may belong to anybody, here to this very test."""
    server.start()
    server.stop(immediate=True)
    mark = server.data / "postmaster.pid"
    mark.write_text(f"{os.getpid()}\n{server.data}\n0\n5432\n{server.folder}\n\n0 0\nready   \n")
    assert server.postmaster_pid() is None
    assert ask(server.start(), "select 1") == 1


def test_cluster_half_made_by_a_killed_start_is_made_anew(server: EmbeddedPostgres) -> None:
    part = server.folder / "data.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    assert ask(server.start(), "select 1") == 1
    assert not part.exists()


def test_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    with EmbeddedPostgres(deep) as server:
        assert ask(server.dsn(), "select 1") == 1
        assert not (deep / "socket").exists()


def test_folder_with_spaces_quotes_and_vietnamese_letters(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "Sổ 'cái' của tôi") as server:
        assert ask(server.dsn(), "select 1") == 1


def test_tcp_port_asks_for_the_password(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", port=0) as server:
        address = f"host=127.0.0.1 port={server.tcp_port} user=socai dbname=postgres connect_timeout=5"
        assert ask(f"{address} password={server.password}", "select 1") == 1
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            ask(f"{address} password=wrong", "select 1")


def test_without_a_port_nothing_listens_on_the_network(server: EmbeddedPostgres) -> None:
    server.start()
    assert server.tcp_port is None
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(server.folder / "socket" / ".s.PGSQL.5432"))


def test_any_role_comes_in_by_the_socket(server: EmbeddedPostgres) -> None:
    """Roles that neither own tables nor bypass row security log in through the same address."""
    dsn = server.start()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create role clerk login")
    assert ask(server.dsn(user="clerk"), "select current_user") == "clerk"


def test_stopping_what_does_not_run_is_no_fault(server: EmbeddedPostgres) -> None:
    server.folder.mkdir()
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.postmaster_pid() is None


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    (server.data / "postgresql.auto.conf").write_text("shared_buffers = 'much'\n")
    with pytest.raises(PostgresError, match="shared_buffers"):
        server.start()


def test_a_start_even_by_root_leaves_the_system_alone(server: EmbeddedPostgres) -> None:
    """No user is added, and the folder above keeps its rights and owner."""
    users, above = [user.pw_name for user in pwd.getpwall()], server.folder.parent.stat()
    server.start()
    after = server.folder.parent.stat()
    assert [user.pw_name for user in pwd.getpwall()] == users
    assert (after.st_mode, after.st_uid) == (above.st_mode, above.st_uid)


def test_root_is_given_up_in_both_ways() -> None:
    """In a namespace the same user reads as an ordinary one; elsewhere nobody runs the server."""
    modes = {"namespace": str(unroot.ordinary_id()), "nobody": "65534"} if os.geteuid() == 0 else {}
    found = {mode: unrooted(mode) for mode in modes}
    assert found == modes


def unrooted(mode: str) -> str:
    """The user id that a program started in this mode sees."""
    command = [sys.executable, "-I", unroot.__file__, mode, "/usr/bin/env", "id", "-u"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
