"""What tests of child processes wait for: that one lives, and that something comes true in time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trial.house import until


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def eventually(condition: Callable[[], object], within: float = 10.0) -> None:
    async def true() -> object:
        return condition()

    await until(true, within_s=within)
