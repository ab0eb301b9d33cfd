"""Turns the FROM of a SELECT that is being lifted into edges of the graph, roles, and tables that are only joined."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product

from assay.ask.graph import Graph
from assay.ask.ir import Filter, Order, Query, Ref, Term
from assay.ask.joins import trees
from assay.ask.scope import refs


class Outside(ValueError):
    """The IR does not say what the SQL says."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A table of FROM, and what it is called there, in lower case."""

    table: int
    alias: str


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that are said to be equal; their `via` holds the place in FROM."""

    one: Ref
    other: Ref


@dataclass(frozen=True, slots=True)
class _Use:
    """An edge between two places; None is a table that FROM leaves out."""

    edge: int
    place: int | None
    """Of the referencing table."""
    to: int | None


def unjoin(query: Query, placed: tuple[Placed, ...], pairs: tuple[Pair, ...], graph: Graph) -> Query:
    """The query with its roles, edges and silent tables; until then `via` is a place in FROM, and table -1 any row.

    Raises:
        Outside: the tables are joined on what is no key, or a table stands there more often than roles can say.
    """
    uses, filters = _uses(placed, pairs, graph)
    if filters:
        query = replace(query, where=tuple((*group, *filters) for group in query.where or ((),)))
    roles = _roles(placed, uses, graph)
    rows = _rows_place(query, placed, uses)

    def settled(ref: Ref) -> Ref:
        place = rows if ref.table < 0 else ref.via
        assert place is not None
        return Ref(placed[place].table, ref.column, roles.get(place))

    query = _mapped(query, settled)
    return _joined(query, placed, uses, roles, graph)


def _uses(placed: tuple[Placed, ...], pairs: tuple[Pair, ...], graph: Graph) -> tuple[list[_Use], list[Filter]]:
    """The edges that the equalities follow; those that follow none are filters where the tables meet otherwise."""
    meet: dict[tuple[int, int], dict[tuple[int, int], None]] = {}
    for pair in pairs:
        one, other = sorted((pair.one, pair.other), key=lambda ref: ref.via or 0)
        assert one.via is not None and other.via is not None and one.column is not None and other.column is not None
        meet.setdefault((one.via, other.via), {})[one.column, other.column] = None
    uses: list[_Use] = []
    left: list[tuple[int, int, int, int]] = []
    for (one, other), columns in meet.items():
        rest = dict(columns)
        for use, used in _matching(placed, one, other, columns, graph):
            if any(pair in rest for pair in used):
                uses.append(use)
                for pair in used:
                    rest.pop(pair, None)
        left.extend((one, other, *pair) for pair in rest)
    filters: list[Filter] = []
    groups = [{place} for place in range(len(placed))]
    for use in uses:
        assert use.place is not None and use.to is not None
        _merge(groups, use.place, use.to)
    for one, other, column, other_column in left:
        through = _through(placed, one, other, column, other_column, graph)
        if any({one, other} <= group for group in groups):
            term = Term(Ref(placed[one].table, column, one))
            filters.append(Filter(term, "=", Term(Ref(placed[other].table, other_column, other))))
        elif through:
            uses.extend(through)
            _merge(groups, one, other)
        else:
            raise Outside("joined on what is no key")
    if len(groups) > 1:
        raise Outside("tables that no key joins")
    return uses, filters


def _merge(groups: list[set[int]], one: int, other: int) -> None:
    near = next(group for group in groups if one in group)
    far = next(group for group in groups if other in group)
    if near is not far:
        near |= far
        groups.remove(far)


def _matching(
    placed: tuple[Placed, ...], one: int, other: int, columns: dict[tuple[int, int], None], graph: Graph
) -> Iterator[tuple[_Use, list[tuple[int, int]]]]:
    """Edges between two places all of whose columns are said to be equal, the widest first."""
    for number, edge in sorted(enumerate(graph.edges), key=lambda item: (-len(item[1].columns), item[1].inferred)):
        if (edge.table, edge.to) == (placed[one].table, placed[other].table):
            used = list(zip(edge.columns, edge.to_columns, strict=True))
            if all(pair in columns for pair in used):
                yield _Use(number, one, other), used
        if (edge.to, edge.table) == (placed[one].table, placed[other].table):
            used = list(zip(edge.to_columns, edge.columns, strict=True))
            if all(pair in columns for pair in used):
                yield _Use(number, other, one), used


def _through(
    placed: tuple[Placed, ...], one: int, other: int, column: int, other_column: int, graph: Graph
) -> list[_Use]:
    """Two tables that refer to the same key of a third one, joined without it."""
    there = {place.table for place in placed}
    for near, here in _ends(placed[one].table, column, graph):
        for far, there_too in _ends(placed[other].table, other_column, graph):
            (middle, key, refers), (middle_too, key_too, refers_too) = here, there_too
            if (
                near != far
                and (middle, key) == (middle_too, key_too)
                and middle not in there
                and (refers or refers_too)
            ):
                return [
                    _Use(near, one, None) if refers else _Use(near, None, one),
                    _Use(far, other, None) if refers_too else _Use(far, None, other),
                ]
    return []


def _ends(table: int, column: int, graph: Graph) -> Iterator[tuple[int, tuple[int, int, bool]]]:
    """Edges of one column: number, and the table and column at the other end, and whether ours refers to it."""
    for number, edge in enumerate(graph.edges):
        if len(edge.columns) == 1 and edge.table != edge.to:
            if (edge.table, edge.columns[0]) == (table, column):
                yield number, (edge.to, edge.to_columns[0], True)
            if (edge.to, edge.to_columns[0]) == (table, column):
                yield number, (edge.table, edge.columns[0], False)


def _roles(placed: tuple[Placed, ...], uses: list[_Use], graph: Graph) -> dict[int, int]:
    """The edge of each place that is a role: of a table that stands there more than once, all but the one, if any, that
    other tables hang on."""
    several: dict[int, list[int]] = {}
    for place, one in enumerate(placed):
        several.setdefault(one.table, []).append(place)
    choices = [(None, *places) for places in several.values() if len(places) > 1]
    for straight in product(*choices):
        roles: dict[int, int] = {}
        for places in several.values():
            for place in places if len(places) > 1 else ():
                if place not in straight:
                    roles[place] = next((n for n, use in enumerate(uses) if place in (use.place, use.to)), -1)
        if all(_hangs(place, use, roles, uses, graph) for place, use in roles.items()):
            named = {place: uses[use].edge for place, use in roles.items()}
            if len({(placed[place].table, edge) for place, edge in named.items()}) == len(named):
                return named
    raise Outside("a table stands there more often than its roles can say")


def _hangs(place: int, number: int, roles: dict[int, int], uses: list[_Use], graph: Graph) -> bool:
    """Whether a place is joined by one edge only, to a table in no role, and on the side that the role means."""
    if number < 0 or sum(place in (use.place, use.to) for use in uses) > 1:
        return False
    use = uses[number]
    far = use.to if use.place == place else use.place
    edge = graph.edges[use.edge]
    return far is not None and far not in roles and (edge.table != edge.to or use.to == place)


def _rows_place(query: Query, placed: tuple[Placed, ...], uses: list[_Use]) -> int:
    """The table that COUNT(*) counts the rows of: one that is not named otherwise, and that refers to the others."""
    named = {ref.via for ref in refs(query) if ref.table >= 0}

    def worth(place: int) -> tuple[bool, int, int]:
        refers = sum((use.place == place) - (use.to == place) for use in uses)
        return place not in named, refers, -place

    return max(range(len(placed)), key=worth)


def _mapped(query: Query, settled: Callable[[Ref], Ref]) -> Query:
    def term(of: Term) -> Term:
        pair = (of.arithmetic[0], settled(of.arithmetic[1])) if of.arithmetic else None
        return replace(of, ref=settled(of.ref), arithmetic=pair)

    def one(of: Filter) -> Filter:
        return replace(of, term=term(of.term), value=term(of.value) if isinstance(of.value, Term) else of.value)

    return replace(
        query,
        select=tuple(term(of) for of in query.select),
        where=tuple(tuple(one(of) for of in group) for group in query.where),
        group=tuple(settled(ref) for ref in query.group),
        having=tuple(one(of) for of in query.having),
        order=tuple(Order(term(of.term), of.descending) for of in query.order),
    )


def _joined(query: Query, placed: tuple[Placed, ...], uses: list[_Use], roles: dict[int, int], graph: Graph) -> Query:
    """Say only what does not follow: tables that nothing names, and edges that are not the cheapest tree."""
    named = {(ref.table, ref.via) for ref in refs(query)}
    silent = {(one.table, roles.get(place)) for place, one in enumerate(placed)} - named
    if any(via is not None for _, via in silent):
        raise Outside("a second row of a table that nothing names")
    follows = {use.place if use.to in roles else use.to for use in uses if use.place in roles or use.to in roles}
    follows_tables = {placed[place].table for place in follows if place is not None}
    also = frozenset(table for table, _ in silent) - follows_tables
    edges = frozenset(use.edge for use in uses if use.place not in roles and use.to not in roles)
    straight = {one.table for place, one in enumerate(placed) if place not in roles}
    best = trees(graph, straight, 1)
    expected = best[0].edges if best else None
    return replace(query, also=also, edges=None if edges == expected else edges)
