"""Estimates how many shared blocks a plan will touch, cached or not: what EXPLAIN (ANALYZE, BUFFERS) would count.

The planner's cost charges a page that is read again and again once when the cache is large, so a nested loop over an
index can look cheap and still touch many blocks. This is a second opinion on the same plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from assay.ports.databases import PlanJson

_BLOCKING = frozenset({"Sort", "Hash", "Materialize", "Bitmap Index Scan", "ModifyTable", "SetOp"})
_FAN_OUT = 300.0
"""Entries on a B-tree page, roughly, for keys of 8 to 16 bytes."""
_ROW_COST = 0.015
"""cpu_tuple_cost and cpu_index_tuple_cost, the defaults: what a plan charges for a row besides pages."""
_RANDOM_PAGE = 4.0
"""random_page_cost, the default: what a plan charges for a page of its own."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What the estimate needs to know of one table."""

    pages: float
    rows: float
    visible: float = 0.0
    """Share of its pages that are marked all-visible, so that index-only scans need not visit them."""
    correlations: Mapping[str, float] = field(default_factory=dict[str, float])
    """By column: how far its order is that of the pages, -1 to 1 as in pg_stats; a column left out counts as 0."""
    leads: Mapping[str, str] = field(default_factory=dict[str, str])
    """First column of each of its indexes, by name; without those that begin with an expression."""


def estimated_blocks(
    plan: PlanJson, relations: Mapping[str, Relation], leads: Mapping[str, str] | None = None
) -> float:
    """Estimate the shared blocks that one execution touches.

    Args:
        plan: as `Session.plan` returns it.
        relations: by the name that stands under "Relation Name" in plans.
        leads: first columns of indexes that `relations` does not know, the imagined ones.

    Sequential scans touch the table once for each loop; index scans descend the tree for each loop, read its leaves
    and one heap page a row, fewer where the heap is in the index's order; bitmap scans touch the distinct pages that
    Mackert and Lohman's formula expects (as in PostgreSQL's costsize.c); LIMIT stops what streams below it. Accuracy: a
    factor of two or three.
    """
    return _blocks(plan, _Catalogue(relations, leads or {}), loops=1.0, share=1.0, workers=1.0)


@dataclass(frozen=True, slots=True)
class _Catalogue:
    relations: Mapping[str, Relation]
    leads: Mapping[str, str]

    def of(self, node: PlanJson) -> Relation:
        return self.relations.get(str(node.get("Relation Name", "")), Relation(1.0, 1.0))

    def correlation(self, node: PlanJson) -> float:
        """Of the first column of the index that a node reads."""
        relation, index = self.of(node), str(node.get("Index Name", ""))
        column = self.leads.get(index) or relation.leads.get(index, "")
        return relation.correlations.get(column, 0.0)


def _blocks(node: PlanJson, catalogue: _Catalogue, *, loops: float, share: float, workers: float) -> float:
    kind = str(node.get("Node Type", ""))
    children = cast("list[dict[str, Any]]", node.get("Plans", []))
    own = _own(node, kind, catalogue, loops, share, workers)
    if kind == "Bitmap Heap Scan":
        return own
    if kind in _BLOCKING or (kind == "Aggregate" and node.get("Strategy") != "Sorted"):
        share = 1.0
    if kind in ("Gather", "Gather Merge"):
        planned = float(node.get("Workers Planned", 0))
        workers = planned + max(0.0, 1.0 - 0.3 * planned)
    total = own
    outer_rows = 1.0
    for place, child in enumerate(children):
        times, part = loops, share
        match child.get("Parent Relationship"):
            case "Inner" if kind == "Nested Loop":
                times = loops * max(outer_rows, 1.0) * (workers if workers > 1.0 and loops == 1.0 else 1.0)
                part = 1.0
            case "SubPlan":
                times = loops * max(_rows(node) * share, 1.0)
                part = 1.0
            case "InitPlan":
                times, part = 1.0, 1.0
            case _:
                if kind == "Limit" and _rows(child) > 0:
                    part = share * min(1.0, _rows(node) / _rows(child))
                elif kind == "Merge Join":
                    # It ends with the shorter side; the join then costs less than reading the longer one would.
                    part = share * min(1.0, _cost(node) / max(_cost(child), 1e-9))
        total += _blocks(child, catalogue, loops=times, share=part, workers=workers)
        if place == 0:
            outer_rows = _rows(child) * part
    return total


def _own(node: PlanJson, kind: str, catalogue: _Catalogue, loops: float, share: float, workers: float) -> float:
    relation = catalogue.of(node)
    rows = _rows(node) * (workers if node.get("Parallel Aware") else 1.0)
    if kind in ("Seq Scan", "Sample Scan"):
        return loops * max(relation.pages * share, 1.0)
    if kind in ("Index Scan", "Index Only Scan"):
        height = 1.0 + math.ceil(math.log(max(relation.rows / _FAN_OUT, 1.0), _FAN_OUT)) if relation.rows > 0 else 1.0
        matched = _matched(node, rows)
        heap = matched if kind == "Index Scan" else matched * (1.0 - relation.visible)
        heap *= (
            _apart(node, relation, matched) if loops == 1.0 else _spread(relation, matched, catalogue.correlation(node))
        )
        return loops * (height + (matched / _FAN_OUT + heap) * share)
    if kind == "Bitmap Heap Scan":
        found = sum(_found(child) for child in cast("list[dict[str, Any]]", node.get("Plans", [])))
        distinct = min(relation.pages, _distinct(relation.pages, found))
        return loops * (3.0 + found / _FAN_OUT + distinct * share)
    if kind == "ModifyTable":
        return 3.0
    return 0.0


def _apart(node: PlanJson, relation: Relation, matched: float) -> float:
    """Heap pages touched for each row: 1 in random order, few in the heap's own order, as the page is still held.

    Which of them, the plan tells by what it charges for a page: random_page_cost, or 1 for the next one.
    """
    dense = 1.0 / max(relation.rows / max(relation.pages, 1.0), 1.0)
    distinct = min(relation.pages, _distinct(relation.pages, matched))
    heap_cost = _self_cost(node) - (_ROW_COST + _RANDOM_PAGE / _FAN_OUT) * matched
    charged = max(heap_cost, 0.0) / max(distinct, 1.0)
    random = min(max((charged - 1.0) / (_RANDOM_PAGE - 1.0), 0.0), 1.0)
    return random + (1.0 - random) * dense


def _spread(relation: Relation, matched: float, correlation: float) -> float:
    """The same for one key of many that are looked up: its rows lie together as far as the heap is in their order.

    The correlation is squared, as costsize.c does to weigh the two ends of an index scan.
    """
    if matched <= 1.0:
        return 1.0
    together = max(1.0, matched / max(relation.rows / max(relation.pages, 1.0), 1.0)) / matched
    return correlation**2 * together + (1.0 - correlation**2)


def _distinct(pages: float, rows: float) -> float:
    """Distinct pages of rows fetched at random, by Mackert and Lohman."""
    return 2.0 * pages * rows / max(2.0 * pages + rows, 1.0)


def _matched(node: PlanJson, rows: float) -> float:
    """Rows that the index condition finds, before the filter: more than the plan says when there is a filter."""
    if node.get("Filter") is None:
        return rows
    return max(rows, _self_cost(node) / (_RANDOM_PAGE + 0.02))


def _found(node: PlanJson) -> float:
    """Rows that a bitmap's index scans find together."""
    if node.get("Node Type") == "Bitmap Index Scan":
        return _rows(node)
    parts = [_found(child) for child in cast("list[dict[str, Any]]", node.get("Plans", []))]
    return (min(parts, default=0.0) if node.get("Node Type") == "BitmapAnd" else sum(parts))  # fmt: skip


def _rows(node: PlanJson) -> float:
    return float(node.get("Plan Rows", 0.0))


def _cost(node: PlanJson) -> float:
    return float(node.get("Total Cost", 0.0))


def _self_cost(node: PlanJson) -> float:
    children = cast("list[dict[str, Any]]", node.get("Plans", []))
    return max(_cost(node) - sum(_cost(child) for child in children), 0.0)
