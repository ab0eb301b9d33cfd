"""Answers a question that was answered before, and that somebody judged: with the SQL that they called right."""

from __future__ import annotations

import time

from assay.ask.cautions import cautions
from assay.ask.describe import clauses
from assay.ask.engine.answer import Candidate
from assay.ask.engine.link import Linker
from assay.ask.engine.words import tokenise
from assay.ask.examine import examine
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.lift import lift
from assay.ask.render import Unrenderable, tree
from assay.ask.respond import Response
from assay.ask.scope import Unjoinable
from assay.ports.databases import Reader
from assay.ports.store import Row

FEEDBACK = "feedback"
SURE = 0.97
"""As sure as an answer may be: somebody said so, but the schema may have gained something better since."""


def recall(session: Reader, graph: Graph, linker: Linker, answer: Row, *, cap: int) -> Response | None:
    """Put the SQL of a judged answer through the checks again; None when it does not pass any more.

    Raises Unavailable when the database is gone.
    """
    began = time.perf_counter()
    text = answer["corrected_sql"] or answer["sql"]
    examined = examine(session, graph, text, cap=cap)
    if not examined.passed:
        return None
    query, explained = lift(text, graph), ()
    warnings = tuple(issue.message for issue in examined.issues)
    if isinstance(query, Query):
        try:
            found = Candidate(query, 0.0, linker.link(tokenise(answer["question"])))
            explained = clauses(found, graph, tree(query, graph))
            warnings = (*warnings, *cautions(query, graph))
        except (Unrenderable, Unjoinable, ValueError):
            explained = ()
    took = (time.perf_counter() - began) * 1e3
    return Response(examined, SURE, explanation=explained, warnings=warnings, took_ms=took)
