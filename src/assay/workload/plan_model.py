"""The nouns of a statement's text, its plans and its load."""

from __future__ import annotations

from typing import Literal

from assay.kernel.values import Instant, Value

Tone = Literal["plain", "keyword", "string", "number", "parameter", "comment"]
PlanKind = Literal["custom", "generic", "measured"]
Mark = Literal["same", "removed", "new", "changed"]


class Span(Value):
    """A run of characters with one tone."""

    text: str
    tone: Tone


class SqlText(Value):
    """A statement laid out for reading; the spans joined are the text."""

    text: str
    spans: tuple[Span, ...]


class PlanNode(Value):
    """One node of a plan."""

    path: str
    """Place in the tree, "0.1.0"."""
    operation: str
    """"Seq Scan", "Index Only Scan"."""
    relation: str | None = None
    alias: str | None = None
    index: str | None = None
    detail: tuple[str, ...] = ()
    """Conditions, keys and strategies, one a line: "Filter: (user_id = 7)"."""
    rows: float
    """Estimated rows out, per loop."""
    width: int
    cost: float
    """Estimated total cost, planner units, children included."""
    self_cost: float
    """Without the children; never below 0."""
    actual_rows: float | None = None
    """Measured rows out over all loops; only when measured."""
    actual_ms: float | None = None
    loops: int | None = None
    blocks_hit: int | None = None
    blocks_read: int | None = None
    mark: Mark | None = None
    """How it differs from the other plan of a comparison."""
    children: tuple[PlanNode, ...] = ()


class Plan(Value):
    """What the planner would do, or what was measured."""

    root: PlanNode
    cost: float
    kind: PlanKind
    values: tuple[str | None, ...] = ()
    """Text of the parameters it was planned with."""
    execution_ms: float | None = None
    captured_at: Instant


class PlanComparison(Value):
    """Two plans of one statement side by side, the nodes of both marked."""

    before: Plan
    after: Plan
    changes: tuple[str, ...]
    """What changed, a sentence each."""
    not_known: tuple[str, ...]
    """What this comparison does not show, a sentence each."""


class Sample(Value):
    """One set of realistic parameter values and what the statement costs with them."""

    values: tuple[str | None, ...]
    origin: str
    """Where they come from: "most common value", "histogram", "generic"."""
    before: float
    """Planner cost today."""
    after: float | None = None
    """Planner cost with the fix."""


class Point(Value):
    """Load of a statement between two snapshots."""

    at: Instant
    """End of the interval."""
    seconds: float
    """Length of the interval."""
    calls: int
    total_ms: float


class Load(Value):
    """What a statement cost over a window."""

    calls: int
    total_ms: float
    mean_ms: float
    stddev_ms: float | None = None
    max_ms: float | None = None
    rows: int
    share: float
    """Of all statements' total time in the window, 0 to 1."""
    shared_blocks_hit: int
    shared_blocks_read: int
    temp_blocks_written: int
