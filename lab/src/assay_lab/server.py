"""A PostgreSQL of one's own: in a given folder, on a free port of 127.0.0.1, never as root, gone with its owner."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from assay_lab import keeper

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    # No socket in the file system: its path may not exceed 107 bytes, and TCP is enough for a demo.
    "unix_socket_directories": "",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "cluster_name": "assay-lab",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.max": "10000",
    "pg_stat_statements.track": "all",
    "compute_query_id": "on",
    "track_io_timing": "on",
    "shared_buffers": "256MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    # It would add a fifth of a second to a slow statement, and changes no plan.
    "jit": "off",
    # A demo is refilled, not recovered. Without a replica the least WAL is enough, and lets a fill skip most of it.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""The planner's own settings are left alone: what Assay finds must be what it would find elsewhere."""

_UNPRIVILEGED = ("postgres", "nobody")
_INSTALL = "apt-get install postgresql-15 postgresql-15-hypopg"


class ServerError(Exception):
    """The server could not be started; the message says why and what would help."""


class Server:
    """One PostgreSQL cluster in a folder: `data`, `password` (0600), `port`, `server.log`."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        settings: Mapping[str, str] | None = None,
        binaries: Path | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.settings = {**SETTINGS, **(settings or {})}
        self._asked_port = port
        self._asked_binaries = binaries
        self._port: int | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1; only known while the server runs."""
        if self._port is None:
            raise ServerError("the server is not running")
        return self._port

    @property
    def running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._keeper is not None and self._keeper.poll() is None

    def start(self, patience: float = 60.0, *, wait_for_other: float = 15.0) -> None:
        """Make the cluster if there is none, start it, and return when it answers.

        A server of an earlier owner that is just ending in this folder is waited for, for `wait_for_other` seconds.
        """
        if self.running:
            return
        user = _server_user()
        self._prepare_folder(user)
        binaries = self._asked_binaries or find_binaries(_made_by(self.folder / "data"))
        deadline = time.monotonic() + patience
        for _ in range(3):
            run = secrets.token_hex(8)
            self._keeper = self._start_keeper(binaries, user, wait_for_other, run)
            self._port = _told_port(self._keeper)
            if self._port is not None and self._answers(run, deadline):
                (self.folder / "port").write_text(f"{self._port}\n")
                return
            self.stop()
            # Somebody may take a port between the look and the start; one that was asked for is not worth another try.
            if self._asked_port is not None or "Address already in use" not in self.log():
                break
        raise ServerError(f"PostgreSQL did not start in {self.folder}:\n{self.log()[-2000:]}")

    def stop(self) -> None:
        """Shut the server down; open sessions are ended. Returns when no process is left."""
        if self._keeper is None:
            return
        kept, self._keeper = self._keeper, None
        if kept.stdin is not None:
            kept.stdin.close()
        try:
            kept.wait(30)
        except subprocess.TimeoutExpired:  # pragma: no cover - the keeper itself hangs; its server ends with it
            kept.kill()
            kept.wait()

    def dsn(self, database: str = "postgres") -> str:
        """How the superuser connects to a database, as a URL that holds the password."""
        return f"postgresql://postgres:{self._password()}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None, *, extensions: bool = True) -> str:
        """Make an empty database with pg_stat_statements and hypopg, and return the superuser's DSN for it."""
        name = name or f"db_{secrets.token_hex(6)}"
        with psycopg.connect(self.dsn(), autocommit=True) as admin:
            admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        if extensions:
            with psycopg.connect(self.dsn(name), autocommit=True) as fresh:
                create_extensions(fresh)
        return self.dsn(name)

    def log(self) -> str:
        """What the server has written to its log since it was started last."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _prepare_folder(self, user: pwd.struct_passwd | None) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        password = self.folder / "password"
        if not password.exists():
            fresh = self.folder / "password.new"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_hex(24) + "\n")
            fresh.rename(password)
        if user is not None:
            # initdb reads the password as that user, and looks it up in the folder above its data.
            os.chown(password, user.pw_uid, user.pw_gid)
            os.chown(self.folder, user.pw_uid, user.pw_gid)

    def _password(self) -> str:
        return (self.folder / "password").read_text().strip()

    def _ports(self) -> list[int]:
        """Ports to try in turn: the one asked for and no other; else the last one, then any that is free."""
        if self._asked_port is not None:
            return [self._asked_port]
        with contextlib.suppress(OSError, ValueError):
            return [int((self.folder / "port").read_text()), 0]
        return [0]

    def _start_keeper(
        self, binaries: Path, user: pwd.struct_passwd | None, patience: float, run: str
    ) -> subprocess.Popen[bytes]:
        orders: keeper.Orders = {
            "owner": os.getpid(),
            "folder": str(self.folder),
            "binaries": str(binaries),
            "user": user.pw_uid if user else None,
            "group": user.pw_gid if user else None,
            "settings": {**self.settings, "assay_lab.run": run},
            "ports": self._ports(),
            "patience": patience,
        }
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-I", "-S", keeper.__file__, json.dumps(orders)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # Ctrl-C is the owner's to handle, in order
            )

    def _answers(self, run: str, deadline: float) -> bool:
        """Poll until this very run of the server lets us in, and not one that another process keeps."""
        while self.running and time.monotonic() < deadline:
            try:
                with psycopg.connect(self.dsn(), connect_timeout=5) as connection:
                    return connection.execute("SELECT current_setting('assay_lab.run', true)").fetchone() == (run,)
            except psycopg.OperationalError:
                time.sleep(0.05)
        return False


def create_extensions(connection: psycopg.Connection) -> None:
    """Create the two extensions that Assay reads and asks; say what to install when one is missing."""
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        connection.execute("CREATE EXTENSION IF NOT EXISTS hypopg")
    except psycopg.errors.FeatureNotSupported as error:
        raise ServerError(f"an extension is missing ({error.diag.message_primary}); on Debian: {_INSTALL}") from error


def find_binaries(major: int | None = None) -> Path:
    """Find PostgreSQL's programs: of this major version, else the newest that also has hypopg, else the newest."""
    found: dict[int, Path] = {}
    for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        if path.parent.parent.name.isdigit():
            found[int(path.parent.parent.name)] = path.parent
    if major is not None and major in found:
        return found[major]
    if major is not None:
        raise ServerError(f"the data was made by PostgreSQL {major}, which is not installed; remove it or install that")
    if not found:
        raise ServerError(f"no PostgreSQL found; on Debian: {_INSTALL}")
    able = [v for v in found if Path(f"/usr/share/postgresql/{v}/extension/hypopg.control").exists()]
    return found[max(able or found)]


def stop_server(folder: Path) -> bool:
    """Stop the server that another process keeps in this folder; False when there is none."""
    with contextlib.suppress(OSError, ValueError):
        pid = int((folder / "lock").read_text())
        if re.search(rb"keeper\.py\0", Path(f"/proc/{pid}/cmdline").read_bytes()):
            os.kill(pid, signal.SIGTERM)
            return True
    return False


def _told_port(kept: subprocess.Popen[bytes]) -> int | None:
    """Read which port the keeper chose; None when it gave up before."""
    if kept.stdout is None:
        return None
    with kept.stdout as told:
        line = told.readline().strip()
    return int(line) if line else None


def _made_by(data: Path) -> int | None:
    version = data / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves, but for root an unprivileged user, since PostgreSQL refuses root."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerError(f"run as root, this needs one of the users {', '.join(_UNPRIVILEGED)} to run PostgreSQL as")
