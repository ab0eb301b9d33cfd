"""Findings about indexes that are missing, from what the planner said when it was given them."""

from __future__ import annotations

from statistics import median
from typing import Literal

from assay.kernel.assayed import Verdict
from assay.ports.ledger import Tried
from assay.workload.index import IndexDraft, index_name
from assay.workload.model import FindingKind, RecommendationType
from assay.workload.plan import detail, kept_rows, sequential_scans
from assay.workload.rules.draft import Draft, Fix, StatementUnderScan, bare, confidence
from assay.workload.rules.thresholds import KEEPS_AT_MOST, LEAST_SAVING, MIN_MEAN_MS, MIN_ROWS
from assay.workload.rules.trial import Chosen, drafts_for, trial

IndexKind = Literal["missing_index", "composite_index", "join_index", "unindexed_expression"]
_TITLES: dict[str, str] = {
    "missing_index": "Missing index", "composite_index": "Missing index on several columns",
    "join_index": "Join without an index", "unindexed_expression": "Expression without an index",
}  # fmt: skip
_TYPES: dict[str, RecommendationType] = {
    "missing_index": "missing_index", "composite_index": "composite_index", "join_index": "join_index",
    "unindexed_expression": "expression_index",
}  # fmt: skip
_NOT_ALL = "Some sets of values do not get cheaper."
_ELSEWHERE = "What it does to the other statements of the workload; the index advice plans them all."


def kind_of(draft: IndexDraft, *, joins: bool) -> IndexKind:
    """Tell which finding an index answers."""
    if any(key.column is None for key in draft.keys):
        return "unindexed_expression"
    if joins:
        return "join_index"
    return "composite_index" if len(draft.keys) > 1 else "missing_index"


def findings(statement: StatementUnderScan, kind: IndexKind) -> tuple[Draft, ...]:
    """Return the findings of one kind; the planner's where it can be asked, else an estimate from statistics."""
    if statement.ran.mean_ms < MIN_MEAN_MS or not statement.reads_much:
        return ()
    if statement.session is not None and statement.hypopg:
        found = trial(statement).chosen
        return tuple(
            _planned(statement, chosen, kind, first=place == 0)
            for place, chosen in enumerate(found) if kind_of(chosen.draft, joins=chosen.joins) == kind
        )  # fmt: skip
    return _supposed(statement, kind)


def _planned(statement: StatementUnderScan, chosen: Chosen, kind: IndexKind, *, first: bool) -> Draft:
    draft, table = chosen.draft, bare(chosen.draft.relation)
    before, after = median(chosen.before), median(chosen.after)
    saving = median(chosen.savings)
    rows = statement.rows(draft.relation)
    improves = sum(s > 0 for s in chosen.savings)
    rationale = (
        f"{_reads(statement, draft)} With an index on {draft.title()} the planner's cost falls from "
        f"{before:,.0f} to {after:,.0f}, {saving * 100:.1f} % less"
        + (" on top of the index before it" if not first else "")
        + f"; {improves} of {len(chosen.savings)} sets of values get cheaper. It ran {statement.ran.calls:,} times, "
        f"{statement.ran.mean_ms:,.2f} ms each."
    )
    proof = (
        Tried("Planned as it is", True, f"cost {before:,.1f}"),
        Tried("Planned with the hypothetical index", True, f"cost {after:,.1f}", chosen.took_ms),
        Tried("The new plan uses the index", True, chosen.name_in_plan),
        Tried("Cheaper for every set of values", improves == len(chosen.savings),
              f"{improves} of {len(chosen.savings)}"),
    )  # fmt: skip
    whole = not statement.guessed and improves == len(chosen.savings)
    plain = statement.samples[0].origin.startswith("plain")
    return Draft(
        kind=kind, title=_TITLES[kind], severity=statement.severity(saving), fingerprint=statement.fingerprint,
        table=draft.relation, rationale=rationale, proof=proof,
        confidence=confidence(chosen.savings, statement.ran.calls, rows, guessed=bool(statement.guessed), plain=plain),
        verdict=Verdict.ASSAYED if whole else Verdict.ESTIMATE,
        missing=(*statement.assumed, *(() if improves == len(chosen.savings) else (_NOT_ALL,))),
        facts={"before": list(chosen.before), "after": list(chosen.after), "index": draft.hypothetical(),
               "statement": statement.planned, "table_rows": rows,
               "values": [list(s.values) for s in statement.samples[: len(chosen.after)]]},
        reproduce=f"SELECT hypopg_create_index('{draft.hypothetical().replace(chr(39), chr(39) * 2)}');\n"
                  f"EXPLAIN {statement.planned};\nSELECT hypopg_reset();",
        fix=_fix(statement, chosen, kind, table, before, after), after=chosen.plan,
    )  # fmt: skip


def _fix(
    statement: StatementUnderScan, chosen: Chosen, kind: IndexKind, table: str, before: float, after: float
) -> Fix:
    draft = chosen.draft
    taken = {index.name for t in statement.schema.tables for index in t.indexes if t.schema_name == draft.schema}
    name = index_name(draft, taken)
    return Fix(
        type=_TYPES[kind], title=f"Create an index on {draft.title()}", table=draft.relation,
        rationale=f"The planner uses it: cost {before:,.0f} before, {after:,.0f} with it.",
        risk="low", risk_reason=f"Built concurrently, so {table} stays readable and writable; every write to it then "
                                "keeps one more index.",
        verdict=Verdict.ESTIMATE, missing=(*statement.assumed, _ELSEWHERE),
        ddl=f"{draft.ddl(name)};", undo=f'DROP INDEX CONCURRENTLY "{draft.schema}"."{name}";', index=draft,
        before_cost=before, after_cost=after, bytes=chosen.bytes,
    )  # fmt: skip


def _reads(statement: StatementUnderScan, draft: IndexDraft) -> str:
    """Say what the plan does today with the table."""
    table, rows = bare(draft.relation), statement.rows(draft.relation)
    for scan in sequential_scans(statement.plan):
        if scan.relation in (table, draft.relation, draft.table):
            kept = f" to keep {kept_rows(statement.plan, scan):,.0f}" if detail(scan, "Filter") else ""
            return f"Every call reads all {rows:,.0f} rows of {table}{kept}."
    return f"Every call looks through much of {table} ({rows:,.0f} rows)."


def _supposed(statement: StatementUnderScan, kind: FindingKind) -> tuple[Draft, ...]:
    """Without hypopg: a whole table is read, and statistics say that little of it is kept."""
    found: list[Draft] = []
    for scan in sequential_scans(statement.plan):
        table = next((t for t in statement.schema.tables if scan.relation in (t.name, t.qualified)), None)
        rows = statement.rows(table.qualified) if table else 0.0
        if table is None or rows < MIN_ROWS or not detail(scan, "Filter"):
            continue
        if kept_rows(statement.plan, scan) > rows * KEEPS_AT_MOST:
            continue
        drafts = [d for d in drafts_for(statement) if d.relation == table.qualified]
        if not drafts or kind_of(drafts[0], joins=False) != kind:
            continue
        draft = drafts[0]
        found.append(Draft(
            kind=kind, title=_TITLES[kind], severity=statement.severity(), fingerprint=statement.fingerprint,
            table=table.qualified,
            rationale=f"{_reads(statement, draft)} An index on {draft.title()} would find them without reading the "
                      f"rest. It ran {statement.ran.calls:,} times, {statement.ran.mean_ms:,.2f} ms each.",
            confidence=min(0.6, confidence((LEAST_SAVING,), statement.ran.calls, rows)), verdict=Verdict.ESTIMATE,
            missing=("What the planner would make of the index: hypopg is not installed (CREATE EXTENSION hypopg).",
                     *statement.assumed),
            proof=(Tried("Planned as it is", True, f"cost {statement.plan.cost:,.1f}"),),
            facts={"before": list(statement.costs), "table_rows": rows, "kept_rows": scan.rows},
        ))  # fmt: skip
    return tuple(found[:1])
