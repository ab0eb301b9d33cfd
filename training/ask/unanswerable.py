"""Makes questions that a schema cannot answer: those of another database, and those whose column was taken away."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from corpus import Case
from labels import names

from assay.ask.graph import Graph
from assay.ask.ir import Ref


@dataclass(frozen=True)
class Lacking:
    """A question, and a graph that lacks what it asks for."""

    text: str
    graph: Graph
    case: Case
    """Where it comes from: with its column, it has an answer."""
    why: str


def foreign(
    found: Mapping[str, Sequence[Case]], graphs: Mapping[str, Graph], each: int
) -> Iterator[tuple[str, Lacking]]:
    """For each database, so many questions that were asked of other ones."""
    for database in found:
        draw = random.Random(f"{database} foreign")  # noqa: S311
        others = [case for name, some in found.items() if name != database for case in some]
        for case in draw.sample(others, min(each, len(others))):
            yield database, Lacking(draw.choice(case.wordings()), graphs[database], case, "foreign")


def bereft(
    found: Mapping[str, Sequence[Case]], graphs: Mapping[str, Graph], each: int
) -> Iterator[tuple[str, Lacking]]:
    """For each database, so many of its questions without a column that they need and that is part of no key."""
    for database, some in found.items():
        draw = random.Random(f"{database} bereft")  # noqa: S311
        graph, left = graphs[database], each
        for case in draw.sample(list(some), len(some)):
            free = sorted(_named(case) - _keys(graph), key=str)
            if left and free:
                lacking = without(graph, draw.choice(free))
                yield database, Lacking(draw.choice(case.wordings()), lacking, case, "bereft")
                left -= 1


def _named(case: Case) -> set[Ref]:
    return {Ref(ref.table, ref.column) for ref in names(case.gold)} if case.gold is not None else set()


def _keys(graph: Graph) -> set[Ref]:
    keyed = {Ref(at, column) for at, table in enumerate(graph.tables) for column in table.primary_key}
    for edge in graph.edges:
        keyed |= {Ref(edge.table, column) for column in edge.columns}
        keyed |= {Ref(edge.to, column) for column in edge.to_columns}
    return keyed


def without(graph: Graph, ref: Ref) -> Graph:
    """The graph without one column, which no key may hold."""
    gone = ref.column
    assert gone is not None and ref not in _keys(graph)

    def moved(table: int, columns: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(one - (table == ref.table and one > gone) for one in columns)

    tables = list(graph.tables)
    old = tables[ref.table]
    tables[ref.table] = replace(
        old, columns=(*old.columns[:gone], *old.columns[gone + 1 :]), primary_key=moved(ref.table, old.primary_key)
    )
    edges = tuple(
        replace(edge, columns=moved(edge.table, edge.columns), to_columns=moved(edge.to, edge.to_columns))
        for edge in graph.edges
    )
    return replace(graph, tables=tuple(tables), edges=edges)
