"""A column that is searched by and has no index: the whole table is read to find a few rows."""

from __future__ import annotations

from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.indexes import findings


def missing_index(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find it; see `indexes.findings` for the proof and `draft.confidence` for the confidence."""
    return findings(statement, "missing_index")
