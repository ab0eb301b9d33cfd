"""The facts of a statement and its plan in a few words around a number each."""

from __future__ import annotations

from collections.abc import Sequence

from assay.workload.model import Chip
from assay.workload.plan import detail, estimate_error, kept_rows, sequential_scans, spills, walk
from assay.workload.plan_model import Load, Plan, PlanNode
from assay.workload.rules.draft import Draft


def chips(
    plan: Plan | None, load: Load | None = None, drafts: Sequence[Draft] = (), rows: dict[str, float] | None = None
) -> tuple[Chip, ...]:
    """Say what is wrong, what the plan reads and keeps, and what was measured; only what is known.

    Args:
        plan: today's plan, or a measured one.
        load: what the server counted.
        drafts: what the rules found.
        rows: rows of tables, by qualified name.
    """
    found = [Chip(label=d.title, value="", tone=d.severity) for d in drafts]
    if plan is not None:
        found += _plan_chips(plan, rows or {})
    if load is not None:
        found += _load_chips(load, plan)
    return tuple({(chip.label, chip.value, chip.after): chip for chip in found}.values())


def _plan_chips(plan: Plan, rows: dict[str, float]) -> list[Chip]:
    found: list[Chip] = []
    for scan in sequential_scans(plan)[:2]:
        found.append(_scan_chip(scan, kept_rows(plan, scan), rows))
    errors = [e for node in walk(plan) if (e := estimate_error(node)) is not None]
    if errors:
        worst = max(errors)
        found.append(
            Chip(label="estimate off", value=f"{worst:,.1f}", after="×", tone="warning" if worst > 4 else "fact")
        )
    hit = plan.root.blocks_hit
    if hit is not None:
        read = plan.root.blocks_read or 0
        found.append(
            Chip(label="buffers", value=f"{hit + read:,}", after=f"{read:,} from disk" if read else "all cached")
        )
    if spills(plan):
        found.append(Chip(label="sorts or hashes on disk", value=f"{len(spills(plan))}", tone="warning"))
    for node in walk(plan):
        workers = detail(node, "Workers Planned")
        if workers:
            found.append(Chip(label="workers", value=workers))
            break
    return found


def _scan_chip(scan: PlanNode, kept: float, rows: dict[str, float]) -> Chip:
    total = rows.get(scan.relation or "") or rows.get((scan.relation or "").rpartition(".")[2])
    table = (scan.relation or "").rpartition(".")[2]
    if total and detail(scan, "Filter"):
        return Chip(label=f"reads all of {table}, keeps", value=f"{kept:,.0f}", after=f"of {total:,.0f} rows",
                    tone="warning" if total >= 1_000 and kept < total / 10 else "fact")  # fmt: skip
    return Chip(label=f"reads all of {table}", value=f"{total or scan.rows:,.0f}", after="rows")


def _load_chips(load: Load, plan: Plan | None) -> list[Chip]:
    found: list[Chip] = []
    if load.calls:
        found.append(Chip(label="returns", value=f"{load.rows / load.calls:,.1f}", after="rows a call"))
        blocks = load.shared_blocks_hit + load.shared_blocks_read
        if plan is None or plan.root.blocks_hit is None:
            cached = load.shared_blocks_hit / blocks if blocks else 1.0
            found.append(
                Chip(label="buffers", value=f"{blocks / load.calls:,.0f}", after=f"a call, {cached:.0%} cached")
            )
    if load.temp_blocks_written:
        megabytes = load.temp_blocks_written * 8_192 / 1e6 / max(1, load.calls)
        found.append(
            Chip(label="writes", value=f"{megabytes:,.1f}", after="MB of temporary files a call", tone="warning")
        )
    return found
