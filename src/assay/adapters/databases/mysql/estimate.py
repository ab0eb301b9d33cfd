"""Reads what EXPLAIN FORMAT=JSON of MySQL or MariaDB expects of a query."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, cast

from assay.ports.databases import Estimate
from assay.ports.errors import Refused

_ESCAPED = re.compile(r"\\(\\|')")
"""MariaDB writes \\' in its JSON, which JSON does not know; a pair of backslashes is one that is meant."""


def estimate(plan: str) -> Estimate:
    """The cost where the server has one, and the rows that the largest nest of loops visits.

    Raises Refused for a plan that cannot be read: what cannot be weighed is not run.
    """
    try:
        block = cast("dict[str, Any]", json.loads(_ESCAPED.sub(_plain, plan), strict=False))["query_block"]
    except (ValueError, KeyError, TypeError):
        raise Refused("The server's plan of this statement cannot be read, so what it costs is not known.") from None
    cost = _cost(block)
    most = max([_nest(one) for one in _blocks(block)], default=1.0)
    figures = f"about {most:,.0f} rows visited by the server's statistics"
    return Estimate(cost, None, most, figures if cost is None else f"{cost:,.0f} cost units, {figures}")


def _plain(pair: re.Match[str]) -> str:
    return "'" if pair[1] == "'" else pair[0]


def _cost(block: dict[str, Any]) -> float | None:
    """MySQL has `cost_info`, MariaDB `cost` from version 11."""
    found = block.get("cost_info", {}).get("query_cost", block.get("cost"))
    try:
        return None if found is None else float(found)
    except (TypeError, ValueError):
        return None


def _blocks(node: Any) -> Iterator[dict[str, Any]]:
    """Every object that loops over tables: query blocks, those of unions and subqueries too."""
    if isinstance(node, list):
        for one in cast("list[Any]", node):
            yield from _blocks(one)
    elif isinstance(node, dict):
        mine = cast("dict[str, Any]", node)
        if "select_id" in mine:
            yield mine
        for one in mine.values():
            yield from _blocks(one)


def _nest(block: dict[str, Any]) -> float:
    """The product of the rows of the tables that one block joins; no table of the blocks inside of it."""
    rows = 1.0
    for table in _tables(block, top=True):
        found = table.get("rows", table.get("rows_examined_per_scan", 1))
        if isinstance(found, (int, float)) and math.isfinite(found):
            rows *= max(1.0, float(found))
    return rows


def _tables(node: Any, *, top: bool = False) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for one in cast("list[Any]", node):
            yield from _tables(one)
    elif isinstance(node, dict):
        mine = cast("dict[str, Any]", node)
        if "select_id" in mine and not top:
            return
        for name, one in mine.items():
            if name == "table" and isinstance(one, dict):
                yield cast("dict[str, Any]", one)
            elif name not in ("query_specifications", "subqueries", "materialized", "materialized_from_subquery"):
                yield from _tables(one)
