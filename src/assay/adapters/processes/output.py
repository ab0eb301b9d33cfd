"""Reads what a child writes, as it writes it, and keeps the last lines."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence

LINES = 200
LONGEST = 4_096


class Output:
    """The reading end of a pipe; `write_end` is what the child gets as its output and error output.

    Args:
        on_lines: told lines as they come.
    """

    def __init__(self, on_lines: Callable[[Sequence[str]], None] | None = None) -> None:
        self._on_lines = on_lines
        self._lines: deque[str] = deque(maxlen=LINES)
        self._rest = b""
        self._reads, self.write_end = os.pipe()
        os.set_blocking(self._reads, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._reads, self._read)
        self._open = True

    @property
    def lines(self) -> list[str]:
        """The last lines, at most 200, each at most 4,096 bytes."""
        return [*self._lines, self._text(self._rest)] if self._rest else list(self._lines)

    def close_write_end(self) -> None:
        """Let go of our copy of the child's end."""
        if self.write_end >= 0:
            os.close(self.write_end)
            self.write_end = -1

    def close(self) -> None:
        """Take what is there, and stop reading; a stray grandchild that still holds the pipe is not waited for."""
        self.close_write_end()
        while self._open and self._read():
            pass
        self._end()

    def _read(self) -> bool:
        try:
            got = os.read(self._reads, 65_536)
        except BlockingIOError:
            return False
        if not got:
            self._end()
            return False
        *whole, self._rest = (self._rest + got).split(b"\n")
        lines = whole[-LINES:]
        while len(self._rest) > LONGEST:
            lines.append(self._rest[:LONGEST])
            self._rest = self._rest[LONGEST:]
        self._keep(lines)
        return True

    def _end(self) -> None:
        if self._open:
            self._open = False
            self._loop.remove_reader(self._reads)
            os.close(self._reads)
            if self._rest:
                self._keep([self._rest])
                self._rest = b""

    def _keep(self, lines: Sequence[bytes]) -> None:
        texts = [self._text(line) for line in lines]
        self._lines.extend(texts)
        if self._on_lines is not None and texts:
            self._on_lines(texts)

    @staticmethod
    def _text(line: bytes) -> str:
        return line[:LONGEST].rstrip(b"\r").decode("utf-8", "replace")
