"""Conditions that only a GIN index serves, which this planner cannot imagine: found, named, never costed."""

from __future__ import annotations

from collections.abc import Iterator

from assay.kernel.assayed import Verdict
from assay.ports.ledger import Tried
from assay.sources.model import Column, Table
from assay.workload.facts import Predicate
from assay.workload.model import FindingKind
from assay.workload.plan import sequential_scans
from assay.workload.plan_model import PlanNode
from assay.workload.rules.draft import Draft, Fix, StatementUnderScan, bare
from assay.workload.rules.thresholds import MIN_CALLS, MIN_MEAN_MS, MIN_ROWS
from assay.workload.statements.writer import quoted

_CANNOT = "What the planner would make of it: hypopg cannot imagine a GIN index. Build it on a copy to know."


def scanned(
    statement: StatementUnderScan, kinds: tuple[str, ...]
) -> Iterator[tuple[Predicate, Table, Column, PlanNode]]:
    """Yield conditions of some kinds on columns of tables that the plan reads as a whole."""
    if statement.ran.mean_ms < MIN_MEAN_MS or not statement.reads_much:
        return
    for predicate in statement.facts.predicates:
        table = statement.tables.get(predicate.key.table)
        if predicate.kind not in kinds or not predicate.conjunct or table is None or table.rows < MIN_ROWS:
            continue
        column = next((c for c in table.columns if c.name in predicate.key.columns), None)
        scans = (s for s in sequential_scans(statement.plan) if s.relation in (table.name, table.qualified))
        scan = next((s for s in scans if s.alias in (predicate.alias, None)), None)
        if column is not None and scan is not None:
            yield predicate, table, column, scan


def has_index(table: Table, column: str, methods: tuple[str, ...], opclass: str = "") -> bool:
    """Say whether a built index of a method holds the column."""
    return any(
        index.valid and index.method in methods and quoted(column) in index.keys
        and (not opclass or any(opclass in name for name in index.opclasses))
        for index in table.indexes
    )  # fmt: skip


def made(
    statement: StatementUnderScan, kind: FindingKind, title: str, table: Table, scan: PlanNode, rationale: str,
    ddl: str, index: str, needs: tuple[str, ...] = (), missing: tuple[str, ...] = (),
) -> Draft:  # fmt: skip
    """Make the finding and its fix; confidence 0.6, 0.2 less below 5 calls, 0.1 less for each thing not known more."""
    rows = max(0.0, table.rows)
    value = 0.6 - (0.2 if statement.ran.calls < MIN_CALLS else 0.0) - 0.1 * len(missing)
    every = (*missing, _CANNOT)
    fix = Fix(
        type="unimaginable_index", title=f"Create {index}", table=table.qualified,
        rationale=f"It finds matching rows of {bare(table.qualified)} without reading all {rows:,.0f}.",
        risk="medium", risk_reason="A GIN index is large, and slows every write to the column.",
        verdict=Verdict.ESTIMATE, missing=every, ddl=" ".join((*needs, ddl)),
        undo=f"DROP INDEX CONCURRENTLY {ddl.split(' ')[3]};" if " ON " in ddl else None,
        before_cost=statement.plan.cost,
    )  # fmt: skip
    return Draft(
        kind=kind, title=title, severity=statement.severity(), fingerprint=statement.fingerprint, table=table.qualified,
        rationale=f"{rationale} It ran {statement.ran.calls:,} times, {statement.ran.mean_ms:,.1f} ms each.",
        confidence=round(max(0.1, value), 2), verdict=Verdict.ESTIMATE, missing=every,
        proof=(Tried("Planned as it is: it reads the whole table", True, f"cost {scan.cost:,.1f}"),),
        facts={"before": list(statement.costs), "table_rows": rows, "kept_rows": scan.rows,
               "statement": statement.planned, "values": list(statement.samples[0].values)},
        reproduce=f"EXPLAIN {statement.planned};", fix=fix,
    )  # fmt: skip
