"""Decides whether an answer is right: on the database, and on two perturbed copies of it."""

from __future__ import annotations

import spider
from copies import copies
from corpus import Rows, Runner, connect, digest

from assay.ask.graph import Graph
from assay.ask.ir import Query

STEPS = 5_000
"""Thousands of steps of SQLite's machine that a gold query may take."""


class Suite:
    """One database with its copies."""

    def __init__(self, database: str, graph: Graph) -> None:
        self.own = Runner(connect(database), graph)
        self._all = (self.own, *(Runner(copy, graph) for copy in copies(database, graph)))

    def gold(self, sql: str) -> Gold | None:
        """What the gold query gives everywhere; None where it does not run."""
        found = [runner.run(sql, STEPS) for runner in self._all]
        results = [rows for rows in found if rows is not None]
        return Gold(self._all, results, spider.ordered(sql)) if results and len(results) == len(found) else None


class Gold:
    """The results that a right answer has."""

    def __init__(self, runners: tuple[Runner, ...], results: list[Rows], sorts: bool) -> None:
        self._runners, self._sorts = runners, sorts
        self._wanted = [digest(rows, sorts) for rows in results]
        rows = results[0]
        self.telling = bool(rows) and not (len(rows) == 1 and len(rows[0]) == 1 and rows[0][0] in (0, None))
        """Neither empty nor a single zero, which many a wrong query gives as well."""

    def right(self, query: Query) -> bool:
        """Whether a candidate gives these results, on the database first."""
        text = self._runners[0].text(query)
        return text is not None and self.right_text(text)

    def right_text(self, sql: str) -> bool:
        """The same of a text."""
        pairs = zip(self._runners, self._wanted, strict=True)
        return all(self._same(runner.run(sql), wanted) for runner, wanted in pairs)

    def _same(self, rows: Rows | None, wanted: int) -> bool:
        return rows is not None and digest(rows, self._sorts) == wanted
