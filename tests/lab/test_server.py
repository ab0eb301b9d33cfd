"""A PostgreSQL of one's own starts, keeps its data, and leaves nothing behind, however its owner ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from assay_lab.server import Server, ServerError, find_binaries, stop_server

OWNER = """
import pathlib, sys, threading
from assay_lab.server import Server
server = Server(pathlib.Path(sys.argv[1]))
starting = threading.Thread(target=server.start)
starting.start()
starting.join()
print(server.dsn(), flush=True)
sys.stdin.read()
"""


def processes_in(folder: Path) -> list[int]:
    """Processes that have a file of this folder open, or name it on their command line."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit() and int(process.name) != os.getpid():
            try:
                links = [str(link.readlink()) for link in (process / "fd").iterdir()]
                words = (process / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(folder) in words or any(link.startswith(str(folder)) for link in links):
                found.append(int(process.name))
    return found


def wait_until(true: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def can_connect(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a_stopped_server_leaves_no_process_and_keeps_its_data_port_and_password(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg")
    server.start()
    first = server.create_database("kept")
    assert processes_in(tmp_path)
    server.stop()
    assert processes_in(tmp_path) == []
    assert not can_connect(first)
    with server:
        assert server.dsn("kept") == first
        assert can_connect(first)


def test_it_listens_on_loopback_only_and_lets_nobody_in_without_the_password(postgres: Server) -> None:
    with psycopg.connect(postgres.dsn()) as admin:
        asked = admin.execute("SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')")
        assert asked.fetchone() == ("127.0.0.1", "")
    assert stat.S_IMODE((postgres.folder / "password").stat().st_mode) == 0o600
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres:wrong@127.0.0.1:{postgres.port}/postgres")


def test_it_does_not_run_as_root(postgres: Server) -> None:
    with psycopg.connect(postgres.dsn()) as admin:
        row = admin.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        owner = Path(f"/proc/{row[0]}").stat().st_uid
    assert owner != 0


def test_a_folder_that_only_its_owner_may_enter_is_good_enough(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with Server(closed / "pg") as server:
        assert can_connect(server.dsn())


@pytest.mark.parametrize("victim", ["owner", "keeper"])
def test_a_kill_of_the_owner_or_of_the_keeper_leaves_no_postgres(tmp_path: Path, victim: str) -> None:
    folder = tmp_path / "pg"
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    assert owner.stdin is not None
    dsn = owner.stdout.readline().strip()
    assert can_connect(dsn), "the server lives on when the thread that started it has ended"
    os.kill(owner.pid if victim == "owner" else int((folder / "lock").read_text()), signal.SIGKILL)
    wait_until(lambda: not can_connect(dsn))
    owner.stdin.close()
    owner.wait(10)
    owner.stdout.close()
    wait_until(lambda: processes_in(folder) == [])
    with Server(folder) as again:
        assert again.dsn() == dsn


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg")
    server.start()
    server.stop()
    (tmp_path / "pg" / "data" / "postmaster.pid").write_text(f"{os.getppid()}\n/nowhere\n0\n0\n")
    with server:
        assert can_connect(server.dsn())


def test_a_half_made_cluster_is_made_anew(tmp_path: Path) -> None:
    half = tmp_path / "pg" / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15\n")
    with Server(tmp_path / "pg") as server:
        assert can_connect(server.dsn())
    assert not half.exists()


def test_a_second_owner_of_the_same_folder_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path / "pg") as first:
        with pytest.raises(ServerError, match="another process"):
            Server(tmp_path / "pg").start(wait_for_other=0.2)
        assert can_connect(first.dsn())


def test_a_port_that_somebody_took_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    server = Server(tmp_path / "pg")
    server.start()
    port = server.port
    server.stop()
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        with server:
            assert server.port != port
            assert can_connect(server.dsn())
        with pytest.raises(ServerError, match="Address already in use"):
            Server(tmp_path / "pg", port=port).start()


def test_somebody_else_can_stop_it_by_its_folder(tmp_path: Path) -> None:
    with Server(tmp_path / "pg") as server:
        assert stop_server(tmp_path / "pg")
        wait_until(lambda: not server.running)
    assert not stop_server(tmp_path / "pg")
    assert processes_in(tmp_path) == []


def test_data_of_a_postgresql_that_is_not_installed_is_named_and_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "pg" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(ServerError, match="PostgreSQL 9"):
        Server(tmp_path / "pg").start()
    assert find_binaries().joinpath("postgres").exists()
