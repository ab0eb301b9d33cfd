"""Decides what stands in FROM: the rows a query speaks of, the keys they meet on, and the names they go by."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from assay.ask.graph import Graph
from assay.ask.ir import Query, Ref, Term
from assay.ask.joins import trees

_LONGEST = 60
"""Characters of an alias; PostgreSQL cuts names at 63 bytes, MySQL refuses above 64 characters."""

Row = tuple[int, int | None]
"""A table and, where it stands there in a role, the edge of that role."""


class Unjoinable(ValueError):
    """The keys do not connect the tables that the query names."""


@dataclass(frozen=True, slots=True)
class Link:
    """Two rows that meet where these columns are equal, place by place."""

    one: Row
    columns: tuple[int, ...]
    other: Row
    other_columns: tuple[int, ...]
    hides: bool = True
    """The side of `one` refers to the other side, which is a key."""


@dataclass(frozen=True, slots=True)
class Source:
    """One table of FROM, its alias ("" for none), and what it is joined on; the first one stands alone."""

    row: Row
    alias: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """The FROM of one SELECT."""

    sources: tuple[Source, ...]

    @property
    def alone(self) -> bool:
        """Whether no column needs the name of its table."""
        return len(self.sources) == 1

    def source(self, ref: Ref) -> Source:
        """Where a column comes from."""
        return next(source for source in self.sources if source.row == (ref.table, ref.via))


def scope(query: Query, graph: Graph, edges: Collection[int] | None = None) -> Scope:
    """The tables of a query in an order in which each one meets another that is there.

    `edges` go before those of the query; without both, the cheapest tree is taken.

    Raises:
        Unjoinable: the edges, or the graph, leave the tables apart.
    """
    mentioned = [(ref.table, ref.via) for ref in refs(query)]
    named = {table for table, via in mentioned if via is None} | query.also
    roles = sorted({(table, via) for table, via in mentioned if via is not None})
    links = [_role(graph, table, via) for table, via in roles]
    named |= {link.one[0] for link in links}
    straight = [_straight(graph, number) for number in sorted(joined(query, graph, named, edges))]
    links = _without_passed(straight, {(table, None) for table in named}) + links
    rows = {row for link in links for row in (link.one, link.other)} | {(table, None) for table in named}
    start = mentioned[0] if mentioned else min(rows, key=_place)
    return _named(graph, _ordered(graph, rows, links, start))


def joined(query: Query, graph: Graph, named: Collection[int], edges: Collection[int] | None = None) -> Collection[int]:
    """The edges that join these tables of a query: those that are given, its own, or the cheapest tree.

    Raises:
        Unjoinable: the graph leaves the tables apart.
    """
    if edges is not None:
        return edges
    if query.edges is not None:
        return query.edges
    best = trees(graph, named, 1)
    if not best:
        raise Unjoinable(f"no key connects {', '.join(sorted(graph.tables[table].name for table in named))}")
    return best[0].edges


def refs(query: Query) -> Iterator[Ref]:
    """Every column that the query itself names, not those of queries inside of it, selected ones first."""
    for item in query.select:
        yield from _of(item)
    yield from query.group
    for one in (*(one for group in query.where for one in group), *query.having):
        yield from _of(one.term)
        if isinstance(one.value, Term):
            yield from _of(one.value)
    for key in query.order:
        yield from _of(key.term)


def _of(term: Term) -> Iterator[Ref]:
    yield term.ref
    if term.arithmetic is not None:
        yield term.arithmetic[1]


def _place(row: Row) -> tuple[int, int]:
    return row[0], -1 if row[1] is None else row[1]


def _straight(graph: Graph, number: int) -> Link:
    edge = graph.edges[number]
    return Link((edge.table, None), edge.columns, (edge.to, None), edge.to_columns)


def _role(graph: Graph, table: int, number: int) -> Link:
    """The link of a table in a role; `one` is the row in no role that it hangs on."""
    edge = graph.edges[number]
    if table == edge.to:
        return Link((edge.table, None), edge.columns, (table, number), edge.to_columns)
    return Link((edge.to, None), edge.to_columns, (table, number), edge.columns, hides=False)


def _without_passed(links: list[Link], named: set[Row]) -> list[Link]:
    """Leave out the tables nobody names where two keys meet in the same column: both sides are then equal directly."""
    links = list(links)
    passed = sorted({row for link in links for row in (link.one, link.other)} - named, key=_place)
    for row in passed:
        here = [link if link.other == row else _turned(link) for link in links if row in (link.one, link.other)]
        if len(here) != 2 or here[0].other_columns != here[1].other_columns or here[0].one == here[1].one:
            continue
        if not (here[0].hides or here[1].hides):
            continue
        links = [link for link in links if row not in (link.one, link.other)]
        links.append(Link(here[0].one, here[0].columns, here[1].one, here[1].columns))
    return links


def _turned(link: Link) -> Link:
    return Link(link.other, link.other_columns, link.one, link.columns, hides=False)


def _ordered(graph: Graph, rows: set[Row], links: list[Link], start: Row) -> list[Source]:
    sources = [Source(start)]
    reached = {start}
    while len(reached) < len(rows):
        found = next((link for link in links if (link.one in reached) != (link.other in reached)), None)
        if found is None:
            apart = sorted(graph.tables[table].name for table, _ in rows - reached)
            raise Unjoinable(f"the chosen keys do not reach {', '.join(apart)}")
        new = found.other if found.one in reached else found.one
        meets = tuple(
            link if link.other == new else _turned(link)
            for link in links
            if (link.other == new and link.one in reached) or (link.one == new and link.other in reached)
        )
        sources.append(Source(new, links=meets))
        reached.add(new)
    return sources


def _named(graph: Graph, sources: list[Source]) -> Scope:
    """Give an alias to a table in a role, and to tables of the same name in different schemas; to no other."""
    taken: set[str] = set()
    homonyms: set[str] = set()
    for table, via in (source.row for source in sources):
        name = graph.tables[table].name.lower()
        if via is None:
            (homonyms if name in taken else taken).add(name)
    several = {source.row[0] for source in sources if sum(other.row[0] == source.row[0] for other in sources) > 1}
    made: list[Source] = []
    for source in sources:
        table, via = source.row
        name, wish = graph.tables[table].name, ""
        if via is not None and (table in several or name.lower() in taken):
            wish = _role_name(graph, table, via)
        elif name.lower() in homonyms:
            wish = f"{graph.tables[table].schema}_{name}"
        made.append(replace(source, alias=_free(wish, taken)) if wish else source)
    return Scope(tuple(made))


def _role_name(graph: Graph, table: int, number: int) -> str:
    edge = graph.edges[number]
    name = "_".join(graph.column(edge.table, column).name for column in edge.columns)
    return name if table == edge.to else f"{graph.tables[table].name}_{name}"


def _free(wish: str, taken: set[str]) -> str:
    name, count = wish[:_LONGEST], 2
    while name.lower() in taken:
        name, count = f"{wish[: _LONGEST - 3]}_{count}", count + 1
    taken.add(name.lower())
    return name
