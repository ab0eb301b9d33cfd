"""Finds the joins that connect the tables of a query: the smallest trees over the keys, and what each step costs."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from assay.ask.graph import Graph

EXACT = 6
"""Terminals up to which the tree is the smallest one; the dynamic programme costs 3^terminals."""
_INFERRED = 100.0
"""What a guessed key costs more than a declared one: it is taken only where declared keys do not connect the tables."""

Loss = Literal["none", "null", "dangling", "childless"]


@dataclass(frozen=True, slots=True)
class Tree:
    """Edges that connect some tables."""

    edges: frozenset[int]
    tables: frozenset[int]
    cost: float


@dataclass(frozen=True, slots=True)
class Step:
    """One join of a tree: `adds` is joined to `at`, which is already there."""

    edge: int
    at: int
    adds: int
    fans_out: bool
    """A row of `at` may meet several of `adds`: sums and counts over `at` then count it several times."""
    loses: Loss
    """Why an inner join may drop rows of `at`: its reference may be null, no constraint keeps it from dangling, or it
    may have no children."""


def trees(graph: Graph, terminals: Iterable[int], count: int = 3) -> tuple[Tree, ...]:
    """The `count` cheapest trees that connect the tables, best first; none where they do not hang together.

    Exact for up to `EXACT` terminals (Dreyfus and Wagner, 1971), above that within twice the optimum (Kou, Markowsky
    and Berman, 1981). The next best are found by forbidding the edges of the trees before them, one at a time (Lawler,
    1972). Two keys between the same tables give two trees.
    """
    wanted = tuple(sorted(set(terminals)))
    if not wanted:
        return ()
    around = _around(graph)
    first = _smallest(graph, around, wanted, frozenset())
    if first is None:
        return ()
    queue: list[tuple[float, tuple[int, ...], frozenset[int], Tree]] = []
    heapq.heappush(queue, (first.cost, tuple(sorted(first.edges)), frozenset(), first))
    found: list[Tree] = []
    tried: set[frozenset[int]] = {frozenset()}
    while queue and len(found) < count:
        _, _, banned, tree = heapq.heappop(queue)
        if any(tree.edges == other.edges for other in found):
            continue
        found.append(tree)
        for edge in sorted(tree.edges) if len(found) < count else ():
            without = banned | {edge}
            if without in tried:
                continue
            tried.add(without)
            other = _smallest(graph, around, wanted, without)
            if other is not None:
                heapq.heappush(queue, (other.cost, tuple(sorted(other.edges)), without, other))
    return tuple(found)


def steps(graph: Graph, edges: Collection[int], root: int) -> tuple[Step, ...]:
    """The joins of a tree in an order in which each one meets a table that is there, from `root` on."""
    reached = {root}
    left = sorted(edges)
    made: list[Step] = []
    while left:
        for number in left:
            edge = graph.edges[number]
            if (edge.table in reached) == (edge.to in reached):
                continue
            at, adds = (edge.table, edge.to) if edge.table in reached else (edge.to, edge.table)
            made.append(step(graph, number, at, adds))
            reached.add(adds)
            left.remove(number)
            break
        else:
            break
    return tuple(made)


def step(graph: Graph, number: int, at: int, adds: int) -> Step:
    """What joining `adds` to `at` over an edge does to the rows of `at`."""
    edge = graph.edges[number]
    if (at, adds) == (edge.table, edge.to):
        null = any(graph.column(edge.table, column).nullable for column in edge.columns)
        unique = is_key(graph, edge.to, edge.to_columns)
        return Step(number, at, adds, not unique, "null" if null else "dangling" if edge.inferred else "none")
    return Step(number, at, adds, not is_key(graph, edge.table, edge.columns), "childless")


def is_key(graph: Graph, table: int, columns: Sequence[int]) -> bool:
    """Whether the columns tell any two rows of the table apart."""
    here = graph.tables[table]
    primary = bool(here.primary_key) and set(here.primary_key) <= set(columns)
    return primary or any(here.columns[column].unique for column in columns)


_Around = list[list[tuple[int, int, float]]]
"""Of each table: edge, the table at its other end, cost."""


def _around(graph: Graph) -> _Around:
    around: _Around = [[] for _ in graph.tables]
    for number, edge in enumerate(graph.edges):
        if edge.table != edge.to:
            cost = 1.0 + (_INFERRED if edge.inferred else 0.0)
            around[edge.table].append((number, edge.to, cost))
            around[edge.to].append((number, edge.table, cost))
    return around


def _smallest(graph: Graph, around: _Around, wanted: tuple[int, ...], banned: frozenset[int]) -> Tree | None:
    if len(wanted) == 1:
        return Tree(frozenset(), frozenset(wanted), 0.0)
    edges = _exact(around, wanted, banned) if len(wanted) <= EXACT else _closure(around, wanted, banned)
    if edges is None:
        return None
    tables = frozenset(end for number in edges for end in (graph.edges[number].table, graph.edges[number].to))
    return Tree(edges, tables, sum(1.0 + (_INFERRED if graph.edges[number].inferred else 0.0) for number in edges))


_Best = dict[int, tuple[float, frozenset[int]]]
"""The cheapest edges known that connect a table to a set of terminals."""


def _exact(around: _Around, wanted: tuple[int, ...], banned: frozenset[int]) -> frozenset[int] | None:
    """Dreyfus-Wagner: the cheapest tree of every set of terminals at every table, from the smaller sets up."""
    root, *others = wanted
    full = (1 << len(others)) - 1
    best: list[_Best] = [{} for _ in range(full + 1)]
    for place, table in enumerate(others):
        best[1 << place][table] = (0.0, frozenset())
    for group in range(1, full + 1):
        here = best[group]
        part = (group - 1) & group
        while part > group ^ part:
            one, other = best[part], best[group ^ part]
            for table in one.keys() & other.keys():
                cost = one[table][0] + other[table][0]
                if table not in here or cost < here[table][0]:
                    here[table] = (cost, one[table][1] | other[table][1])
            part = (part - 1) & group
        _spread(around, here, banned, root if group == full else None)
    return best[full][root][1] if root in best[full] else None


def _spread(around: _Around, best: _Best, banned: frozenset[int], goal: int | None) -> None:
    """Dijkstra from all tables that have a cost already; ends early where only the goal's is asked for."""
    queue = sorted((cost, table) for table, (cost, _) in best.items())
    while queue:
        cost, table = heapq.heappop(queue)
        if cost > best[table][0]:
            continue
        if table == goal:
            return
        for number, to, price in around[table]:
            if number not in banned and (to not in best or cost + price < best[to][0]):
                best[to] = (cost + price, best[table][1] | {number})
                heapq.heappush(queue, (cost + price, to))


def _closure(around: _Around, wanted: tuple[int, ...], banned: frozenset[int]) -> frozenset[int] | None:
    """Grow one tree by the nearest terminal that is not in it yet: a spanning tree of the terminals' distances."""
    joined = {wanted[0]}
    left = set(wanted[1:])
    edges: set[int] = set()
    ends = {number: (table, to) for table, near in enumerate(around) for number, to, _ in near}
    while left:
        best: _Best = {table: (0.0, frozenset()) for table in joined}
        _spread(around, best, banned, None)
        near = min((table for table in left if table in best), key=lambda table: (best[table][0], table), default=None)
        if near is None:
            return None
        edges |= best[near][1]
        joined.update(end for number in best[near][1] for end in ends[number])
        joined.add(near)
        left -= joined
    return frozenset(edges)
