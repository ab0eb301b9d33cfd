"""Guesses the keys that a schema does not declare, from names and kinds, so that its tables can be joined at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

from assay.ask.graph import Edge, Graph

_PARTS = re.compile(r"[^a-z0-9]+")
_BARE = frozenset({"id", "code", "key", "no", "number", "num", "nr", "name", "uuid"})
"""Names that say nothing without their table's: id = id joins everything with everything."""


def infer(graph: Graph, holds: Callable[[Edge], bool] = lambda _: True) -> Graph:
    """The graph with a guessed edge, after the declared ones, from each column that is named like the key of one column
    of another table, of the same kind, and refers to nothing yet. `holds` may look whether the values are included.

    Names are compared without case and separators; a key named "id" is found as "<table>_id". A column that fits the
    keys of several tables is left alone, since nothing says which one is meant.
    """
    referring = {(edge.table, column) for edge in graph.edges for column in edge.columns}
    joined = {frozenset((edge.table, edge.to)) for edge in graph.edges}
    keys = [(table, *one.primary_key) for table, one in enumerate(graph.tables) if len(one.primary_key) == 1]
    found: list[Edge] = []
    for at, table in enumerate(graph.tables):
        for place, column in enumerate(table.columns):
            if (at, place) in referring or table.primary_key == (place,):
                continue
            name = _plain(column.name)
            fits = [
                Edge(at, (place,), to, (key,), inferred=True)
                for to, key in keys
                if to != at and name in set(_names(graph, to, key)) and graph.column(to, key).kind == column.kind
            ]
            if len(fits) == 1 and frozenset((at, fits[0].to)) not in joined and holds(fits[0]):
                found.append(fits[0])
    return replace(graph, edges=(*graph.edges, *found))


def _names(graph: Graph, table: int, key: int) -> Iterator[str]:
    """What a column that refers to this key may be called."""
    name, owner = _plain(graph.column(table, key).name), _plain(graph.tables[table].name)
    if name not in _BARE:
        yield name
    for one in {owner, owner.removesuffix("s"), owner.removesuffix("es")}:
        if one:
            yield one + name


def _plain(name: str) -> str:
    return _PARTS.sub("", name.lower())
