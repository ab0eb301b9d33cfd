"""Ends what a child left outside of its process group: all that descends from it has a mark in its environment."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

MARK = "ASSAY_CHILD"
"""The variable that holds the mark, of each child another one."""
_ROUNDS = 20
"""Against one that makes others as fast as they are ended."""


def kill_marked(mark: str) -> None:
    """Kill everything that was started with this mark; blocks for milliseconds, 10 µs a process of the machine.

    What was started with an environment that somebody else made, or belongs to another user, is not found.
    """
    wanted, killed = f"{MARK}={mark}".encode(), set[int]()
    for _ in range(_ROUNDS):
        found = [pid for pid in _pids() if pid not in killed and _has(pid, wanted)]
        if not found:
            return
        for pid in found:
            _kill(pid, wanted)
        killed.update(found)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208 - a Path each takes longer


def _has(pid: int, wanted: bytes) -> bool:
    try:
        return wanted in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _kill(pid: int, wanted: bytes) -> None:
    with contextlib.suppress(OSError):
        held = os.pidfd_open(pid)
        try:
            if _has(pid, wanted):  # the number may have become somebody else's before it was held
                signal.pidfd_send_signal(held, signal.SIGKILL)
        finally:
            os.close(held)
