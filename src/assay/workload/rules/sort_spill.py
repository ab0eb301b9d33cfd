"""A sort or a hash that does not fit its memory and goes through temporary files."""

from __future__ import annotations

from statistics import median

from assay.kernel.assayed import Verdict
from assay.ports.ledger import Tried
from assay.workload.plan import detail, walk
from assay.workload.plan_model import PlanNode
from assay.workload.rules.draft import Draft, StatementUnderScan
from assay.workload.rules.thresholds import MIN_CALLS, SPILL_BYTES
from assay.workload.rules.trial import trial

_BLOCK = 8_192
_OVERHEAD = 24 + 16
"""Bytes a row has in a sort besides its columns: tuple header and the array of tuples."""


def sort_spill(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find statements whose calls write temporary files, and the node that does.

    That they were written is the server's own count, so confidence is 0.9 with one node that can be it, 0.7 with
    several, 0.2 less below 5 calls.
    """
    written = statement.ran.temp_written * _BLOCK / max(1, statement.ran.calls)
    if written < SPILL_BYTES:
        return ()
    nodes = [n for n in walk(statement.plan) if _keeps(n)]
    if not nodes:
        return ()
    worst = max(nodes, key=_size)
    table = next((n.relation for n in walk(worst) if n.relation), None)
    known = next((t for t in statement.schema.tables if table in (t.name, t.qualified)), None)
    memory = statement.work_mem
    value = (0.9 if len(nodes) == 1 else 0.7) - (0.2 if statement.ran.calls < MIN_CALLS else 0.0)
    return (
        Draft(
            kind="sort_spill", title="Sort on disk" if "Sort" in worst.operation else "Hash on disk",
            severity="warning", fingerprint=statement.fingerprint, table=known.qualified if known else None,
            rationale=_rationale(statement, worst, written, memory), confidence=round(value, 2),
            verdict=Verdict.ESTIMATE,
            missing=("How much memory makes it fit: only a run with EXPLAIN (ANALYZE) tells.",),
            proof=(Tried("The server counted temporary blocks", True, f"{statement.ran.temp_written:,} blocks of 8 kB "
                         f"in {statement.ran.calls:,} calls"),
                   Tried("The plan has a node that can spill", True, worst.operation)),
            facts={"temp_blocks": statement.ran.temp_written, "calls": statement.ran.calls, "work_mem": memory,
                   "node": worst.operation, "node_bytes": _size(worst)},
            reproduce=f"EXPLAIN {statement.planned};",
        ),
    )  # fmt: skip


def _keeps(node: PlanNode) -> bool:
    kind = node.operation.removeprefix("Parallel ")
    return kind in ("Sort", "Hash", "Materialize", "WindowAgg", "Incremental Sort") or kind.endswith("HashAggregate")


def _size(node: PlanNode) -> float:
    return node.rows * (node.width + _OVERHEAD)


def _rationale(statement: StatementUnderScan, node: PlanNode, written: float, memory: int | None) -> str:
    keys = detail(node, "Sort Key") or detail(node, "Group Key")
    what = f"{node.operation} of about {node.rows:,.0f} rows" + (f" by {keys}" if keys else "")
    text = f"Each call writes {written / 1e6:,.1f} MB of temporary files. "
    text += f"The plan's {what} needs about {_size(node) / 1e6:,.1f} MB"
    text += f", and work_mem is {memory / 1e6:,.1f} MB." if memory else "."
    chosen = [c for c in trial(statement).chosen if median(c.savings) > 0]
    if any(not _has_sort(c.plan.root, node) for c in chosen):
        return text + " An index in the order of the sort makes it needless; see the index finding."
    wanted = max(64, round(2 * _size(node) / 1e6 / 64 + 0.5) * 64)
    return text + f" For this statement alone, SET LOCAL work_mem = '{wanted} MB' may keep it in memory."


def _has_sort(root: PlanNode, like: PlanNode) -> bool:
    return any(n.operation == like.operation and n.rows >= like.rows / 2 for n in walk(root))
