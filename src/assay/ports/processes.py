"""Child processes: started, watched, stopped, never orphaned."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

ProcessState = Literal["starting", "ready", "stopped", "crashed"]


def how_it_ended(status: int) -> str:
    """Say an exit status in words; a negative one is the signal that ended the process."""
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


@dataclass(frozen=True, slots=True)
class Command:
    """What to start, and how to know that it is ready."""

    name: str
    args: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Only these, PATH, LANG and the child's mark: nothing else is inherited."""
    cwd: Path | None = None
    ready: Callable[[], Awaitable[bool]] | None = None
    """Asked again and again until true; None is ready once started."""
    ready_within_s: float = 10.0
    stop_within_s: float = 5.0
    """Between SIGTERM and SIGKILL."""
    restarts: int = 0
    """How often a crash is answered by a start, with back-off."""
    memory_bytes: int | None = None
    pass_fds: Sequence[int] = ()
    on_lines: Callable[[Sequence[str]], None] | None = None
    """Told lines of output as they come, on the event loop; of a flood only the last 200 at a time."""


class Process(Protocol):
    """One child."""

    @property
    def pid(self) -> int | None:
        """Its id while it runs."""
        ...

    @property
    def state(self) -> ProcessState:
        """Where it is in its life."""
        ...

    @property
    def log(self) -> Sequence[str]:
        """The last lines of its output, at most 200."""
        ...

    async def stop(self) -> None:
        """SIGTERM to its group, wait, SIGKILL."""
        ...

    async def wait(self) -> int:
        """Wait for its end; return the exit status (negative: the signal)."""
        ...


class Processes(Protocol):
    """The one owner of child processes."""

    async def start(self, command: Command) -> Process:
        """Start and wait until ready; raises Unavailable with the end of its log when it does not get ready."""
        ...

    async def close(self) -> None:
        """Stop every child."""
        ...
