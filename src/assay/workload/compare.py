"""Two plans of one statement side by side: which nodes stayed, went, came or changed, and what that means in words."""

from __future__ import annotations

from collections.abc import Mapping

from assay.workload.alignment import align
from assay.workload.plan import detail, walk
from assay.workload.plan_model import Mark, Plan, PlanComparison, PlanNode

_JOINS = ("Nested Loop", "Hash", "Merge")
_SCANS = (
    "Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Heap Scan", "Tid Scan", "Sample Scan", "Index Scan Backward",
    "Index Only Scan Backward",
)  # fmt: skip


def compare(
    before: Plan, after: Plan, rows: Mapping[str, float] | None = None, index: Mapping[str, str] | None = None
) -> PlanComparison:
    """Mark the nodes of two plans and say what changed.

    Args:
        before: today's plan.
        after: the plan with the fix.
        rows: how many rows tables have, by the name that stands in the plan, for "instead of 1,000,000".
        index: readable names of hypothetical indexes, by the name that stands in the plan.
    """
    pairs = align(before.root, after.root, lambda node: node.children, _distance)
    marks_before: dict[str, Mark] = {}
    marks_after: dict[str, Mark] = {}
    for old, new in pairs:
        mark: Mark = "same" if _same(old, new) else "changed"
        marks_before[old.path] = marks_after[new.path] = mark
    one = before.model_copy(update={"root": _marked(before.root, marks_before, "removed", {})})
    two = after.model_copy(update={"root": _marked(after.root, marks_after, "new", index or {})})
    changes = _sentences(one, two, [(o, n) for o, n in pairs if marks_before[o.path] == "changed"], rows or {})
    return PlanComparison(before=one, after=two, changes=tuple(changes), not_known=_not_known(before, after))


def _marked(node: PlanNode, marks: Mapping[str, Mark], otherwise: Mark, index: Mapping[str, str]) -> PlanNode:
    changed: dict[str, object] = {
        "mark": marks.get(node.path, otherwise),
        "children": tuple(_marked(child, marks, otherwise, index) for child in node.children),
    }
    if node.index is not None and node.index in index:
        changed["index"] = index[node.index]
    return node.model_copy(update=changed)


def _same(one: PlanNode, other: PlanNode) -> bool:
    return (one.operation, one.relation, one.alias, one.index, one.detail) == (
        other.operation, other.relation, other.alias, other.index, other.detail,
    )  # fmt: skip


def _distance(one: PlanNode, other: PlanNode) -> float | None:
    """0 for the same node, 0.5 for one that only works otherwise, 1 for another way to the same rows."""
    if _same(one, other):
        return 0.0
    if (one.operation, one.relation, one.alias) == (other.operation, other.relation, other.alias):
        return 0.5
    if one.relation and (one.relation, one.alias) == (other.relation, other.alias):
        return 1.0 if _is_scan(one) and _is_scan(other) else None
    if _is_join(one) and _is_join(other):
        return 1.0
    aggregates = "Aggregate" in one.operation and "Aggregate" in other.operation
    return 1.0 if aggregates or (_is_sort(one) and _is_sort(other)) else None


def _plain(node: PlanNode) -> str:
    return node.operation.removeprefix("Parallel ")


def _is_scan(node: PlanNode) -> bool:
    return _plain(node) in _SCANS


def _is_join(node: PlanNode) -> bool:
    return _plain(node).startswith(_JOINS) and ("Join" in node.operation or _plain(node).startswith("Nested Loop"))


def _is_sort(node: PlanNode) -> bool:
    return _plain(node) in ("Sort", "Incremental Sort")


# sentences -----------------------------------------------------------------------------------------------------------


def _sentences(
    before: Plan, after: Plan, changed: list[tuple[PlanNode, PlanNode]], rows: Mapping[str, float]
) -> list[str]:
    found = [*_access(before, after, rows), *_sorting(before, after)]
    for old, new in changed:
        if _is_join(old) and _is_join(new) and old.operation != new.operation:
            found.append(f"{_sentence_case(new.operation)} instead of {_lower(old.operation)}.")
        if "Aggregate" in old.operation and _plain(new).startswith("GroupAggregate") and "Hash" in old.operation:
            found.append("Rows arrive grouped already. GroupAggregate instead of HashAggregate.")
    workers = [any(n.operation.startswith("Gather") for n in walk(plan)) for plan in (before, after)]
    if workers == [True, False]:
        found.append("Parallel workers gone. One process is enough.")
    elif workers == [False, True]:
        found.append("Parallel workers come in to share the reading.")
    subplans = [sum(_is_subplan(n) for n in walk(plan)) for plan in (before, after)]
    if subplans[1] < subplans[0]:
        found.append("Sub-select gone. It ran once for every row outside; now it runs once.")
    if not found and any(node.mark != "same" for plan in (before, after) for node in walk(plan)):
        share = (1 - after.cost / before.cost) * 100 if before.cost else 0.0
        found.append(f"Same work in another order; the planner's cost is {abs(share):.1f} % "
                     f"{'lower' if share >= 0 else 'higher'}.")  # fmt: skip
    return list(dict.fromkeys(found)) or ["The plan is the same."]


def _is_subplan(node: PlanNode) -> bool:
    return any(line.startswith("SubPlan") for line in node.detail)


def _by_relation(plan: Plan) -> dict[str, list[PlanNode]]:
    found: dict[str, list[PlanNode]] = {}
    for node in walk(plan):
        if node.relation and _is_scan(node):
            found.setdefault(f"{node.relation} {node.alias}", []).append(node)
    return found


def _access(before: Plan, after: Plan, rows: Mapping[str, float]) -> list[str]:
    """Say how tables are read now that were read as a whole."""
    found: list[str] = []
    new = _by_relation(after)
    for name, olds in _by_relation(before).items():
        old, now_ = olds[0], new.get(name, [None])[0]
        if now_ is None or "Seq Scan" not in old.operation or "Seq Scan" in now_.operation:
            continue
        table = (old.relation or "").rpartition(".")[2]
        total = rows.get(old.relation or "") or rows.get(table) or _all_rows(old)
        read = f"{now_.rows:,.0f} rows" + (f" read instead of {total:,.0f}" if total else f" read of {table}")
        condition = detail(old, "Filter")
        kept = detail(now_, "Filter")
        if condition and not kept:
            found.append(f"Filter moved into the index. {read}.")
        elif condition and kept:
            found.append(f"Part of the filter moved into the index. {read}.")
        elif "Index Only" in now_.operation and not _index_condition(now_):
            found.append(f"The index alone is read instead of {table}: it holds every column that is needed.")
            continue
        else:
            found.append(f"{table} is looked up by index, {read} each time.")
        if "Index Only" in now_.operation:
            found.append(f"The index alone answers. The table {table} is visited only for rows changed lately.")
    return found


def _index_condition(node: PlanNode) -> str | None:
    return next((c for n in walk(node) if (c := detail(n, "Index Cond"))), None)


def _all_rows(scan: PlanNode) -> float | None:
    """Rows that a measured scan really read."""
    removed = detail(scan, "Rows Removed by Filter")
    if scan.actual_rows is None:
        return None
    return scan.actual_rows + (float(removed) * (scan.loops or 1) if removed else 0.0)


def _sorting(before: Plan, after: Plan) -> list[str]:
    keys = [{detail(n, "Sort Key") for n in walk(plan) if _is_sort(n)} for plan in (before, after)]
    presorted = [n for n in walk(after) if _plain(n) == "Incremental Sort"]
    gone = sorted(key for key in keys[0] - keys[1] if key)
    by_index = any("Index" in node.operation for node in walk(after))
    found = [f"Sort gone. The index already returns {_order(key)}." for key in gone if by_index]
    if presorted and not any(_plain(n) == "Incremental Sort" for n in walk(before)):
        key = detail(presorted[0], "Presorted Key") or ""
        found.append(f"Sort smaller. Rows come sorted by {_order(key)} already.")
    return found


def _order(key: str) -> str:
    """ "o.order_date DESC, id" -> "order_date descending, id"."""
    parts: list[str] = []
    for part in key.split(", "):
        words = part.split(" ")
        name = words[0].rpartition(".")[2] if "(" not in words[0] else part
        parts.append(f"{name} descending" if "DESC" in words else name)
    return ", ".join(parts)


def _sentence_case(operation: str) -> str:
    lower = _lower(operation)
    return lower[:1].upper() + lower[1:]


def _lower(operation: str) -> str:
    return operation.lower()


def _not_known(before: Plan, after: Plan) -> tuple[str, ...]:
    if after.kind == "measured" and before.kind == "measured":
        return ()
    hypothetical = any((node.index or "").startswith("<") for node in walk(after))
    reason = "the index is hypothetical, so nothing was run" if hypothetical else "nothing was run, only planned"
    found = [f"Buffers and time: {reason}. Build it on a copy and measure to know."]
    if before.kind == "generic" or after.kind == "generic":
        found.append(
            "Whether it holds for every value: this is the plan for any parameter, made without looking at one."
        )
    return tuple(found)
