"""Where a plugin may listen: a Unix socket, or a port."""

from __future__ import annotations

import re

_PORT = re.compile(r"(?:tcp://)?(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})")
_LONGEST_SOCKET = 107
"""Bytes of a Unix socket's path that Linux takes."""
_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|\[::1\]")


def bad_address(url: str) -> tuple[str, str] | None:
    """Say what is wrong with the address of a plugin, and what would be right; None: nothing."""
    if url.startswith("unix:"):
        return _bad_socket(url)
    found = _PORT.fullmatch(url)
    if not found:
        return "is no address of a plugin", "write unix:///path/to.sock, or 127.0.0.1:PORT"
    if not 0 < int(found[2]) < 65_536:
        return "has no such port", "ports go from 1 to 65535"
    return None


def is_remote(url: str) -> bool:
    """Whether what is told to a plugin there, passwords too, leaves this machine, unencrypted."""
    found = _PORT.fullmatch(url)
    return found is not None and not _LOOPBACK.fullmatch(found[1])


def _bad_socket(url: str) -> tuple[str, str] | None:
    path = url.removeprefix("unix://")
    if path == url or not path.startswith("/") or path.endswith("/"):
        return "names no absolute path of a socket", "write unix:///path/to.sock, with three slashes"
    if ".." in path.split("/"):
        return "has .. in its path", "write the path without it"
    if len(path.encode()) > _LONGEST_SOCKET:
        return f"is longer than {_LONGEST_SOCKET} bytes, more than a socket's path can have", "use a shorter folder"
    return None
