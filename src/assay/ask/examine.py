"""Puts SQL, whoever wrote it, through every check there is before it may be shown or run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assay.ask.graph import Graph
from assay.ask.guard.check import guard
from assay.ask.guard.model import Guarded, Rejected
from assay.ask.model import Issue
from assay.ports.databases import Estimate, Reader
from assay.ports.errors import Refused, TimedOut
from assay.ports.ledger import Tried

MOST_COST = 20_000_000.0
"""Planner units: about what reading a terabyte in order is estimated at; what costs more is not run."""
MOST_ROWS = 50_000_000.0
"""Rows that any step of a plan is expected to hand on, or the loops of a join to visit: more is a join without a
condition, or nearly."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it."""

    sql: str | None
    """What may run; None when a check failed."""
    checks: tuple[Tried, ...]
    issues: tuple[Issue, ...]
    cost: float | None = None
    rows: float | None = None
    most_rows: float = 0.0
    """Of any step of the plan."""

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.sql is not None


def examine(session: Reader | None, graph: Graph, text: str, *, cap: int) -> Examined:
    """Guard, bind, plan and weigh one text; never runs it. As `examine_all`."""
    return examine_all(session, graph, (text,), cap=cap)[0]


def examine_all(session: Reader | None, graph: Graph, texts: Iterable[str], *, cap: int) -> list[Examined]:
    """Guard, bind, plan and weigh texts; never runs one. While the database plans one, the next is guarded.

    Args:
        session: of the database that the graph was read from; None where there is none: nothing is planned then.
        cap: rows that a LIMIT allows at most.

    Raises Unavailable when the database is gone.
    """
    looked: list[Guarded | Rejected] = []

    def guarded() -> Iterator[str]:
        for text in texts:
            try:
                looked.append(found := guard(text, graph, cap=cap))
            except Rejected as refused:
                looked.append(refused)
            else:
                yield found.sql

    if session is None:
        planned, cautions = iter([None for _ in guarded()]), ()
    else:
        planned, cautions = iter(session.estimates(guarded())), session.cautions
    return [
        _refused(one, graph) if isinstance(one, Rejected) else _weighed(one, next(planned), cautions, graph)
        for one in looked
    ]


def _refused(refused: Rejected, graph: Graph) -> Examined:
    issues = tuple(Issue(code=v.code, level="error", message=v.message) for v in refused.violations)
    return Examined(None, (Tried(_guarding(graph), False, issues[0].message),), issues)


def _weighed(
    guarded: Guarded, expected: Estimate | Refused | TimedOut | None, cautions: Iterable[str], graph: Graph
) -> Examined:
    passed = [Tried(_guarding(graph), True, _what(guarded, graph))]
    warnings = tuple(Issue(code="WARNING", level="warning", message=words) for words in guarded.warnings)
    if expected is None:
        return Examined(guarded.sql, tuple(passed), warnings)
    if not isinstance(expected, Estimate):
        issue = Issue(code="NOT_PLANNED", level="error", message=expected.message)
        return Examined(None, (*passed, Tried(_PLAN, False, expected.message)), (*warnings, issue))
    warnings += tuple(Issue(code="WARNING", level="warning", message=words) for words in cautions)
    cost, rows = expected.cost, expected.rows
    passed.append(Tried(_PLAN, True, expected.says))
    fits = (cost is None or cost <= MOST_COST) and expected.most_rows <= MOST_ROWS
    weight = _weight(expected)
    checks = (*passed, Tried(_GATE, fits, weight))
    if not fits:
        issue = Issue(code="TOO_EXPENSIVE", level="error", message=f"It would cost too much: {weight}.")
        return Examined(None, checks, (*warnings, issue), cost, rows, expected.most_rows)
    return Examined(guarded.sql, checks, warnings, cost, rows, expected.most_rows)


_GUARD = "It is one reading statement of allowed parts"
_NAMES = "every name in it exists"
_PLAN = "The database planned it"
_GATE = "Its estimated cost is within the limit"


def _guarding(graph: Graph) -> str:
    return f"{_GUARD}, and {_NAMES}" if graph.known else _GUARD


def _what(guarded: Guarded, graph: Graph) -> str:
    if not graph.known:
        return "its tables and columns were not looked up: no schema is known"
    names = ", ".join(graph.tables[place].name for place in guarded.tables)
    return f"{len(guarded.tables)} tables ({names}), {len(guarded.columns)} columns" if names else "no table"


def _weight(expected: Estimate) -> str:
    rows = f"the largest step hands on {expected.most_rows:,.0f} of {MOST_ROWS:,.0f} rows"
    return rows if expected.cost is None else f"{expected.cost:,.0f} of {MOST_COST:,.0f} cost units; {rows}"
