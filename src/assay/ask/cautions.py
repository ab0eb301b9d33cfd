"""Says what the joins of a query do to its rows: multiply them under an aggregate, or leave some out."""

from __future__ import annotations

from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.joins import Step, steps
from assay.ask.scope import joined, refs


def cautions(query: Query, graph: Graph) -> tuple[str, ...]:
    """Sentences about the joins of one SELECT; none where each row meets exactly one.

    Raises Unjoinable when no keys connect its tables.
    """
    counted = [term for term in query.select if term.function in ("count", "sum", "avg") and not term.distinct]
    root = counted[0].ref.table if counted else query.select[0].ref.table
    named = {ref.table for ref in refs(query)} | query.also
    totalled = {term.ref.table for term in counted}
    found: list[str] = []
    for step in steps(graph, joined(query, graph, named), root):
        found += _of(step, graph, counts=step.at in totalled)
    return tuple(found)


def _of(step: Step, graph: Graph, *, counts: bool) -> list[str]:
    one, other = graph.tables[step.at].name, graph.tables[step.adds].name
    found: list[str] = []
    if step.fans_out and counts:
        found.append(f"A row of {one} may meet several of {other}, and is then counted several times.")
    if step.loses == "null":
        found.append(f"Rows of {one} that refer to no {other} are left out.")
    elif step.loses == "childless":
        found.append(f"Rows of {one} without any {other} are left out.")
    elif step.loses == "dangling":
        found.append(f"No constraint says that each {one} has its {other}: rows without one are left out.")
    return found
