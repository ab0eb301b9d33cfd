"""Several columns searched together, or searched and sorted, that one index over them would serve at once."""

from __future__ import annotations

from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.indexes import findings


def composite_index(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find it; see `indexes.findings` for the proof and `draft.confidence` for the confidence."""
    return findings(statement, "composite_index")
