"""A join that reads a whole table because the column it looks up has no index."""

from __future__ import annotations

from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.indexes import findings


def join_index(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find it; see `indexes.findings` for the proof and `draft.confidence` for the confidence."""
    return findings(statement, "join_index")
