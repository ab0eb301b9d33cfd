"""What the program and its worker processes say to each other: pickles with their length before them.

Both ends are the same program and the socket is inherited, so a pickle never comes from elsewhere.
"""

from __future__ import annotations

import asyncio
import pickle
import socket
import struct
from dataclasses import dataclass
from typing import Any

from assay.ports.errors import AssayError
from assay.ports.workers import Progress

_LENGTH = struct.Struct("!I")


@dataclass(frozen=True, slots=True)
class Ready:
    """The worker has started."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Run a function, "module:qualname"."""

    function: str
    asked: Any


@dataclass(frozen=True, slots=True)
class Cancel:
    """Stop what runs."""


@dataclass(frozen=True, slots=True)
class Reported:
    """How far it is."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class Done:
    """What the function returned."""

    result: Any


@dataclass(frozen=True, slots=True)
class Raised:
    """What it raised, an error of ours: taken apart, since exceptions are pickled without their details."""

    kind: type[AssayError]
    message: str
    details: dict[str, object]

    def rebuild(self) -> AssayError:
        """Make the error again."""
        details: dict[str, Any] = self.details
        return self.kind(self.message, **details)


@dataclass(frozen=True, slots=True)
class Failed:
    """It raised another error, which is a fault of ours."""

    kind: str
    at: str
    """"file.py:12" where it was raised."""
    traceback: str


Frame = Ready | Ask | Cancel | Reported | Done | Raised | Failed


def encode(frame: Frame) -> bytes:
    """Return a frame's bytes; raises whatever pickle raises for what it cannot carry."""
    body = pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


class Reader:
    """Reads frames; a read that was cancelled halfway is continued by the next."""

    def __init__(self, stream: asyncio.StreamReader) -> None:
        self._stream = stream
        self._length: int | None = None

    @property
    def ended(self) -> bool:
        """Whether the other end is gone."""
        return self._stream.at_eof()

    async def read(self) -> Frame | None:
        """Read one frame; None when the other end is gone."""
        try:
            if self._length is None:
                self._length = int(_LENGTH.unpack(await self._stream.readexactly(_LENGTH.size))[0])
            body = await self._stream.readexactly(self._length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        self._length = None
        try:
            return pickle.loads(body)  # noqa: S301 - from our own child, over a socket that nobody else has
        except Exception as error:  # what was raised or returned could be sent, but not made again here
            return Failed(type(error).__name__, "unpickling", repr(error))


def receive(link: socket.socket) -> Frame | None:
    """Read one frame, blocking; None when the other end is gone."""
    head = _exactly(link, _LENGTH.size)
    body = _exactly(link, _LENGTH.unpack(head)[0]) if head else None
    return pickle.loads(body) if body else None  # noqa: S301 - from our own parent


def _exactly(link: socket.socket, size: int) -> bytes | None:
    got = bytearray()
    while len(got) < size:
        try:
            piece = link.recv(min(1 << 20, size - len(got)))
        except ConnectionError:
            return None
        if not piece:
            return None
        got += piece
    return bytes(got)
