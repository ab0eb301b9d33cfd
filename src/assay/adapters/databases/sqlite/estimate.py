"""Estimates what a query visits from EXPLAIN QUERY PLAN and the sizes of tables: SQLite itself gives no figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

UNKNOWN = 1_000.0
"""Rows that a subquery, a view or a function is taken to have."""
_LOOP = re.compile(r"(SCAN|SEARCH) (\S+)")
_INDEXED = re.compile(r" USING (.*)")

Step = tuple[int, int, str]
"""Of EXPLAIN QUERY PLAN: id, parent, detail."""


def visited(query: str, steps: Sequence[Step], size: Callable[[str], float | None]) -> float:
    """Rows that the largest nest of loops visits.

    Loops side by side under one parent are nested in each other: each SCAN multiplies by the rows of its table, a
    SEARCH through an index by one row of it, and one by rowid or key by one.

    Args:
        query: the text that was planned; its aliases say which tables the steps mean.
        size: rows of a table, or None where nobody knows.
    """
    names = _aliases(query)
    nests: dict[int, float] = {}
    for _, parent, detail in steps:
        found = _LOOP.match(detail)
        if found and found[1] == "SCAN" and not detail.startswith("SCAN CONSTANT"):
            nests[parent] = nests.get(parent, 1.0) * _most(names.get(found[2].lower(), {found[2]}), size)
    return max(nests.values(), default=1.0)


def _most(tables: Iterable[str], size: Callable[[str], float | None]) -> float:
    """An alias of several places means the largest of its tables."""
    rows = [size(table) for table in tables]
    return max([1.0, *(UNKNOWN if one is None else one for one in rows)])


def _aliases(query: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    try:
        tree = sqlglot.parse_one(query, dialect="sqlite")
    except (SqlglotError, RecursionError):
        return {}
    for table in tree.find_all(exp.Table):
        found.setdefault(table.alias_or_name.lower(), set()).add(table.name)
    return found
