"""Estimates what a query visits from EXPLAIN QUERY PLAN and the sizes of tables: SQLite itself gives no figures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from assay.ports.databases import Estimate, Row
from assay.ports.errors import Refused

_COUNTED = 1_000_000
UNKNOWN = 1_000.0
"""Rows that a subquery, a view or a function is taken to have."""
_LOOP = re.compile(r"(SCAN|SEARCH) (\S+)")
_INDEXED = re.compile(r" USING (.*)")

Step = tuple[int, int, str]
"""Of EXPLAIN QUERY PLAN: id, parent, detail."""


class Sizes:
    """Rows of tables, counted up to a million: by the last rowid where a table has one.

    Args:
        rows: runs a statement of ours.
    """

    def __init__(self, rows: Callable[[str, Sequence[object] | Mapping[str, object]], list[Row]]) -> None:
        self._rows = rows
        self._known: dict[str, float | None] = {}

    def __call__(self, table: str) -> float | None:
        """Rows of one; None where nobody knows."""
        if table not in self._known:
            self._known[table] = self._count(table)
        return self._known[table]

    def _count(self, table: str) -> float | None:
        name = '"' + table.replace('"', '""') + '"'
        kinds = self._rows("SELECT type FROM main.sqlite_schema WHERE lower(name) = lower(?)", (table,))
        if not kinds or kinds[0]["type"] != "table":
            return None
        try:
            found = self._rows(f"SELECT max(rowid) AS most FROM main.{name}", ())  # noqa: S608 - quoted
        except Refused:  # WITHOUT ROWID, or a virtual table
            bounded = f"SELECT count(*) AS most FROM (SELECT 1 FROM main.{name} LIMIT {_COUNTED})"  # noqa: S608
            found = self._rows(bounded, ())
        return max(0.0, float(found[0]["most"] or 0))


def estimate(query: str, steps: Sequence[Step], size: Callable[[str], float | None], patience_s: float) -> Estimate:
    """What the steps of a query's plan visit; `patience_s` ends it in any case."""
    rows = visited(query, steps, size)
    says = f"about {rows:,.0f} rows visited by the sizes of tables; SQLite has no cost, {patience_s:g} s end it"
    return Estimate(None, None, rows, says)


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
