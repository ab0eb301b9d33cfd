"""The nouns of a workload: statements and their load, plans, findings, recommendations, simulations, runbooks."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from assay.kernel.assayed import Assayed
from assay.kernel.consult import EMBEDDED
from assay.kernel.values import Instant, Page, Value
from assay.workload.plan_model import Load, Plan, PlanComparison, Point, Sample, SqlText

Risk = Literal["low", "medium", "high"]
RecommendationType = Literal[
    "missing_index",
    "composite_index",
    "covering_index",
    "join_index",
    "partial_index",
    "expression_index",
    "correlated_subquery",
    "rewrite",
    "redundant_index",
    "unused_index",
    "cardinality_issue",
    "unimaginable_index",
]
"""The contract's types; `unimaginable_index` is one that hypopg cannot plan (GIN), so never assayed; a `rewrite` of any
other kind than `correlated_subquery` is a language model's."""
FindingKind = Literal[
    "missing_index",
    "composite_index",
    "join_index",
    "unindexed_expression",
    "correlated_subquery",
    "redundant_index",
    "unused_index",
    "cardinality_skew",
    "leading_wildcard",
    "json_containment",
    "sort_spill",
    "unplannable",
]


class Chip(Value):
    """One fact of a statement or its plan, in a few words around a number."""

    label: str
    """"reads"."""
    value: str
    """"1,000,000"."""
    after: str = ""
    """"rows"."""
    tone: Literal["fact", "critical", "warning", "ok", "info"] = "fact"


class Finding(Assayed):
    """Something a statement or a table suffers from."""

    id: str
    kind: FindingKind
    title: str
    """In words: "Missing index"."""
    severity: Literal["critical", "warning", "info"]
    query_id: str | None = None
    table: str | None = None
    rationale: str
    """Why, in plain words, with the numbers that were measured."""
    confidence: float = Field(ge=0, le=1)
    recommendation_id: str | None = None
    """What would help; null when nothing was found that does, and the rationale says why."""


class Recommendation(Assayed):
    """A change that would help, what it does and what it costs."""

    id: str
    source: str
    type: RecommendationType
    title: str
    """Says the act: "Create an index on orders (user_id, status)"."""
    table: str
    ddl: str | None = None
    """What to run; null for a rewrite."""
    undo: str | None = None
    rewrite: SqlText | None = None
    """The statement written otherwise, for a rewrite."""
    rationale: str
    risk: Risk
    risk_reason: str
    confidence: float = Field(ge=0, le=1)
    confidence_reason: str
    """What the confidence was measured from."""
    improvement_pct: float | None = None
    """Planner cost of the workload statements it helps, weighted by calls: 99.6 is 99.6 % less."""
    before_cost: float | None = None
    after_cost: float | None = None
    bytes: int | None = None
    """Estimated size: hypopg_relation_size for a new index, real size for one to drop."""
    build_seconds: float | None = None
    """Estimated from the table's size."""
    write_overhead_pct: float | None = None
    """Modelled: indexes to write after over before, weighted by the table's writes."""
    helps: tuple[str, ...] = ()
    """Ids of the statements whose plan uses it."""
    costed: int = 0
    """How many statements of the workload were planned with it."""
    dearer: int = 0
    """How many of them got more expensive."""
    withheld_reason: str | None = None
    proposed_by: tuple[str, ...] = (EMBEDDED,)
    """Who thought of it: "embedded" is the engine of our own; else a language model, as the settings name it."""
    created_at: Instant


class RecommendationPage(Page[Recommendation]):
    """What the last advice found, with its age."""

    computed_at: Instant | None = None
    """When the last advice ended; null when none has run."""
    advice: IndexAdvice | None = None
    """The last advice, without its lists."""


class Bottleneck(Value):
    """One statement in the list of those that cost most."""

    query_id: str
    fingerprint: str
    title: str
    """What it does, in words: "orders by user_id and status"."""
    sql: SqlText
    """The statement with its select list folded to `…`."""
    load: Load
    mean_ms: float
    calls: int
    reason: str
    """The worst finding's title, or "Healthy" / "Not looked at yet"."""
    finding: Finding | None = None
    recommendation: Recommendation | None = None
    """The best fix, or the best one withheld."""
    ddl: str | None = None
    confidence: float | None = None
    trend: tuple[Point, ...] = ()
    last_seen: Instant


class BottleneckPage(Page[Bottleneck]):
    """The statements that cost most, and what they cost together."""

    source: str
    source_name: str
    total_ms: float
    """All statements in the window."""
    window_seconds: float
    snapshots: int
    read_at: Instant | None = None
    """When statistics were last read; null before the first scan."""
    findings: int = 0
    proved: int = 0
    withheld: int = 0
    not_measured: int = 0
    partial: tuple[str, ...] = ()
    """What could not be read, and why, a sentence each."""


class QueryDetail(Value):
    """Everything known about one statement."""

    query_id: str
    source: str
    fingerprint: str
    """pg_query's."""
    queryids: tuple[str, ...]
    """The server's, of every pg_stat_statements entry that shares the fingerprint."""
    title: str
    sql: SqlText
    roles: tuple[str, ...] = ()
    load: Load
    first_seen: Instant
    last_seen: Instant
    read_at: Instant
    trend: tuple[Point, ...]
    chips: tuple[Chip, ...]
    plan: Plan | None = None
    plan_error: str | None = None
    """Why it could not be planned, in words."""
    comparison: PlanComparison | None = None
    """Today's plan against the plan with the best fix, as last simulated."""
    samples: tuple[Sample, ...] = ()
    findings: tuple[Finding, ...] = ()
    recommendations: tuple[Recommendation, ...] = ()
    previous: str | None = None
    """Id of the next more expensive statement."""
    next: str | None = None


class RefusedProposal(Value):
    """What a language model proposed and nobody is advised to do."""

    what: str
    """In words of ours: "orders (user_id)", "q_7f3a91 written otherwise"; or "proposal 2" when it is nothing that this
    database could have."""
    reason: str


class ModelsPart(Value):
    """What language models had to do with an advice: they propose, the same checks decide."""

    model: str | None = None
    """The one that answered; null when none did."""
    silent: str | None = None
    """Why nothing came of it; the advice is the engine's own then."""
    proposed: int = 0
    kept: int = 0
    """Proposals that passed every check: chosen indexes, and rewrites."""
    refused: tuple[RefusedProposal, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    """Null: no price is known, or none answered."""


class IndexAdvice(Assayed):
    """What an advice found over the whole workload."""

    source: str
    base_cost: float
    """Planner cost of the workload today, weighted by calls."""
    cost: float
    """With the chosen indexes."""
    relative_cost: float
    """cost / base_cost."""
    budget_bytes: int | None = None
    used_bytes: int
    statements: int
    """Planned."""
    unplanned: int
    """Could not be planned, and why is in their findings."""
    what_if_calls: int
    """EXPLAINs asked of the server."""
    rejected: int
    """Candidates that were costed and not chosen."""
    dearer: int
    """Statements that the chosen set makes more expensive."""
    write_overhead_pct: float | None = None
    recommendations: tuple[Recommendation, ...] = ()
    steps: tuple[AdviceStep, ...] = ()
    """The curve: what each further index buys."""
    summary: str = ""
    """What was found, in one paragraph."""
    worded_by: str = EMBEDDED
    """Whose words the summary is: a language model's only when every number and name of it stands in our own facts."""
    models: ModelsPart | None = None
    """Null: no language model was asked."""
    took_ms: float
    computed_at: Instant


class AdviceStep(Value):
    """One step of the storage curve, in the order in which indexes are worth their bytes."""

    recommendation_id: str | None
    """Null for one that was costed but did not fit the budget."""
    title: str
    bytes: int
    """All indexes up to and with this one."""
    relative_cost: float
    """Workload cost with all of them, of today's."""
    chosen: bool


class Simulation(Assayed):
    """What one fix does to one statement, planned now."""

    id: str
    query_id: str
    rec_id: str
    mode: Literal["hypopg"]
    before_cost: float
    after_cost: float
    improvement_pct: float
    """Planner cost, median over the samples; negative is dearer."""
    comparison: PlanComparison
    samples: tuple[Sample, ...]
    uses_index: bool
    clean: bool
    """No hypothetical index was left."""
    took_ms: float
    ran_at: Instant


class Measurement(Assayed):
    """A statement that really ran, in a read-only transaction that was rolled back."""

    query_id: str
    plan: Plan
    execution_ms: float
    shared_blocks: int
    ran_at: Instant


class RunbookStep(Value):
    """One step: what it does, what it locks, how long."""

    title: str
    sql: str
    """As psql runs it, attempts and checks included."""
    brief: str | None = None
    """The statements at the heart of it, for reading; null where `sql` is short itself."""
    locks: str
    takes: str
    note: str | None = None


class Runbook(Assayed):
    """How to bring one recommendation to production without stopping it, and how to go back."""

    recommendation_id: str
    title: str
    steps: tuple[RunbookStep, ...]
    undo: tuple[RunbookStep, ...]
    bytes: int | None = None
    script: str
    """All steps as one psql file."""


class ScanReport(Value):
    """What one scan read and found."""

    id: str
    source: str
    statements: int
    """Entries of pg_stat_statements that were read."""
    fingerprints: int
    """Distinct statements among them."""
    new: int
    """Not seen before."""
    planned: int
    unplanned: int
    findings: tuple[Finding, ...]
    reset: bool
    """Statistics were reset since the snapshot before, so this one starts a new window."""
    evicted: int | None = None
    """Entries that the server threw away (pg_stat_statements.max too low); null where it does not say."""
    partial: tuple[str, ...] = ()
    """What could not be read or done, why, and what cures it, a sentence each."""
    took_ms: float
    at: Instant


class ActivitySeries(Value):
    """Average active sessions of one statement, per interval."""

    query_id: str | None
    """Null for all others together."""
    values: tuple[float, ...]


class Activity(Value):
    """Average active sessions over time, by statement."""

    source: str
    at: tuple[Instant, ...]
    """Ends of the intervals."""
    series: tuple[ActivitySeries, ...]
    """At most five named ones, most time first, then the others."""
    mean: float
    peak: float


class Rechecked(Value):
    """The same checks, run now."""

    passed: bool
    facts: dict[str, object]
    """The same keys as the facts of the evidence that is replayed."""
    evidence: tuple[str, ...]
    """What the ledger holds of this run."""


class ScanSchedule(Value):
    """How often a source is scanned by itself."""

    source: str
    every_minutes: int
    next_at: Instant | None
    version: int


RecommendationPage.model_rebuild()
IndexAdvice.model_rebuild()
