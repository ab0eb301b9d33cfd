"""Puts SQL, whoever wrote it, through every check there is before it may be shown or run."""

from __future__ import annotations

from dataclasses import dataclass

from assay.ask.graph import Graph
from assay.ask.guard.check import guard
from assay.ask.guard.model import Guarded, Rejected
from assay.ask.model import Issue
from assay.ports.databases import Session
from assay.ports.errors import Refused, TimedOut
from assay.ports.ledger import Tried

MOST_COST = 20_000_000.0
"""Planner units: about what reading a terabyte in order is estimated at; what costs more is not run."""
MOST_ROWS = 50_000_000.0
"""Rows that any step of a plan is expected to hand on: more is a join without a condition, or nearly."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of it."""

    sql: str | None
    """What may run; None when a check failed."""
    checks: tuple[Tried, ...]
    issues: tuple[Issue, ...]
    cost: float | None = None
    rows: float | None = None

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return self.sql is not None


def examine(session: Session, graph: Graph, text: str, *, cap: int) -> Examined:
    """Guard, bind, plan and weigh one text; never runs it.

    Args:
        session: of the database that the graph was read from.
        cap: rows that its LIMIT allows at most.

    Raises Unavailable when the database is gone.
    """
    try:
        guarded = guard(text, graph, cap=cap)
    except Rejected as refused:
        issues = tuple(Issue(code=v.code, level="error", message=v.message) for v in refused.violations)
        return Examined(None, (Tried(_GUARD, False, issues[0].message),), issues)
    passed = [Tried(_GUARD, True, _what(guarded, graph))]
    warnings = tuple(Issue(code="WARNING", level="warning", message=words) for words in guarded.warnings)
    try:
        plan = session.plan(guarded.sql)
    except (Refused, TimedOut) as error:
        issue = Issue(code="NOT_PLANNED", level="error", message=error.message)
        return Examined(None, (*passed, Tried(_PLAN, False, error.message)), (*warnings, issue))
    cost, rows = float(plan["Total Cost"]), _most_rows(plan)
    passed.append(Tried(_PLAN, True, f"{cost:,.0f} cost units, {float(plan['Plan Rows']):,.0f} rows expected"))
    fits = cost <= MOST_COST and rows <= MOST_ROWS
    weight = f"{cost:,.0f} of {MOST_COST:,.0f} cost units; the largest step hands on {rows:,.0f} rows"
    checks = (*passed, Tried(_GATE, fits, weight))
    if not fits:
        issue = Issue(code="TOO_EXPENSIVE", level="error", message=f"It would cost too much: {weight}.")
        return Examined(None, checks, (*warnings, issue), cost, float(plan["Plan Rows"]))
    return Examined(guarded.sql, checks, warnings, cost, float(plan["Plan Rows"]))


_GUARD = "It is one reading statement of allowed parts, and every name in it exists"
_PLAN = "The database planned it"
_GATE = "Its estimated cost is within the limit"


def _what(guarded: Guarded, graph: Graph) -> str:
    names = ", ".join(graph.tables[place].name for place in guarded.tables)
    return f"{len(guarded.tables)} tables ({names}), {len(guarded.columns)} columns" if names else "no table"


def _most_rows(plan: object) -> float:
    if not isinstance(plan, dict):
        return 0.0
    own = float(plan.get("Plan Rows", 0.0))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    return max([own, *(_most_rows(child) for child in plan.get("Plans", ()))])  # pyright: ignore
