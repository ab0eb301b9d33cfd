"""Says in words what SQL asks for that somebody wrote."""

from __future__ import annotations

from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from assay.ask.cautions import cautions
from assay.ask.describe import unasked
from assay.ask.examine import Examined
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.lift import lift
from assay.ask.model import Clause
from assay.ask.render import Unrenderable, tree
from assay.ask.scope import Unjoinable

NOT_EXPLAINED = "This SQL is of a form that is not explained clause by clause"


@dataclass(frozen=True, slots=True)
class Explained:
    """What is said of it."""

    clauses: tuple[Clause, ...]
    tables: tuple[str, ...]
    warnings: tuple[str, ...]


def explained(text: str, found: Examined, graph: Graph) -> Explained:
    """Put SQL that passed the checks into words.

    Args:
        text: as it was given; `found.sql` has a LIMIT that nobody asked for.
    """
    warnings = tuple(issue.message for issue in found.issues)
    tables = _tables(found.sql or text, graph)
    query = lift(text, graph)
    if not isinstance(query, Query):
        return Explained((), tables, (*warnings, f"{NOT_EXPLAINED}: {query.reason}."))
    try:
        return Explained(unasked(query, graph, tree(query, graph)), tables, (*warnings, *cautions(query, graph)))
    except (Unrenderable, Unjoinable, ValueError):
        return Explained((), tables, (*warnings, f"{NOT_EXPLAINED}."))


def _tables(sql: str, graph: Graph) -> tuple[str, ...]:
    parsed = sqlglot.parse_one(sql, read=graph.dialect)
    named = {table.name.casefold() for table in parsed.find_all(exp.Table)}
    return tuple(table.name for table in graph.tables if table.name.casefold() in named)
