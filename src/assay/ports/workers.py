"""Where thinking that takes long runs, so that the event loop stays free."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from assay.ports.databases import Databases
from assay.ports.deadline import Deadline

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long piece of work is."""

    step: str
    """What it does now, in words: "Costing candidates on orders"."""
    done: int = 0
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Bench:
    """What thinking finds in its worker process: the ports that work there, and a way to say how far it is."""

    databases: Databases
    report: Callable[[Progress], None]
    """Say how far it is; raises Cancelled when somebody stopped the work."""


class Workers(Protocol):
    """A bounded number of processes, and of threads."""

    async def in_process(
        self,
        thinking: Callable[[Bench, Any], Result],
        asked: object,
        *,
        report: Callable[[Progress], None] | None = None,
        deadline: Deadline | None = None,
    ) -> Result:
        """Run a module-level function in a worker process; `asked` and the result are pickled.

        Cancelling the awaiting task stops the work. Raises what it raises; Unavailable when the process died.
        """
        ...

    async def in_thread(self, thinking: Callable[..., Result], *args: object) -> Result:
        """Run a short synchronous function in a bounded pool of threads."""
        ...

    async def close(self) -> None:
        """Stop every process."""
        ...
