"""Where plugins listen: sockets in a private folder that one process holds at a time, checked for who made them."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import stat
from pathlib import Path

from assay.ports.errors import Unavailable

_CONNECT_S = 0.2
_LONGEST_PATH = 107
"""Bytes that the kernel takes of a socket's path."""
_LOCAL = re.compile(r"(?:tcp://)?(?:localhost|127\.0\.0\.1):(\d{1,5})")


class Claim:
    """The right to start the plugin that listens at a socket; a process that ends, however, gives it back."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def release(self) -> None:
        """Give it back."""
        os.close(self._handle)


def claim(folder: Path, name: str) -> Claim | None:
    """Take the right to start a plugin; None: another process has it. Raises Unavailable for a folder that is no good.

    The folder is made, 0700; it must be ours and nobody else's.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        about = folder.lstat()
        if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid() or about.st_mode & 0o077:
            raise Unavailable(f"{folder} is for sockets, and others may enter it.", cure=f"chmod 700 {folder}")
        handle = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Unavailable(f"{folder} cannot hold sockets of plugins: {error.strerror}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return Claim(handle)


def place(folder: Path, name: str) -> Path:
    """Return where a plugin listens; a name that makes the path too long for a socket gives way to its digest."""
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        return path
    return folder / f"{hashlib.sha256(name.encode()).hexdigest()[:12]}.sock"


def local_address(url: str) -> str:
    """Return an address as `ports.loader` takes it: a port of this machine in its one form, anything else as it is."""
    found = _LOCAL.fullmatch(url)
    return f"127.0.0.1:{found[1]}" if found else url


def is_local(address: str) -> bool:
    """Whether an address is a socket, or a port of this machine."""
    return address.startswith(("unix://", "127.0.0.1:"))


def vacated(address: str) -> Path:
    """Return the path of a socket, after whatever an earlier process left there was taken away."""
    path = Path(address.removeprefix("unix://"))
    path.unlink(missing_ok=True)
    return path


def is_there(address: str) -> bool:
    """Whether there is a socket at an address, whoever listens; a port is looked at by connecting only."""
    path = address.removeprefix("unix://")
    return path == address or Path(path).is_socket()


async def listens(address: str) -> bool:
    """Whether somebody accepts connections there."""
    path = address.removeprefix("unix://")
    try:
        async with asyncio.timeout(_CONNECT_S):
            if path != address:
                _, writer = await asyncio.open_unix_connection(path)
            else:
                host, _, port = address.rpartition(":")
                _, writer = await asyncio.open_connection(host, int(port))
    except (OSError, TimeoutError, ValueError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def refuse_strangers(address: str) -> None:
    """Raise Unavailable when a socket was made by neither us nor root: passwords of stores would go to them."""
    path = address.removeprefix("unix://")
    if path == address:
        return
    try:
        about = Path(path).lstat()
    except OSError as error:
        raise Unavailable(f"{path} cannot be seen: {error.strerror}.") from None
    if not stat.S_ISSOCK(about.st_mode):
        raise Unavailable(f"{path} is no socket.", cure="name the socket itself, not a link to it")
    if about.st_uid not in (os.geteuid(), 0):
        raise Unavailable(f"{path} was made by another user.", cure="run the plugin as the user that Assay runs as")


def make_private(address: str) -> None:
    """Let nobody else connect to a socket of ours, whatever mode the plugin gave it; raises Unavailable."""
    refuse_strangers(address)
    Path(address.removeprefix("unix://")).chmod(0o600)
