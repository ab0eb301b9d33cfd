"""A MariaDB of one's own for tests: in a temporary folder, on a free port of 127.0.0.1, never as root."""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pymysql

from assay_lab import keeper
from assay_lab.server import ServerError

_OPTIONS = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--default-time-zone=+00:00",
    "--innodb-buffer-pool-size=64M",
    # It is thrown away, not recovered.
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
)
_INSTALL = "apt-get install --no-install-recommends mariadb-server-core mariadb-client-core"
_UNPRIVILEGED = ("mysql", "nobody")


class MariaServer:
    """One MariaDB, whose root signs in by password over TCP; `start` and `stop`, or `with`.

    Args:
        options: of mariadbd, after ours.
    """

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = tuple(options)
        self._password = secrets.token_hex(16)
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def folder(self) -> Path:
        """Where its data lies; only while it runs."""
        if self._folder is None:
            raise ServerError("the server is not running")
        return self._folder

    @property
    def pid(self) -> int:
        """The process of the server; only while it runs."""
        if self._process is None:
            raise ServerError("the server is not running")
        return self._process.pid

    def start(self, patience: float = 60.0) -> None:
        """Make the system tables, start the server, and return when root can sign in."""
        user = _server_user()
        # Not in a folder of the tests': MariaDB goes by the real path of its data, and those are their owner's alone.
        self._folder = Path(tempfile.mkdtemp(prefix="assay-mariadb-"))
        if user is not None:
            os.chown(self._folder, user.pw_uid, user.pw_gid)
        try:
            self._make_tables(user)
            deadline = time.monotonic() + patience
            self.port = _free_port()
            self._process = self._spawn([_program("mariadbd"), *self._arguments()], user)
            while not self._answers():
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise ServerError(f"MariaDB did not start:\n{self.log()[-2000:]}")
                time.sleep(0.05)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Shut the server down and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:  # pragma: no cover - it hangs
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """End the server at once, as a crash would; it stays down."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def connect(self, database: str | None = None) -> pymysql.Connection[Any]:
        """Sign in as root, each statement committed by itself."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user="root", password=self._password, database=database,
            charset="utf8mb4", autocommit=True, connect_timeout=5, ssl_disabled=True,
        )  # fmt: skip

    def dsn(self, database: str, account: str = "root", password: str | None = None) -> str:
        """How an account connects to a database, as a URL that holds the password."""
        return f"mysql://{account}:{self._password if password is None else password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str | None = None) -> str:
        """Make an empty database and return root's DSN for it."""
        name = name or f"db_{secrets.token_hex(6)}"
        with self.connect() as root, root.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE `{name}`")
        return self.dsn(name)

    def log(self) -> str:
        """What the server has written to its log."""
        path = self.folder / "server.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def _arguments(self) -> list[str]:
        return [
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 'socket'}",
            f"--port={self.port}",
            *_OPTIONS,
            *self._options,
        ]

    def _make_tables(self, user: pwd.struct_passwd | None) -> None:
        command = [
            _program("mariadb-install-db"), "--no-defaults", f"--datadir={self.folder / 'data'}", "--skip-test-db",
            "--auth-root-authentication-method=normal", "--cross-bootstrap",
        ]  # fmt: skip
        if self._spawn(command, user).wait(120) != 0:
            raise ServerError(f"MariaDB's system tables were not made:\n{self.log()[-2000:]}")

    def _spawn(self, command: list[str], user: pwd.struct_passwd | None) -> subprocess.Popen[bytes]:
        with (self.folder / "server.log").open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=keeper.dies_with(ctypes.CDLL(None), os.getpid(), signal.SIGTERM),
            )

    def _answers(self) -> bool:
        """Root has no password for the moment until it is given one here; nobody else knows the port by then."""
        try:
            root = pymysql.connect(host="127.0.0.1", port=self.port, user="root", ssl_disabled=True)
            with root, root.cursor() as cursor:
                cursor.execute("DROP USER IF EXISTS ''@'localhost'")
                cursor.execute("SET PASSWORD = PASSWORD(%s)", (self._password,))
        except pymysql.err.OperationalError:
            return False
        return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def _program(name: str) -> str:
    found = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if found is None:
        raise ServerError(f"{name} was not found; on Debian: {_INSTALL}")
    return found


def _server_user() -> pwd.struct_passwd | None:
    """Ourselves, but for root an unprivileged user."""
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise ServerError(f"run as root, this needs one of the users {', '.join(_UNPRIVILEGED)} to run MariaDB as")
