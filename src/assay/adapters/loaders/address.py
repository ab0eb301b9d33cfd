"""Where a plugin listens: a Unix socket, or a port of this machine where there are none."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote

from assay.ports.errors import Invalid

_PORT = re.compile(r"127\.0\.0\.1:([1-9][0-9]{0,4})")
_LONGEST = 107
"""Bytes of a socket's path; the kernel has no room for more."""


def target(address: str) -> str:
    """Return an address as gRPC takes it; raises Invalid for one that is not of this machine or cannot be."""
    path = address.removeprefix("unix://")
    if path != address:
        if not PurePosixPath(path).is_absolute() or "\0" in path:
            raise Invalid(f"{address!r} is not the path of a socket.", field="address", cure="write unix:///a/path")
        if len(path.encode()) > _LONGEST:
            raise Invalid(
                f"The path of a socket has at most {_LONGEST} bytes, and this one {len(path.encode())}.",
                field="address", cure="use a shorter folder",
            )  # fmt: skip
        return f"unix://{quote(path)}"
    port = _PORT.fullmatch(address)
    if port is None or int(port[1]) > 65_535:
        raise Invalid(
            f"A plugin cannot listen at {address!r}.",
            field="address", cure="write unix:///a/path or 127.0.0.1:port",
        )  # fmt: skip
    return address
