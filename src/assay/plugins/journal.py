"""What a plugin writes, line by line in a file: with times, without secrets, of bounded size."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from assay.kernel.values import now
from assay.runtime.redact import redacted
from assay.runtime.telemetry import log

MOST_BYTES = 256 * 1024
"""Of a file; the one before it is kept, too."""
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
        self._name, self._is_lost = name, False

    def write(self, line: str) -> None:
        """Add a line. Where that cannot be done, a plugin works all the same: it is said in our own log, once."""
        text = f"{now().isoformat(timespec='milliseconds')} {redacted(line)}\n".encode()
        try:
            self._append(text)
            self._is_lost = False
        except OSError as error:
            if not self._is_lost:
                _log.warning("what a plugin writes cannot be kept", plugin=self._name, error=str(error))
            self._is_lost = True

    def lines(self) -> list[Written]:
        """Return what is kept, oldest first."""
        return [line for file in (self._older, self._file) for line in _read(file)]

    def _append(self, text: bytes) -> None:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(self._file, flags, 0o600)
        try:
            os.write(file, text)
            is_full = os.fstat(file).st_size > MOST_BYTES
        finally:
            os.close(file)
        if is_full:
            self._file.replace(self._older)


def _read(file: Path) -> list[Written]:
    try:
        text = file.read_text(errors="replace")
    except FileNotFoundError:
        return []
    lines = (line.partition(" ") for line in text.split("\n"))
    return [Written(at, words) for stamp, _, words in lines if (at := _instant(stamp)) is not None]


def _instant(text: str) -> datetime | None:
    """None for what is no beginning of a line: a full disk may have cut one off."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
