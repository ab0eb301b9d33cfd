"""What an advice asks and answers inside: plain frozen values that travel to a worker process and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.kernel.consult import EMBEDDED
from assay.ports.databases import Limits
from assay.ports.ledger import Tried
from assay.ports.secret import Secret
from assay.sources.model import Schema
from assay.workload.index import IndexDraft
from assay.workload.model import RecommendationType, Risk
from assay.workload.plan_model import SqlText
from assay.workload.samples import Values

Outcome = Literal["assayed", "estimate", "withheld"]


@dataclass(frozen=True, slots=True)
class AdviceStatement:
    """One statement of the workload."""

    id: str
    text: str
    """As pg_stat_statements has it, or with literals."""
    calls: int
    rows: int = 0
    """Returned or changed, over all calls."""
    shared_blocks: int = 0
    """Hit and read, over all calls; 0 is not known."""
    title: str = ""
    values: tuple[Values, ...] = ()
    """Parameters that were seen or made already; empty: made here from the server's statistics."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """One index, or one statement written otherwise, that a language model proposed."""

    by: str
    """The model, as the settings name it."""
    place: int
    """In its answer, from 1."""
    index: IndexDraft | None
    """Bound to the schema; None when that failed, and for a rewrite."""
    refused: str | None = None
    """Why it is not shown, in words without a full stop; None when it passed every check, or waits for them."""
    statement: str | None = None
    """Id of the statement that a rewrite is for."""
    rewrite: str | None = None
    """Its text, from its syntax tree; None when it may not be looked at."""


@dataclass(frozen=True, slots=True)
class AdviceWork:
    """What an advice is to be about."""

    dsn: Secret
    schema: Schema
    statements: tuple[AdviceStatement, ...]
    budget_bytes: int | None = None
    """All new indexes together, as hypopg estimates them."""
    max_width: int = 3
    seconds: float = 60.0
    samples: int = 3
    """Sets of values per statement."""
    limits: Limits = field(default_factory=Limits)
    drops: bool = True
    """Look for redundant and unused indexes too."""
    proposals: tuple[Proposal, ...] = ()
    """What models would have besides what we think of."""


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A statement that could not be planned."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Effect:
    """What an index does to one statement."""

    id: str
    weight: float
    before: tuple[float, ...]
    """Planner cost without it, one a sample."""
    after: tuple[float, ...]
    uses: bool
    """The plan of at least one sample reads the index."""
    blocks_before: tuple[float, ...] = ()
    """Shared blocks that the plans are estimated to touch, one a sample."""
    blocks_after: tuple[float, ...] = ()
    shares: tuple[float, ...] = ()
    """How much each sample counts, together 1; empty: all the same."""
    observed: float | None = None
    """Shared blocks that a call really touches, where that is far less than the samples' plans would."""
    joins: bool = False
    """It reads more than one table."""

    def mean(self, each: tuple[float, ...]) -> float:
        """Mean of one figure a sample, by their shares."""
        if not self.shares:
            return sum(each) / len(each) if each else 0.0
        return sum(share * one for share, one in zip(self.shares, each, strict=True))

    @property
    def gain(self) -> float:
        """Share of the mean cost that goes, 0.3 is 30 % less; negative is dearer."""
        before = self.mean(self.before)
        return 1.0 - self.mean(self.after) / before if before > 0 else 0.0

    @property
    def gains(self) -> tuple[float, ...]:
        """The same for each sample."""
        return tuple(1.0 - a / b if b > 0 else 0.0 for b, a in zip(self.before, self.after, strict=True))

    @property
    def touched(self) -> tuple[float, ...]:
        """Blocks that are touched without the index, one a sample: as estimated, or as counted where that is less."""
        return self.blocks_before if self.observed is None else (self.observed,) * len(self.blocks_after)

    @property
    def block_gain(self) -> float:
        """Share of the mean blocks that goes."""
        before = self.mean(self.touched)
        return 1.0 - self.mean(self.blocks_after) / before if before > 0 else 0.0

    @property
    def block_gains(self) -> tuple[float, ...]:
        """The same for each sample."""
        return tuple(1.0 - a / b if b > 0 else 0.0 for b, a in zip(self.touched, self.blocks_after, strict=True))


@dataclass(frozen=True, slots=True)
class Draft:
    """A recommendation before its evidence is written down; the fields are those of `model.Recommendation`."""

    key: str
    """The same for the same change to the same table: "index:public.orders:9f31…"."""
    outcome: Outcome
    type: RecommendationType
    title: str
    table: str
    rationale: str
    risk: Risk
    risk_reason: str
    confidence: float
    confidence_reason: str
    ddl: str | None = None
    undo: str | None = None
    index_name: str | None = None
    improvement_pct: float | None = None
    before_cost: float | None = None
    after_cost: float | None = None
    bytes: int | None = None
    build_seconds: float | None = None
    write_overhead_pct: float | None = None
    helps: tuple[str, ...] = ()
    costed: int = 0
    dearer: int = 0
    missing: tuple[str, ...] = ()
    withheld_reason: str | None = None
    claim: str = ""
    """One sentence: what the checks prove."""
    checks: tuple[Tried, ...] = ()
    """The checks that really ran."""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Numbers and texts, JSON-able, for the ledger."""
    reproduce: str | None = None
    """SQL with which anyone can see the same."""
    replay: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Payload for `recheck`, JSON-able."""
    proposed_by: tuple[str, ...] = (EMBEDDED,)
    rewrite: SqlText | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the storage curve."""

    key: str | None
    """Of the draft; None for one that was costed but did not fit."""
    title: str
    bytes: int
    relative_cost: float
    chosen: bool


@dataclass(frozen=True, slots=True)
class AdviceResult:
    """What an advice found."""

    base_cost: float
    """Of the planned statements, weighted by calls."""
    cost: float
    """With all shown indexes."""
    used_bytes: int
    planned: int
    unplanned: tuple[Unplanned, ...]
    what_if_calls: int
    candidates: int
    rejected: int
    dearer: int
    write_overhead_pct: float | None
    drafts: tuple[Draft, ...]
    """Shown ones first, then those withheld."""
    steps: tuple[Step, ...]
    search_cost: float
    """With the set that the search chose, before checks withheld any of it."""
    in_time: bool
    """False when the deadline ended the search."""
    checks: tuple[Tried, ...]
    """Of the whole set: nothing dearer, nothing left behind."""
    facts: Mapping[str, Any]
    took_ms: float
    proposals: tuple[Proposal, ...] = ()
    """Those that were given, each with what came of it."""
