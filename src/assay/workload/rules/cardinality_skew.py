"""Estimates that are far from the truth: conditions that depend on each other, and statistics that do not know it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.kernel.assayed import Verdict
from assay.ports.ledger import Tried
from assay.sources.model import Table
from assay.workload.facts import StatementFacts
from assay.workload.index import NAME_BYTES
from assay.workload.rules.draft import Draft, Fix, StatementUnderScan, bare
from assay.workload.rules.thresholds import MIN_CALLS, MIN_MEAN_MS, MIN_ROWS, SKEW, SKEW_ROWS
from assay.workload.statements.writer import quoted

_ENOUGH = 200
"""Sampled rows from which on shares of values mean something."""


@dataclass(frozen=True, slots=True)
class _Dependence:
    """Columns of one table whose values come together."""

    table: Table
    columns: tuple[str, ...]
    factor: float
    """How many times more often values come together than the product of their shares says."""
    sampled: int


def cardinality_skew(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find estimates off by more than 4 times, |actual − estimated| / max(estimated, 1) > K.

    The truth comes without running anything: from rows per call that the server counted, where the plan's top gives
    the rows that were found (no aggregate, no LIMIT), and from rows of the table sampled by page, where several
    columns are compared. Confidence: 0.5, + 0.2 when both agree, + 0.15 from 1,000 sampled rows, − 0.2 below 5 calls.
    """
    if statement.ran.mean_ms < MIN_MEAN_MS:
        return ()
    counted = _counted(statement)
    dependent = _dependent(statement)
    if counted is None and dependent is None:
        return ()
    factor = counted[2] if counted else dependent.factor if dependent else 1.0
    value = 0.5 + (0.2 if counted and dependent else 0.0) - (0.2 if statement.ran.calls < MIN_CALLS else 0.0)
    value += 0.15 if dependent and dependent.sampled >= 1_000 else 0.0
    table = dependent.table.qualified if dependent else next((u.table for u in statement.facts.tables), None)
    proof = [Tried("Planned as it is", True, f"{statement.plan.root.rows:,.0f} rows expected")]
    if counted:
        proof.append(Tried("Compared with the server's count", True, f"{counted[1]:,.1f} rows a call"))
    if dependent:
        proof.append(
            Tried("Compared columns in sampled rows", True, f"{dependent.sampled:,} rows of {bare(table or '')}")
        )
    return (
        Draft(
            kind="cardinality_skew", title="Estimate far off", severity="warning" if factor >= 10 else "info",
            fingerprint=statement.fingerprint, table=table, rationale=_rationale(statement, counted, dependent),
            confidence=round(max(0.1, min(0.9, value)), 2), verdict=Verdict.ESTIMATE,
            missing=(_missing(statement, counted),), proof=tuple(proof),
            facts={"estimated": counted[0] if counted else None, "actual": counted[1] if counted else None,
                   "factor": round(factor, 2), "columns": list(dependent.columns) if dependent else [],
                   "sampled": dependent.sampled if dependent else 0},
            reproduce=f"EXPLAIN (ANALYZE) {statement.planned};",
            fix=_fix(dependent) if dependent else None,
        ),
    )  # fmt: skip


def _missing(statement: StatementUnderScan, counted: tuple[float, float, float] | None) -> str:
    if counted is None and not _tells_rows(statement):
        return "The rows that the condition really finds: the statement aggregates or limits them, so no count tells."
    return "Which step is off: the planner cannot imagine statistics, so only CREATE STATISTICS and ANALYZE will tell."


def _tells_rows(statement: StatementUnderScan) -> bool:
    """Say whether the rows a call returns are the rows that its conditions found."""
    top = statement.plan.root.operation
    loses = statement.facts.limited or "Aggregate" in top or top in ("Limit", "Unique", "Result", "ProjectSet", "Group")
    unknown = any(
        p.kind in ("wildcard", "prefix", "contains") and p.constant is None for p in statement.facts.predicates
    )
    return statement.facts.kind == "select" and not loses and not unknown and not statement.guessed


def _counted(statement: StatementUnderScan) -> tuple[float, float, float] | None:
    """Estimated and counted rows a call and the factor between, where no sample's estimate comes near the count.

    Which values ran is not known, so only a count outside of everything that was estimated tells something.
    """
    ran = statement.ran
    if not ran.calls or not statement.estimates or not _tells_rows(statement):
        return None
    actual = ran.rows_a_call
    estimated = min(statement.estimates, key=lambda rows: abs(rows - actual))
    if max(estimated, actual) < SKEW_ROWS:
        return None
    low, high = max(min(actual, estimated), 1.0), max(actual, estimated)
    return (estimated, actual, high / low) if (high - low) / low > SKEW else None


def _dependent(statement: StatementUnderScan) -> _Dependence | None:
    """Find the table whose compared columns depend on each other most, by sampled rows."""
    found: list[_Dependence] = []
    for (name, _, _), columns in equal_columns(statement.facts).items():
        table, rows = statement.tables.get(name), statement.together.get(name, ())
        if table is None or len(columns) < 2 or table.rows < MIN_ROWS or len(rows) < _ENOUGH:
            continue
        best = max((_dependence(table, pair, rows) for pair in _pairs(columns)), key=lambda d: d.factor)
        if best.factor > SKEW and not _known(table, best.columns):
            found.append(best)
    return max(found, key=lambda d: d.factor, default=None)


def equal_columns(facts: StatementFacts) -> dict[tuple[str, str, int], tuple[str, ...]]:
    """Columns that are compared for equality together, by table, alias and block."""
    found: dict[tuple[str, str, int], dict[str, None]] = {}
    for p in facts.predicates:
        if p.kind == "equality" and p.conjunct and p.key.column:
            found.setdefault((p.key.table, p.alias, p.block), {})[p.key.column] = None
    return {use: tuple(columns) for use, columns in found.items()}


def _pairs(columns: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(a, b) for i, a in enumerate(columns) for b in columns[i + 1 :]]


def _dependence(table: Table, columns: tuple[str, str], rows: Sequence[Mapping[str, str | None]]) -> _Dependence:
    """How many times more often a combination occurs than independence says: median over the rows that were sampled."""
    one, two = columns
    values = [(row.get(one), row.get(two)) for row in rows if row.get(one) is not None and row.get(two) is not None]
    total = len(values)
    if total < _ENOUGH:
        return _Dependence(table, columns, 1.0, total)
    both, first, second = Counter(values), Counter(a for a, _ in values), Counter(b for _, b in values)
    # A combination seen once says nothing: with many distinct values every one is.
    lifts = sorted(both[v] * total / (first[v[0]] * second[v[1]]) for v in values if both[v] >= 3)
    factor = lifts[len(lifts) // 2] if len(lifts) >= total / 4 else 1.0
    return _Dependence(table, columns, factor, total)


def _known(table: Table, columns: tuple[str, ...]) -> bool:
    """A unique index over the columns already tells the planner all there is."""
    return any(index.unique and set(index.keys) <= {quoted(c) for c in columns} for index in table.indexes)


def _rationale(
    statement: StatementUnderScan, counted: tuple[float, float, float] | None, dependent: _Dependence | None
) -> str:
    parts: list[str] = []
    if counted:
        estimated, actual, factor = counted
        parts.append(
            f"The planner expects {estimated:,.0f} rows a call and {actual:,.1f} come: off {factor:,.1f} times."
        )
    if dependent:
        names = " and ".join(dependent.columns)
        parts.append(
            f"{names} of {bare(dependent.table.qualified)} depend on each other: among {dependent.sampled:,} sampled "
            f"rows their values come together {dependent.factor:,.1f} times as often as their shares multiplied, which "
            "is how the planner estimates."
        )
    elif counted:
        parts.append("Why is not known: old statistics (ANALYZE), values that come unevenly, or conditions that depend "
                     "on each other.")  # fmt: skip
    parts.append(f"It ran {statement.ran.calls:,} times, {statement.ran.mean_ms:,.1f} ms each.")
    return " ".join(parts)


def _fix(dependent: _Dependence) -> Fix:
    table = dependent.table
    name = f"{table.name}_{'_'.join(dependent.columns)}_stats".encode()[:NAME_BYTES].decode(errors="ignore")
    target = f"{quoted(table.schema_name)}.{quoted(table.name)}"
    statistics = f"{quoted(table.schema_name)}.{quoted(name)}"
    columns = ", ".join(quoted(column) for column in dependent.columns)
    return Fix(
        type="cardinality_issue", title=f"Tell the planner that {' and '.join(dependent.columns)} depend on each other",
        table=table.qualified,
        rationale="Extended statistics keep how often values come together; the planner stops multiplying shares.",
        risk="low", risk_reason="ANALYZE reads a sample of the table and locks nothing that reads or writes need; "
                                "plans of other statements over these columns may change.",
        verdict=Verdict.ESTIMATE,
        missing=("What the plan becomes: the planner cannot imagine statistics, it must have them.",),
        ddl=f"CREATE STATISTICS {statistics} (dependencies, mcv) ON {columns} FROM {target}; ANALYZE {target};",
        undo=f"DROP STATISTICS {statistics};",
    )  # fmt: skip
