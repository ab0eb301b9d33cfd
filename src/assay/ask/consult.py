"""Puts readings through the checks, and runs those that are cheap, so that their rows tell which one is meant."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import exp

from assay.ask.engine.answer import ENOUGH, MOST_RUN
from assay.ask.examine import Examined, examine_all
from assay.ask.graph import Graph
from assay.ask.guard.grammar import render as written
from assay.ask.ir import Query
from assay.ask.render import Unrenderable, tree
from assay.ask.scope import Unjoinable
from assay.ports.databases import Reader
from assay.ports.errors import Refused, TimedOut

CHEAP, FEW = 4_000.0, 100_000.0
"""Planner units that a reading may cost to be run for its rows alone, and rows any step may hand on: 20 ms or so."""
TIMES, BUDGET_S = 4, 2.0
"""How often as much all readings of one question may cost; the clock is there for estimates that are far off, since it
would make answers depend on how busy the machine is."""
MOST_ROWS = 1_000


class Consultation:
    """One question's readings on one live database, or on a schema alone (no session); each is checked once."""

    def __init__(self, session: Reader | None, graph: Graph, cap: int) -> None:
        self._session, self._graph, self._cap = session, graph, cap
        self._known: dict[str, Examined] = {}
        self._until = time.monotonic() + BUDGET_S
        self._cost, self._rows = TIMES * CHEAP, TIMES * FEW
        self._left_out = 0

    def examined(self, queries: Iterable[Query]) -> list[tuple[str, Examined] | None]:
        """Each reading as SQL and what the checks say of it, None where it cannot be said; Unavailable when the
        database is gone."""
        texts: list[str | None] = []
        new: dict[str, None] = {}

        def unknown() -> Iterator[str]:
            for query in queries:
                texts.append(text := self._text(query))
                if text is not None and text not in self._known and text not in new:
                    new[text] = None
                    yield text

        found = examine_all(self._session, self._graph, unknown(), cap=self._cap)
        self._known.update(zip(new, found, strict=True))
        return [None if text is None else (text, self._known[text]) for text in texts]

    def rows(self, query: Query) -> Sequence[Sequence[object]] | None:
        """Its rows, if it passes every check, is cheap, and not too much was spent already; else None."""
        if self._left_out > (1 - ENOUGH) * MOST_RUN or time.monotonic() > self._until:
            return None  # too few could be run for their rows to count
        found = self._cheap(query)
        if self._session is None or found is None or found.sql is None:
            self._left_out += 1
            return None
        try:
            return self._session.read(found.sql, MOST_ROWS).rows
        except (Refused, TimedOut):
            return None

    def _cheap(self, query: Query) -> Examined | None:
        """What the checks say of a reading that passed them and is within the budget, which it is taken from."""
        seen = self.examined((query,))[0]
        if seen is None or not (found := seen[1]).passed:
            return None
        cost = found.cost or 0.0
        if cost > min(CHEAP, self._cost) or found.most_rows > min(FEW, self._rows):
            return None
        self._cost -= cost
        self._rows -= found.most_rows
        return found

    def _text(self, query: Query) -> str | None:
        """The reading as SQL of this dialect, as the guard would write it; None where it cannot be said."""
        try:
            found = tree(query, self._graph)
            if found.args.get("limit") is None:
                found.set("limit", exp.Limit(expression=exp.Literal.number(self._cap)))
            return written(found, self._graph.dialect)
        except (Unrenderable, Unjoinable, ValueError):
            return None
