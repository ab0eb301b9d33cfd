"""Writes candidates as SQLite text without building a tree: half a million of them are run while the ranker learns."""

from __future__ import annotations

from assay.ask.graph import Graph
from assay.ask.ir import Filter, Query, Ref, Term
from assay.ask.scope import Scope, scope


class Writer:
    """Remembers the FROM of every set of tables of one database."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: dict[tuple[frozenset[int], int], Scope | None] = {}
        self._from: dict[int, str] = {}

    def text(self, query: Query) -> str | None:
        """The query as SQL; None where its tables do not join."""
        made = self._one(query)
        if made is None or query.combine is None:
            return made
        other = self._one(query.combine[1])
        return None if other is None else f"{made} {query.combine[0]} {other}"

    def _one(self, query: Query) -> str | None:
        filters = [one for group in query.where for one in group]
        refs = [
            *(term.ref for term in query.select), *query.group, *(one.term.ref for one in (*filters, *query.having)),
            *(key.term.ref for key in query.order),
        ]  # fmt: skip
        key = frozenset(ref.table for ref in refs) | query.also, refs[0].table
        if key not in self._known:
            try:
                self._known[key] = scope(Query((Term(Ref(key[1])),), also=key[0]), self.graph)
            except ValueError:
                self._known[key] = None
        sources = self._known[key]
        if sources is None:
            return None
        groups = [[self._filter(one) for one in group] for group in query.where if group]
        having = [self._filter(one) for one in query.having]
        if any(one is None for group in (*groups, having) for one in group):
            return None
        parts = [f"SELECT {'DISTINCT ' if query.distinct else ''}{', '.join(map(self._term, query.select))}",
                 self._tables(sources)]  # fmt: skip
        if groups:
            parts.append("WHERE " + " OR ".join(" AND ".join(str(one) for one in group) for group in groups))
        grouped = self._grouped(query)
        if grouped:
            parts.append("GROUP BY " + ", ".join(grouped))
        if having:
            parts.append("HAVING " + " AND ".join(str(one) for one in having))
        if query.order:
            keys = (f"{self._term(key.term)}{' DESC' if key.descending else ''}" for key in query.order)
            parts.append("ORDER BY " + ", ".join(keys))
        if query.limit is not None:
            parts.append(f"LIMIT {query.limit}")
        return " ".join(parts)

    def _grouped(self, query: Query) -> list[str]:
        loose = [*query.select, *(key.term for key in query.order)]
        if not query.group and not query.having and all(term.function is None for term in loose):
            return []
        refs = dict.fromkeys((*query.group, *(term.ref for term in loose if term.function is None)))
        return [self._ref(ref) for ref in refs if ref.column is not None]

    def _tables(self, sources: Scope) -> str:
        if id(sources) not in self._from:
            parts = ["FROM " + _name(self.graph.tables[sources.sources[0].row[0]].name)]
            for source in sources.sources[1:]:
                on = [
                    f"{self._ref(Ref(link.one[0], one))} = {self._ref(Ref(link.other[0], other))}"
                    for link in source.links
                    for one, other in zip(link.columns, link.other_columns, strict=True)
                ]
                parts.append(f"JOIN {_name(self.graph.tables[source.row[0]].name)} ON {' AND '.join(on)}")
            self._from[id(sources)] = " ".join(parts)
        return self._from[id(sources)]

    def _ref(self, ref: Ref) -> str:
        table = _name(self.graph.tables[ref.table].name)
        return f"{table}.*" if ref.column is None else f"{table}.{_name(self.graph.column(ref.table, ref.column).name)}"

    def _term(self, term: Term) -> str:
        if term.function is None:
            return self._ref(term.ref)
        inner = "*" if term.ref.column is None else self._ref(term.ref)
        return f"{term.function}({'DISTINCT ' if term.distinct else ''}{inner})"

    def _filter(self, one: Filter) -> str | None:
        left = self._term(one.term)
        if isinstance(one.value, Query):
            inner = self.text(one.value)
            return None if inner is None else f"{left} {one.operator} ({inner})"
        if isinstance(one.value, tuple):
            return f"{left} BETWEEN {_literal(one.value[0])} AND {_literal(one.value[1])}"
        return f"{left} {one.operator} {_literal(one.value)}"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(value: object) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
