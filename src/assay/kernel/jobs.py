"""The noun of a job: a call that answers later."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from assay.kernel.values import Instant, Paged, Value
from assay.ports.store import Row

JobState = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]


class Job(Value):
    """A call that answers later: how far it is, and in the end its answer or its error."""

    id: str
    operation: str
    state: JobState
    step: str
    """What it does now, in words."""
    done: int
    total: int | None
    result: Any = None
    """The operation's answer, once it is done."""
    error: dict[str, Any] | None = None
    """As in every error answer: code, message, details, suggestions, trace_id, timestamp."""
    caller: str
    trace_id: str
    created_at: Instant
    started_at: Instant | None
    ended_at: Instant | None
    version: int

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state not in ("queued", "running")


def job_of(row: Row) -> Job:
    """Make the noun of a stored row."""
    fields = {name: row[name] for name in Job.model_fields if name != "caller"}
    return Job(caller=row["caller_id"], **fields)


class FindJob(Value):
    """Which job."""

    id: str


class ListJobs(Paged):
    """Jobs, newest first."""

    state: JobState | None = None
    """Only jobs in this state."""
    mine: bool = False
    """Only those that this caller started."""


class WatchJob(Value):
    """Which job to follow."""

    id: str = Field(min_length=1)
