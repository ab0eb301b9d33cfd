"""Where checks that really ran are written down, so that an answer can cite them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Tried:
    """One check that ran."""

    name: str
    passed: bool
    detail: str | None = None
    took_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """What is to be written down about one claim."""

    kind: str
    """What was checked, "workload.index"."""
    subject: str
    claim: str
    checks: Sequence[Tried]
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Numbers and texts, JSON-able, without secrets."""
    reproduce: str | None = None
    replay: tuple[str, Mapping[str, Any]] | None = None
    """Operation and question that run the same checks again; its answer has `passed`, `facts` and `evidence`."""
    valid_for: timedelta | None = timedelta(hours=24)

    @property
    def passed(self) -> bool:
        """Whether every check passed; a proof without checks proves nothing."""
        return bool(self.checks) and all(check.passed for check in self.checks)


class Ledger(Protocol):
    """The chain of evidence."""

    async def record(self, proofs: Sequence[Proof]) -> tuple[str, ...]:
        """Write proofs down, durably, and return their ids in the same order."""
        ...

    async def holds(self, ids: Sequence[str]) -> bool:
        """Whether every id is an entry of the ledger."""
        ...
