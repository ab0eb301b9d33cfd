"""Where our plugins listen: stale sockets are replaced, those of others are left alone."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Generator
from pathlib import Path
from urllib.parse import quote

from grpc import aio

from assay.kernel.errors import Conflict, Invalid

DEFAULT = Path("/tmp/atest-store-ai.sock")  # noqa: S108 - where atest's configurations point
LONGEST = 107
"""Bytes of a socket's path; the kernel takes no more."""


class Sockets:
    """The sockets of one server, removed again with it."""

    def __init__(self, server: aio.Server, mode: int) -> None:
        self._server, self._mode = server, mode
        self._bound: dict[Path, tuple[int, int]] = {}

    def bind(self, path: Path) -> None:
        """Listen there; a stale file of ours is replaced.

        Raises Invalid for a path that cannot be one, Conflict when something else is there.
        """
        if len(os.fsencode(path)) > LONGEST:
            raise Invalid(f"--socket: the path has more than {LONGEST} bytes.", field="socket")
        if not path.parent.is_dir():
            raise Invalid(f"--socket: the folder {path.parent} does not exist.", field="socket")
        if reason := _taken(path):
            raise Conflict(f"{path}: {reason}.", field="socket")
        # gRPC would remove what is there by itself, but whatever it is.
        path.unlink(missing_ok=True)
        with _only_for(self._mode):
            try:
                self._server.add_insecure_port(f"unix://{quote(str(path))}")
            except RuntimeError:
                raise Conflict(f"{path}: it cannot be listened on; see that its folder may be written to.",
                               field="socket") from None  # fmt: skip
        path.chmod(self._mode)
        self._bound[path] = _which(path)

    def bind_if_free(self, path: Path) -> bool:
        """Listen there unless something else is there; return whether it is listened on."""
        try:
            self.bind(path)
        except (Conflict, OSError):
            return False
        return True

    def remove(self) -> None:
        """Remove the files, but for one that somebody else has put there since."""
        for path, which in self._bound.items():
            with contextlib.suppress(OSError):
                if _which(path) == which:
                    path.unlink()


def listen_at(server: aio.Server, port: int) -> str:
    """Listen at a port of 127.0.0.1 (0: any); return the address. Raises Conflict when it is taken."""
    try:
        return f"127.0.0.1:{server.add_insecure_port(f'127.0.0.1:{port}')}"
    except RuntimeError:
        raise Conflict(f"--port: {port} is taken.", field="port") from None


def _taken(path: Path) -> str | None:
    """Why a path cannot be listened on; None when nothing is there, or a socket of ours that nobody listens on."""
    try:
        there = path.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISSOCK(there.st_mode):
        return "something is there that is no socket"
    if there.st_uid != os.geteuid():
        return "the socket there belongs to another user"
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return None
        except OSError:
            pass
    return "another process listens there"


def _which(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def _only_for(mode: int) -> Generator[None]:
    """Files that are made meanwhile have at most this mode."""
    before = os.umask(~mode & 0o777)
    try:
        yield
    finally:
        os.umask(before)
