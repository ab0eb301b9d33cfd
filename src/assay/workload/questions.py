"""What can be asked of a workload: one question an operation."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.kernel.values import Paged, Value
from assay.workload.model import RecommendationType


class ScanWorkload(Value):
    """Which database to scan, and how deep."""

    source: str | None = None
    """Id or name; may be left out when there is only one."""
    top: int = Field(default=20, ge=0, le=200)
    """So many statements, most total time first, get a plan and are judged by the rules."""
    min_mean_ms: float = Field(default=0.0, ge=0)
    limit: int = Field(default=5_000, ge=1, le=50_000)
    """Read at most so many entries, most total time first."""


class ListScans(Paged):
    """Scans, newest first."""

    source: str | None = None


class ListBottlenecks(Paged):
    """The statements that cost most."""

    source: str | None = None
    sort: Literal["total", "mean", "calls", "rows", "blocks"] = "total"
    min_mean_ms: float = Field(default=0.0, ge=0)
    since_minutes: int | None = Field(default=None, ge=1, le=44_640)
    """Only load of the last so many minutes; null is since statistics began."""
    search: str | None = Field(default=None, max_length=200)
    """Words in the statement or its id."""
    show: Literal["all", "proved", "withheld"] = "all"


class FindQuery(Value):
    """Which statement."""

    id: str
    since_minutes: int | None = Field(default=None, ge=1, le=44_640)


class ShowActivity(Value):
    """Over which window to show active sessions."""

    source: str | None = None
    since_minutes: int = Field(default=60, ge=1, le=44_640)


class AdviseIndexes(Value):
    """For which database to look for indexes, and how much room they may take."""

    source: str | None = None
    budget_mb: float | None = Field(default=None, gt=0)
    """Megabytes (10^6) as hypopg estimates them; null is no limit."""
    statements: int = Field(default=500, ge=1, le=5_000)
    """Plan at most so many statements, most total time first."""
    max_width: int = Field(default=3, ge=1, le=5)
    """Key columns of an index at most."""
    seconds: float = Field(default=60.0, gt=0, le=3_600)
    """Stop searching after so long and say what was found by then."""


class ListRecommendations(Paged):
    """What the last advice found."""

    source: str | None = None
    query_id: str | None = None
    type: RecommendationType | None = None
    verdict: Literal["assayed", "estimate", "withheld", "stale", "failed"] | None = None


class FindRecommendation(Value):
    """Which recommendation."""

    id: str


class SimulateFix(Value):
    """Which fix to plan for which statement."""

    query_id: str
    rec_id: str
    mode: Literal["hypopg"] = "hypopg"


class ListSimulations(Paged):
    """Simulations, newest first."""

    query_id: str | None = None
    rec_id: str | None = None


class MeasureQuery(Value):
    """Which statement to run with EXPLAIN (ANALYZE, BUFFERS), read-only and rolled back."""

    id: str
    values: tuple[str | None, ...] | None = None
    """Text of its parameters; null takes the first sample."""


class RecheckClaim(Value):
    """A claim of this room to check again: what the evidence's payload says of how."""

    kind: str
    source: str
    payload: dict[str, object]


class ScheduleScans(Value):
    """How often to scan a source by itself."""

    source: str
    every_minutes: int = Field(ge=0, le=10_080)
    """0 turns it off."""
    version: int
    """Of the schedule as read; 0 for one that was never set."""


class FindSchedule(Value):
    """Which source's schedule."""

    source: str
