"""A condition on an expression of a column, which no index on the plain column serves."""

from __future__ import annotations

from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.indexes import findings


def unindexed_expression(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find it; see `indexes.findings` for the proof and `draft.confidence` for the confidence."""
    return findings(statement, "unindexed_expression")
