"""Keep one PostgreSQL alive for exactly as long as its owner lives: `python -I -S keeper.py JSON`, run by `server.py`.

It says on its standard output which port it chose, and ends when its standard input does.
The owner may be killed at any moment, from any thread, so it cannot be trusted to clean up. This small process watches
it, and is itself watched by the server (PR_SET_PDEATHSIG): whichever dies, nothing is left running. Standard library
only, because it runs outside of any environment.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypedDict

BUSY = 75
"""Exit status when another keeper holds the folder."""
TAKEN = 76
"""Exit status when no port is free."""
_PR_SET_PDEATHSIG = 1


class Orders(TypedDict):
    """What the owner asks for; travels as JSON in the one argument."""

    owner: int
    folder: str
    binaries: str
    user: int | None
    group: int | None
    settings: dict[str, str]
    ports: list[int]
    """The first that is free is taken; 0 stands for any."""
    patience: float
    """Seconds to wait for a server in this folder that is just ending."""


class _Stop(Exception):
    """Somebody asked this process to end."""


def main(orders: Orders) -> int:
    """Make the cluster if there is none, run it, and return when it has ended, for whatever reason."""
    owner = os.pidfd_open(orders["owner"])
    if os.getppid() != orders["owner"]:
        return 0
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _stop)
    lock = _lock(Path(orders["folder"]) / "lock", orders["patience"])
    if lock is None:
        print("another process keeps a server in this folder", file=sys.stderr)
        return BUSY
    os.ftruncate(sys.stderr.fileno(), 0)  # the log, ours from here on
    # Only now: a server that was just ending may have held the port that its data should have again.
    port = next((free for free in map(_free, orders["ports"]) if free), None)
    if port is None:
        print("Address already in use: port " + ", ".join(map(str, orders["ports"])), file=sys.stderr)
        return TAKEN
    print(port, flush=True)
    data = Path(orders["folder"]) / "data"
    if not data.exists() and (failed := _initdb(orders, data, lock, owner)):
        return failed
    # Holding the lock, which every process of a server inherits, means that none of them lives: the file is stale.
    (data / "postmaster.pid").unlink(missing_ok=True)
    settings = {**orders["settings"], "port": str(port)}
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items()]
    (data / "postgresql.conf").write_text("".join(lines), encoding="utf-8")
    server = _spawn(orders, ["postgres", "-D", "{data}"], data, lock)
    return _watch(server, owner, signal.SIGINT)


def _stop(_number: int, _frame: object) -> NoReturn:
    raise _Stop


def _lock(path: Path, patience: float) -> int | None:
    """Take the folder, or wait for it. Every process of the server inherits the lock."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)
        else:
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            return lock


def _free(port: int) -> int | None:
    """Return this port of 127.0.0.1, or for 0 any, when nothing listens on it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return None
        found: int = probe.getsockname()[1]
        return found


def _initdb(orders: Orders, data: Path, lock: int, owner: int) -> int:
    """Make the cluster beside its place and move it there, so that half a cluster is never taken for one."""
    new = data.with_name("data.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    if orders["user"] is not None and orders["group"] is not None:
        os.chown(new, orders["user"], orders["group"])
    command = ["initdb", "-D", "{data}", "--username=postgres", "--pwfile={data}/../password", "--auth=scram-sha-256"]
    command += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    status = _watch(_spawn(orders, command, new, lock), owner, signal.SIGTERM)
    if status == 0:
        new.rename(data)
    return status


def _spawn(orders: Orders, command: list[str], data: Path, lock: int) -> subprocess.Popen[bytes]:
    """Run one of PostgreSQL's programs as the unprivileged user.

    It is given the data folder open, and reaches it through that: the folders above may be root's alone.
    """
    folder = os.open(data, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return subprocess.Popen(  # noqa: S603 - the owner's own orders
            [
                str(Path(orders["binaries"]) / command[0]),
                *(word.replace("{data}", f"/proc/self/fd/{folder}") for word in command[1:]),
            ],
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            user=orders["user"],
            group=orders["group"],
            extra_groups=None if orders["user"] is None else [],
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            pass_fds=[folder, lock],
            umask=0o077,
            preexec_fn=dies_with(
                ctypes.CDLL(None), os.getpid(), signal.SIGINT
            ),  # after the change of user, which would clear it
        )
    finally:
        os.close(folder)


def dies_with(libc: ctypes.CDLL, parent: int, how: signal.Signals) -> Callable[[], None]:
    """What a child runs before it becomes its program, so that it gets a signal when its parent has died."""

    def arrange() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        libc.prctl(_PR_SET_PDEATHSIG, how)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arrange


def _watch(child: subprocess.Popen[bytes], owner: int, gently: signal.Signals) -> int:
    """Wait until the child ends, the owner dies, or the owner closes our standard input; leave no child behind."""
    ended = os.pidfd_open(child.pid)
    try:
        with contextlib.suppress(_Stop):
            ready, _, _ = select.select([sys.stdin, owner, ended], [], [])
            if ended in ready:
                return child.wait()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        for number, patience in ((gently, 15.0), (signal.SIGQUIT, 3.0), (signal.SIGKILL, 10.0)):
            child.send_signal(number)
            if select.select([ended], [], [], patience)[0]:
                break
        return child.wait()
    finally:
        os.close(ended)


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
