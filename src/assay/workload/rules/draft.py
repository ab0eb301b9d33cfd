"""What a rule hands over: a finding without its evidence, and the change that would help."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from assay.kernel.assayed import Verdict
from assay.ports.databases import Session
from assay.ports.ledger import Tried
from assay.sources.model import Schema, Table
from assay.workload.facts import StatementFacts
from assay.workload.index import IndexDraft
from assay.workload.model import FindingKind, RecommendationType, Risk
from assay.workload.plan import sequential_scans
from assay.workload.plan_model import Plan
from assay.workload.rules.thresholds import CRITICAL_MS, CRITICAL_SHARE, MIN_CALLS, TOUCHED_SHARE
from assay.workload.samples import Values

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that would help."""

    type: RecommendationType
    title: str
    """Says the act: "Create an index on orders (user_id, status)"."""
    table: str
    """Qualified."""
    rationale: str
    risk: Risk
    risk_reason: str
    verdict: Verdict
    missing: tuple[str, ...] = ()
    """What is not known; never empty for an estimate."""
    ddl: str | None = None
    undo: str | None = None
    rewrite: str | None = None
    """The statement written otherwise; not laid out."""
    index: IndexDraft | None = None
    before_cost: float | None = None
    after_cost: float | None = None
    """Planner cost of this statement, median over the samples."""
    bytes: int | None = None
    withheld_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A finding, before its evidence is written."""

    kind: FindingKind
    title: str
    severity: Severity
    fingerprint: str
    """Of the statement."""
    table: str | None
    """Qualified."""
    rationale: str
    confidence: float
    verdict: Verdict
    missing: tuple[str, ...] = ()
    proof: tuple[Tried, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Numbers and texts of the proof, for the evidence; plain JSON."""
    reproduce: str | None = None
    """Statements with which anyone can check it by hand."""
    fix: Fix | None = None
    """None when nothing was found that helps; the rationale says why."""
    after: Plan | None = None
    """The plan with the fix, where the planner made one."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What the server counted of a statement, over all its entries."""

    calls: int
    total_ms: float
    rows: int
    blocks: int
    """Shared blocks, cached or not."""
    temp_written: int
    """Blocks of 8 kB written to temporary files."""
    share: float
    """Of the total time of the workload, 0 to 1."""

    @property
    def mean_ms(self) -> float:
        """Per call."""
        return self.total_ms / self.calls if self.calls else 0.0

    @property
    def rows_a_call(self) -> float:
        """Rows that a call returned or changed, on average."""
        return self.rows / self.calls if self.calls else 0.0


@dataclass
class StatementUnderScan:
    """One statement with everything that rules look at; `trial` is filled by the rules about indexes."""

    fingerprint: str
    text: str
    """As the server has it."""
    planned: str
    """Repaired, as it is planned."""
    facts: StatementFacts
    schema: Schema
    plan: Plan
    """With the first sample's values."""
    samples: tuple[Values, ...]
    costs: tuple[float, ...]
    """Today's, one a sample."""
    ran: Ran
    session: Session | None = None
    """To ask the planner more; None when there is no server at hand."""
    hypopg: bool = False
    guessed: Mapping[int, str] = field(default_factory=dict[int, str])
    """Literals that had to be guessed, by number of their `$n`."""
    together: Mapping[str, Sequence[Mapping[str, str | None]]] = field(
        default_factory=dict[str, Sequence[Mapping[str, str | None]]]
    )
    """Some rows of tables that are filtered by several columns, by qualified name."""
    work_mem: int | None = None
    """Bytes."""
    estimates: tuple[float, ...] = ()
    """Rows that the planner expects, one a sample."""
    tick: Callable[[], None] = lambda: None
    memory: dict[str, Any] = field(default_factory=dict[str, Any])
    """What one rule worked out and another may use."""

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """Tables by qualified name."""
        return {table.qualified: table for table in self.schema.tables}

    def rows(self, table: str) -> float:
        """Rows of a table, 0 when it was never analysed or is not known."""
        found = self.tables.get(table)
        return max(0.0, found.rows) if found else 0.0

    @cached_property
    def reads_much(self) -> bool:
        """Whether calls really touch as many blocks as a plan that reads whole tables says.

        Counted blocks that are far fewer show that the values of the samples are not those that run (a partial index
        serves the literals that pg_stat_statements took out), or that the reading ends early.
        """
        if not self.ran.calls or not self.ran.blocks:
            return True
        by_name = {name: t for t in self.schema.tables for name in (t.name, t.qualified)}
        pages = [t.pages for scan in sequential_scans(self.plan) if (t := by_name.get(scan.relation or ""))]
        return self.ran.blocks / self.ran.calls >= TOUCHED_SHARE * max(pages, default=0)

    def severity(self, saving: float = 1.0) -> Severity:
        """Critical when it costs much of the workload, or much time each, and most of that can go."""
        heavy = self.ran.share >= CRITICAL_SHARE or self.ran.mean_ms >= CRITICAL_MS
        return "critical" if heavy and saving >= 0.5 else "warning"

    @property
    def assumed(self) -> tuple[str, ...]:
        """What rests on a guess, a sentence each."""
        if not self.guessed:
            return ()
        listed = ", ".join(f"${number} is {value}" for number, value in sorted(self.guessed.items()))
        return (f"pg_stat_statements took literals out of this text; it is assumed that {listed}.",)


def confidence(
    savings: Sequence[float], calls: int, rows: float, *, guessed: bool = False, plain: bool = False
) -> float:
    """How sure it is that a change helps, from what was measured.

    0.5 + 0.35 · (least saving over the samples, 0 to 1) + 0.1 when more than one sample was planned and all saved
    something; − 0.2 when it ran fewer than 5 times; − 0.15 when a literal was guessed; − 0.1 when values are plain ones
    of their type, not the table's own; + 0.05 for tables over 10,000 rows. Between 0.05 and 0.99.
    """
    least = min(savings, default=0.0)
    value = 0.5 + 0.35 * max(0.0, min(1.0, least))
    value += 0.1 if len(savings) > 1 and least > 0 else 0.0
    value -= 0.2 if calls < MIN_CALLS else 0.0
    value -= 0.15 if guessed else 0.0
    value -= 0.1 if plain else 0.0
    value += 0.05 if rows > 10_000 else 0.0
    return round(max(0.05, min(0.99, value)), 2)


def bare(table: str) -> str:
    """A table's name for people: without the schema when that is public."""
    return table.removeprefix("public.")
