"""Holds back EXPLAINs: so many at once and so many a second, for one database in one process."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager

from assay.ports.errors import TimedOut


class Throttle:
    """A semaphore, and a window in which at most `per_second` turns begin in any one second.

    Args:
        at_once: turns that may run together.
        per_second: turns that may begin within any second; below 1 the window grows instead.
        patience_s: TimedOut when no turn came within so long.
    """

    def __init__(self, at_once: int, per_second: float, patience_s: float) -> None:
        self._slots = threading.BoundedSemaphore(max(1, at_once))
        self._begun: deque[float] = deque(maxlen=max(1, math.floor(per_second)))
        self._window = (self._begun.maxlen or 1) / per_second
        self._lock = threading.Lock()
        self._patience = patience_s

    @contextmanager
    def turn(self) -> Generator[None]:
        """Wait for a turn, and give it back at the end."""
        if not self._slots.acquire(timeout=self._patience):
            raise TimedOut(f"No EXPLAIN could start within {self._patience:g} s: others are running on this database.")
        try:
            self.another()
            yield
        finally:
            self._slots.release()

    def another(self) -> None:
        """Within a turn: wait until one more EXPLAIN may begin."""
        with self._lock:
            now = time.monotonic()
            full = len(self._begun) == self._begun.maxlen
            begin = max(now, self._begun[0] + self._window) if full else now
            self._begun.append(begin)
        if begin > now:
            time.sleep(begin - now)
