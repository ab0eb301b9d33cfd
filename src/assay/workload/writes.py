"""Models what indexes cost the statements that write: the planner does not say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from assay.sources.model import Table
from assay.workload.candidates import written
from assay.workload.index import IndexDraft
from assay.workload.whatif import Weighed

ENTRY_COST = 0.5
"""Planner units to insert one entry: a descent in cached pages and a dirtied leaf, an eighth of a random page read."""


@dataclass(frozen=True, slots=True)
class TableWrites:
    """What changed in a table since statistics began."""

    heap: float
    """Row versions written."""
    entries: float
    """Index entries written for each index: inserts and updates that were not HOT."""
    hot: float
    """Updates that wrote no index entry."""


def table_writes(table: Table) -> TableWrites:
    """Read the counters of one table."""
    return TableWrites(
        heap=float(table.inserts + table.updates),
        entries=float(table.inserts + max(table.updates - table.hot_updates, 0)),
        hot=float(table.hot_updates),
    )


def touched_share(draft: IndexDraft, statements: Iterable[Weighed]) -> float:
    """Share of the workload's updated rows whose new value an index holds, so that they cannot stay HOT."""
    touched = total = 0.0
    columns = written(draft)
    for statement in statements:
        if statement.facts.kind == "update" and statement.facts.writes == draft.relation:
            rows = max(float(statement.rows), statement.weight)
            total += rows
            touched += rows if statement.facts.written_columns & columns else 0.0
    return touched / total if total else 0.0


def overhead(drafts: Sequence[IndexDraft], tables: Mapping[str, Table], statements: Sequence[Weighed]) -> float | None:
    """Model how much more must be written to the drafts' tables with them, in per cent.

    Each row version written counts 1, each index entry 1: inserts and non-HOT updates write one into every index;
    an update that was HOT writes into all of them once a new index holds a column that it changes.
    None when nothing was written since statistics began.
    """
    before = more = 0.0
    for name in sorted({draft.relation for draft in drafts}):
        table = tables.get(name)
        if table is None:
            continue
        mine = [draft for draft in drafts if draft.relation == name]
        counts = table_writes(table)
        before += counts.heap + counts.entries * len(table.indexes)
        lost = counts.hot * max((touched_share(draft, statements) for draft in mine), default=0.0)
        more += counts.entries * len(mine) + lost * (len(table.indexes) + len(mine))
    return 100.0 * more / before if before > 0 else None


def price(draft: IndexDraft, statements: Iterable[Weighed]) -> float:
    """Model the planner units that a draft adds to the workload's writes over all calls."""
    columns, cost = written(draft), 0.0
    for statement in statements:
        if statement.facts.writes != draft.relation:
            continue
        rows = max(float(statement.rows), statement.weight)
        changes = statement.facts.kind == "insert" or (
            statement.facts.kind == "update" and bool(statement.facts.written_columns & columns)
        )
        cost += rows * ENTRY_COST if changes else 0.0
    return cost
