"""Keeps a few connections per database open between visits, and lends each to one visitor at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from assay.adapters.databases.wire import Wire
from assay.ports.errors import Unavailable


@dataclass(slots=True)
class _Shelf:
    """What is open towards one database."""

    idle: list[tuple[float, Wire]] = field(default_factory=list[tuple[float, Wire]])
    """When it came back, and the connection; the youngest last."""
    lent: int = 0


class Lending:
    """Lends connections; thread-safe.

    Args:
        keep: idle connections kept per database.
        at_most: connections open per database.
        idle_s: an idle connection is closed after so long.
    """

    def __init__(self, *, keep: int = 4, at_most: int = 8, idle_s: float = 60.0) -> None:
        self._keep, self._at_most, self._idle_s = keep, at_most, idle_s
        self._shelves: dict[Hashable, _Shelf] = {}
        self._changed = threading.Condition()
        self._timer: threading.Timer | None = None
        self._closed = False

    def take(self, key: Hashable, connect: Callable[[], Wire], patience_s: float) -> Wire:
        """Lend a kept connection that still lives, or a new one; Unavailable when all stay lent."""
        until = time.monotonic() + patience_s
        with self._changed:
            while True:
                if self._closed:
                    raise Unavailable("Assay is stopping, so no database is visited any more.")
                shelf = self._shelves.setdefault(key, _Shelf())
                while shelf.idle:
                    wire = shelf.idle.pop()[1]
                    if not wire.lost:
                        shelf.lent += 1
                        return wire
                    wire.close()
                if shelf.lent < self._at_most:
                    shelf.lent += 1
                    break
                if not self._changed.wait(until - time.monotonic()):
                    raise Unavailable(
                        f"All {self._at_most} sessions that Assay opens on one database stayed in use for "
                        f"{patience_s:g} s. Try again when other work on it has ended."
                    )
        try:
            return connect()
        except BaseException:
            self._returned(key, None)
            raise

    def give(self, key: Hashable, wire: Wire) -> None:
        """Take a connection back; one that is closed or lost is not kept."""
        self._returned(key, None if wire.lost else wire)

    def close(self) -> None:
        """Close what is idle; what is lent is closed when it comes back."""
        with self._changed:
            self._closed = True
            left = [wire for shelf in self._shelves.values() for _, wire in shelf.idle]
            self._shelves = {key: _Shelf(lent=shelf.lent) for key, shelf in self._shelves.items() if shelf.lent}
            if self._timer:
                self._timer.cancel()
            self._changed.notify_all()
        for wire in left:
            wire.close()

    def _returned(self, key: Hashable, wire: Wire | None) -> None:
        with self._changed:
            shelf = self._shelves[key]
            shelf.lent -= 1
            if wire is not None and not self._closed and len(shelf.idle) < self._keep:
                shelf.idle.append((time.monotonic(), wire))
                wire = None
                self._watch(self._idle_s)
            elif not shelf.lent and not shelf.idle:
                del self._shelves[key]
            self._changed.notify_all()
        if wire is not None:
            wire.close()

    def _watch(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = threading.Timer(seconds, self._expire)
            self._timer.daemon = True
            self._timer.name = "assay-idle-sessions"
            self._timer.start()

    def _expire(self) -> None:
        old: list[Wire] = []
        with self._changed:
            self._timer = None
            now = time.monotonic()
            for key, shelf in list(self._shelves.items()):
                old += [wire for since, wire in shelf.idle if now - since >= self._idle_s]
                shelf.idle = [(since, wire) for since, wire in shelf.idle if now - since < self._idle_s]
                if not shelf.idle and not shelf.lent:
                    del self._shelves[key]
            next_at = min((shelf.idle[0][0] for shelf in self._shelves.values() if shelf.idle), default=None)
            if next_at is not None and not self._closed:
                self._watch(max(0.05, next_at + self._idle_s - now))
        for wire in old:
            wire.close()
