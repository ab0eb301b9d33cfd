"""What a plugin writes, line by line in a file: with times, without secrets, of bounded size."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assay.kernel.values import now
from assay.ports.errors import Unavailable
from assay.runtime.redact import redacted
from assay.runtime.telemetry import log

MOST_BYTES = 256 * 1024
"""Of a file; the one before it is kept, too."""
_WAITING = 1_000
"""Lines of a flood that are kept until they are written."""
_log = log(__name__)


@dataclass(frozen=True, slots=True)
class Written:
    """A line, and when it was read."""

    at: datetime
    text: str


class Journal:
    """The log of one plugin, for this process and every other of the same home.

    Args:
        name: of the plugin; it is a file's name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._file, self._older = folder / f"{name}.log", folder / f"{name}.log.1"
        self._name, self._is_lost, self._is_cut = name, False, False
        self._waiting: deque[Written] = deque(maxlen=_WAITING)
        self._writing: asyncio.Task[None] | None = None

    def keep(self, lines: Sequence[str]) -> None:
        """Take lines on the event loop, which does not wait for the disk; they are written in a moment."""
        at = now()
        self._waiting.extend(Written(at, line) for line in lines)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all(), name=f"log of {self._name}")

    async def settle(self) -> None:
        """Wait until everything that was taken is written."""
        if self._writing is not None:
            await asyncio.shield(self._writing)

    def lines(self) -> list[Written]:
        """Return what is kept, oldest first; raises Unavailable when the files cannot be read."""
        try:
            return [line for file in (self._older, self._file) for line in _read(file)]
        except OSError as error:
            raise Unavailable(
                f"The log of {self._name} cannot be read: {error.strerror}.", plugin=self._name,
                cure=f"look at {self._file} and to whom it belongs",
            ) from None  # fmt: skip

    async def _write_all(self) -> None:
        while self._waiting:
            lines = list(self._waiting)
            self._waiting.clear()
            await asyncio.to_thread(self.write, lines)

    def write(self, lines: Sequence[Written]) -> None:
        """Add lines. Where that cannot be done, a plugin works all the same: it is said in our own log, once."""
        text = "".join(f"{one.at.isoformat(timespec='milliseconds')} {redacted(one.text)}\n" for one in lines)
        try:
            self._append(text.encode())
            self._is_lost = False
        except OSError as error:
            if not self._is_lost:
                _log.warning("what a plugin writes cannot be kept", plugin=self._name, error=str(error))
            self._is_lost = True

    def _append(self, text: bytes) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = b"\n" + text if self._is_cut else text
        file = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            self._is_cut = os.write(file, text) < len(text)  # the disk is full: what comes next is a line of its own
            is_full = os.fstat(file).st_size > MOST_BYTES
        finally:
            os.close(file)
        if is_full:
            self._file.replace(self._older)


def _read(file: Path) -> list[Written]:
    try:
        reading = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return []
    with os.fdopen(reading, "rb") as opened:
        text = opened.read().decode("utf-8", "replace")
    lines = (line.partition(" ") for line in text.split("\n"))
    return [Written(at, words) for stamp, _, words in lines if (at := _instant(stamp)) is not None]


def _instant(text: str) -> datetime | None:
    """None for what is no beginning of a line: a full disk may have cut one off."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
