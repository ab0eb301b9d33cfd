"""A plan as EXPLAIN (FORMAT JSON) gives it, read into a tree of nodes, and what can be seen in it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from assay.kernel.values import now
from assay.ports.databases import PlanJson
from assay.workload.plan_model import Plan, PlanKind, PlanNode

_CONDITIONS = (
    "Index Cond", "Recheck Cond", "Filter", "Hash Cond", "Merge Cond", "Join Filter", "TID Cond", "One-Time Filter",
    "Order By", "Run Condition", "Conflict Filter",
)  # fmt: skip
_LISTS = ("Sort Key", "Presorted Key", "Group Key", "Cache Key", "Conflict Arbiter Indexes")
_COUNTS = ("Workers Planned", "Workers Launched", "Rows Removed by Filter", "Rows Removed by Join Filter",
           "Rows Removed by Index Recheck", "Heap Fetches", "Subplans Removed")  # fmt: skip


def read_plan(json: PlanJson, kind: PlanKind, values: Sequence[str | None] = ()) -> Plan:
    """Read what `Session.plan` or `Session.measure` returned."""
    root = _node(json, "0")
    execution = json.get("Execution Time")
    return Plan(
        root=root,
        cost=root.cost,
        kind=kind,
        values=tuple(values),
        execution_ms=float(execution) if execution is not None else None,
        captured_at=now(),
    )


def _node(json: PlanJson, path: str) -> PlanNode:
    children = tuple(
        _node(child, f"{path}.{place}") for place, child in enumerate(cast("list[PlanJson]", json.get("Plans", ())))
    )
    cost = float(json.get("Total Cost", 0))
    loops = json.get("Actual Loops")
    rows, ms = json.get("Actual Rows"), json.get("Actual Total Time")
    times = int(loops) if loops is not None else None
    schema, relation = (
        json.get("Schema"),
        json.get("Relation Name") or json.get("CTE Name") or json.get("Function Name"),
    )
    return PlanNode(
        path=path,
        operation=_operation(json),
        relation=f"{schema}.{relation}" if schema and relation else relation,
        alias=json.get("Alias"),
        index=json.get("Index Name"),
        detail=_details(json),
        rows=float(json.get("Plan Rows", 0)),
        width=int(json.get("Plan Width", 0)),
        cost=cost,
        self_cost=max(0.0, cost - sum(child.cost for child in children)),
        actual_rows=float(rows) * (times or 0) if rows is not None and times is not None else None,
        actual_ms=float(ms) * (times or 0) if ms is not None and times is not None else None,
        loops=times,
        blocks_hit=json.get("Shared Hit Blocks"),
        blocks_read=json.get("Shared Read Blocks"),
        children=children,
    )


def _operation(json: PlanJson) -> str:
    """Name a node as EXPLAIN's text form does: "Hash Left Join", "Index Only Scan Backward", "HashAggregate"."""
    kind = str(json.get("Node Type", "Unknown"))
    if kind == "Aggregate":
        name = {"Sorted": "GroupAggregate", "Hashed": "HashAggregate", "Mixed": "MixedAggregate"}.get(
            str(json.get("Strategy", "")), "Aggregate"
        )
        mode = str(json.get("Partial Mode", "Simple"))
        return name if mode == "Simple" else f"{mode} {name}"
    if kind == "ModifyTable":
        return str(json.get("Operation", kind))
    if kind == "SetOp":
        return f"{'HashSetOp' if json.get('Strategy') == 'Hashed' else 'SetOp'} {json.get('Command', '')}".strip()
    join = json.get("Join Type")
    if join and join != "Inner":
        kind = f"{kind.removesuffix(' Join')} {join} Join"
    if json.get("Scan Direction") == "Backward":
        kind += " Backward"
    if json.get("Parallel Aware"):
        kind = f"Parallel {kind}"
    return kind


def _details(json: PlanJson) -> tuple[str, ...]:
    lines: list[str] = []
    name = json.get("Subplan Name")
    if name:
        lines.append(str(name))
    for key in _LISTS:
        if json.get(key):
            lines.append(f"{key}: {', '.join(str(item) for item in cast('list[object]', json[key]))}")
    for key in _CONDITIONS:
        if json.get(key):
            value = json[key]
            lines.append(f"{key}: {value if isinstance(value, str) else ', '.join(map(str, value))}")
    if json.get("Sort Method"):
        size = f"  {json.get('Sort Space Type', '')}: {json.get('Sort Space Used', 0)}kB"
        lines.append(f"Sort Method: {json['Sort Method']}{size}")
    batches = json.get("Hash Batches") or json.get("HashAgg Batches")
    if batches and int(batches) > 1:
        lines.append(f"Batches: {batches}")
    for key in _COUNTS:
        if json.get(key):
            lines.append(f"{key}: {json[key]}")
    return tuple(lines)


# what can be seen in it ---------------------------------------------------------------------------------------------


def walk(plan: Plan | PlanNode) -> Iterator[PlanNode]:
    """Yield every node, parents first."""
    node = plan.root if isinstance(plan, Plan) else plan
    yield node
    for child in node.children:
        yield from walk(child)


def sequential_scans(plan: Plan | PlanNode) -> tuple[PlanNode, ...]:
    """Return the nodes that read a whole table."""
    return tuple(node for node in walk(plan) if node.operation.endswith("Seq Scan") and node.relation)


def kept_rows(plan: Plan | PlanNode, scan: PlanNode) -> float:
    """Estimated rows out of a scan over all processes: the plan gives those of one worker where several share it.

    The planner divides by the workers and what the leader has time for, 1 − 0.3 a worker (get_parallel_divisor in
    costsize.c).
    """
    if not scan.operation.startswith("Parallel "):
        return scan.rows
    above = [n for n in walk(plan) if scan.path.startswith(f"{n.path}.") and n.operation.startswith("Gather")]
    workers = float(detail(above[-1], "Workers Planned") or 0) if above else 0.0
    return scan.rows * (workers + max(0.0, 1 - 0.3 * workers))


def detail(node: PlanNode, name: str) -> str | None:
    """Return one detail of a node, "Filter", without its name."""
    prefix = f"{name}: "
    return next((line[len(prefix) :] for line in node.detail if line.startswith(prefix)), None)


def estimate_error(node: PlanNode) -> float | None:
    """By which factor the estimated rows of a measured node are off, 1 is exact; None when it was not measured.

    Both sides count at least one row, so an empty result is no infinite error.
    """
    if node.actual_rows is None or not node.loops:
        return None
    estimated, actual = max(node.rows, 1.0), max(node.actual_rows / node.loops, 1.0)
    return max(estimated / actual, actual / estimated)


def spills(plan: Plan | PlanNode) -> tuple[PlanNode, ...]:
    """Return the sorts and hashes of a measured plan that went to disk."""
    return tuple(
        node for node in walk(plan)
        if any(line.startswith("Batches: ") or (line.startswith("Sort Method: ") and " Disk: " in line)
               for line in node.detail)
    )  # fmt: skip


def uses_index(plan: Plan | PlanNode, name: str) -> bool:
    """Say whether any node reads this index."""
    return any(node.index == name for node in walk(plan))
