"""Writes a query of the IR as SQL of one dialect, as a tree or as text, with the joins that its columns ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlglot import exp

from assay.ask.compare import Expression, against, compare, real, text
from assay.ask.graph import Column, Dialect, Graph, Kind
from assay.ask.ir import Combine, Filter, Operator, Order, Query, Ref, Term
from assay.ask.names import identifier
from assay.ask.scope import Row, Scope, Source, scope

_SETS: dict[Combine, type[exp.SetOperation]] = {
    "union": exp.Union, "intersect": exp.Intersect, "except": exp.Except,
}  # fmt: skip
_SIGNS: dict[str, type[exp.Binary]] = {"+": exp.Add, "-": exp.Sub, "*": exp.Mul}
_FUNCTIONS: dict[str, type[exp.AggFunc]] = {
    "count": exp.Count, "sum": exp.Sum, "avg": exp.Avg, "min": exp.Min, "max": exp.Max,
}  # fmt: skip


class Unrenderable(ValueError):
    """The query means nothing in SQL, or nothing in this dialect."""


def sql(query: Query, graph: Graph, edges: Collection[int] | None = None) -> str:
    """The query as one line of SQL in the graph's dialect; `edges` join its tables instead of those it would take.

    Raises:
        Unrenderable: a sort key of a set operation that it does not select, sides of one that do not match, a distinct
            count of rows without a key of one column.
        Unjoinable: no keys connect its tables.
        ValueError: a value of the wrong shape for its operator.
    """
    return tree(query, graph, edges).sql(dialect=graph.dialect)


def tree(query: Query, graph: Graph, edges: Collection[int] | None = None) -> exp.Query:
    """The query as a sqlglot tree; raises as `sql` does."""
    parts: list[tuple[Combine, Query]] = []
    last = query
    while last.combine is not None:
        combine, last = last.combine
        parts.append((combine, replace(last, combine=None)))
    if any(len(part.select) != len(query.select) for _, part in parts):
        raise Unrenderable("the sides of a set operation select different numbers of columns")
    if not parts:
        return _select(query, graph, edges)
    whole: exp.Query = _select(replace(query, combine=None, order=(), limit=None), graph, edges)
    for place, (combine, part) in enumerate(parts):
        if place and combine == "intersect" and parts[place - 1][0] != "intersect" and graph.dialect != "sqlite":
            # INTERSECT binds tighter there; SQLite goes from the left and knows no parentheses.
            whole = exp.Subquery(this=whole)
        whole = _SETS[combine](this=whole, expression=_operand(part, graph), distinct=True)
    mixed = {
        at
        for _, part in parts
        for at, (one, other) in enumerate(zip(query.select, part.select, strict=False))
        if _differ(one, other, graph)
    }
    _as_text(whole, mixed, graph.dialect)
    keys: list[Expression] = []
    for key in query.order:
        if key.term not in query.select:
            raise Unrenderable("a set operation is sorted by one of the columns it selects")
        keys.append(_sorted(exp.Literal.number(query.select.index(key.term) + 1), key.descending, graph.dialect))
    return _finished(whole, keys, query.limit)


def _operand(query: Query, graph: Graph) -> exp.Query:
    """What stands right of a set operator; its order matters only where it has a limit."""
    if query.limit is None:
        return _select(replace(query, order=()), graph, None)
    return (
        _derived(_select(query, graph, None)) if graph.dialect == "sqlite" else _select(query, graph, None).subquery()
    )


def _derived(query: exp.Query) -> exp.Select:
    return exp.Select(expressions=[exp.Star()], from_=exp.From(this=query.subquery("picked")))


def _select(query: Query, graph: Graph, edges: Collection[int] | None) -> exp.Select:
    query = _plain_extreme(query, graph)
    return _Select(query, graph, scope(query, graph, edges)).tree()


def _plain_extreme(query: Query, graph: Graph) -> Query:
    """The name beside MAX(age), ungrouped: SQLite takes it from the row of the maximum, the others refuse. For them it
    is the first row by age."""
    extremes = [term for term in query.select if term.function is not None]
    bare = len(query.select) - len(extremes)
    if query.group or query.having or query.order or query.limit is not None or len(extremes) != 1 or not bare:
        return query
    (extreme,) = extremes
    if extreme.function not in ("min", "max") or graph.dialect == "sqlite":
        return query
    value = replace(extreme, function=None, distinct=False)
    known = (Filter(value, "is not null"),) if _nullable(value, graph) else ()
    return replace(
        query,
        select=tuple(value if term == extreme else term for term in query.select),
        where=tuple((*group, *known) for group in query.where or ((),)),
        order=(Order(value, descending=extreme.function == "max"),),
        limit=1,
    )


def _column(term: Term, graph: Graph) -> Column | None:
    """The column whose kind the term's value has; none for a number that was computed."""
    if term.ref.column is None or term.arithmetic is not None or term.function in ("count", "sum", "avg"):
        return None
    return graph.column(term.ref.table, term.ref.column)


def _kind(term: Term, graph: Graph) -> Kind:
    column = _column(term, graph)
    return "number" if column is None else column.kind


def _differ(one: Term, other: Term, graph: Graph) -> bool:
    """Whether PostgreSQL refuses to compare the two, which the others convert: a key that is a number only here."""
    return graph.dialect == "postgres" and _kind(one, graph) != _kind(other, graph)


def _as_text(query: exp.Expr, places: Collection[int], dialect: Dialect) -> None:
    """Turn some selected columns of all operands into text."""
    if isinstance(query, exp.SetOperation):
        _as_text(query.left, places, dialect)
        _as_text(query.right, places, dialect)
    elif isinstance(query, exp.Subquery):
        _as_text(query.this, places, dialect)
    elif isinstance(query, exp.Select):
        chosen = [text(of, dialect) if at in places else of for at, of in enumerate(query.expressions)]
        query.set("expressions", chosen)


def _nullable(term: Term, graph: Graph) -> bool:
    if term.function == "count" or term.ref.column is None:
        return False
    several = (term.ref, term.arithmetic[1]) if term.arithmetic else (term.ref,)
    return any(ref.column is not None and graph.column(ref.table, ref.column).nullable for ref in several)


def _sorted(of: Expression, descending: bool, dialect: Dialect, known_first: bool = False) -> exp.Ordered:
    """A sort key with nulls where the dialect puts them: PostgreSQL takes them for the largest, the others for the
    smallest. With `known_first` they come last when descending there too."""
    nulls_first = descending and not known_first if dialect == "postgres" else not descending
    return exp.Ordered(this=of, desc=descending or None, nulls_first=nulls_first)


def _finished(query: exp.Query, keys: list[Expression], limit: int | None) -> exp.Query:
    if keys:
        query.set("order", exp.Order(expressions=keys))
    if limit is not None:
        query.set("limit", exp.Limit(expression=exp.Literal.number(limit)))
    return query


class _Select:
    """One SELECT under way; its clauses share the scope, in which every column has its name."""

    def __init__(self, query: Query, graph: Graph, where: Scope) -> None:
        self.query = query
        self.graph = graph
        self.scope = where
        self.dialect: Dialect = graph.dialect

    def tree(self) -> exp.Select:
        query = self.query
        made = exp.Select(expressions=[self.term(term) for term in query.select])
        first, *joined = self.scope.sources
        made.set("from_", exp.From(this=self.table(first)))
        for source in joined:
            made.append("joins", exp.Join(this=self.table(source), on=self.on(source)))
        groups = [exp.and_(*(self.filter(one) for one in group), copy=False) for group in query.where if group]
        if groups:
            made.set("where", exp.Where(this=exp.or_(*groups, copy=False)))
        grouped = [self.term(term) for term in self.grouped()]
        if query.having:
            made.set("having", exp.Having(this=exp.and_(*(self.filter(one) for one in query.having), copy=False)))
        if not grouped and not query.group and any(term.function for term in query.select):
            _finished(made, [], query.limit)  # aggregates alone are one row: nothing to sort, nothing twice
            return made
        if query.distinct and self.unselected() and self.dialect != "sqlite":
            return self.distinct_sorted(made, grouped)
        if query.distinct:
            made.set("distinct", exp.Distinct())
        if grouped:
            made.set("group", exp.Group(expressions=grouped))
        _finished(made, [self.key(key) for key in query.order], query.limit)
        return made

    def distinct_sorted(self, made: exp.Select, grouped: list[Expression]) -> exp.Select:
        """SELECT DISTINCT a ORDER BY b is refused where b is not selected, since several b may belong to one a: each a
        is taken at its first b."""
        inner = made
        keys: list[Expression] = []
        if grouped:
            inner.set("group", exp.Group(expressions=grouped))
            names = [exp.to_identifier(f"c{place}") for place in range(1, len(self.query.select) + 1)]
            named = [exp.Alias(this=of, alias=name) for of, name in zip(inner.expressions, names, strict=True)]
            for place, key in enumerate(self.query.order, 1):
                named.append(exp.Alias(this=self.term(key.term), alias=exp.to_identifier(f"k{place}")))
                best = (exp.Max if key.descending else exp.Min)(this=exp.column(f"k{place}"))
                keys.append(_sorted(best, key.descending, self.dialect))
            inner.set("expressions", named)
            columns = [exp.column(name.name) for name in names]
            made = exp.Select(expressions=columns, from_=exp.From(this=inner.subquery("picked")))
            made.set("group", exp.Group(expressions=[column.copy() for column in columns]))
        else:
            made.set("group", exp.Group(expressions=[of.copy() for of in made.expressions]))
            for key in self.query.order:
                of = self.term(key.term)
                if key.term not in self.query.select:
                    of = (exp.Max if key.descending else exp.Min)(this=of)
                keys.append(_sorted(of, key.descending, self.dialect))
        _finished(made, keys, self.query.limit)
        return made

    def unselected(self) -> bool:
        return any(key.term not in self.query.select for key in self.query.order)

    def table(self, source: Source) -> exp.Table:
        table = self.graph.tables[source.row[0]]
        made = exp.Table(this=identifier(table.name, self.dialect))
        if table.schema:
            made.set("db", identifier(table.schema, self.dialect))
        if source.alias:
            made.set("alias", exp.TableAlias(this=identifier(source.alias, self.dialect)))
        return made

    def on(self, source: Source) -> Expression:
        pairs = self.equal(source)
        equal = [self.compared(Term(one), "=", Term(other)) for one, other in pairs]
        return exp.and_(*equal, copy=False)

    def compared(self, one: Term, operator: Operator, other: Term) -> Expression:
        left, right = self.term(one), self.term(other)
        if _differ(one, other, self.graph):
            left, right = text(left, self.dialect), text(right, self.dialect)
        return compare(left, operator, right)

    def column(self, ref: Ref) -> Expression:
        source = self.scope.source(ref)
        owner = None if self.scope.alone else source.alias or self.graph.tables[ref.table].name
        name = exp.Star()
        if ref.column is not None:
            name = identifier(self.graph.column(ref.table, ref.column).name, self.dialect)
        if owner is None and ref.column is None:
            return name
        return exp.Column(this=name, table=identifier(owner, self.dialect) if owner else None)

    def term(self, term: Term) -> Expression:
        if term.function == "count" and term.ref.column is None and term.arithmetic is None:
            return exp.Count(this=exp.Distinct(expressions=[self.key_of(term.ref)]) if term.distinct else exp.Star())
        of = self.column(term.ref)
        if term.arithmetic is not None:
            of = self.computed(of, *term.arithmetic)
        if term.function is None:
            return of
        if (
            term.function in ("sum", "avg")
            and _kind(replace(term, function=None), self.graph) == "text"
            and self.dialect == "postgres"
        ):
            of = real(of, self.dialect)
        return _FUNCTIONS[term.function](this=exp.Distinct(expressions=[of]) if term.distinct else of)

    def key_of(self, ref: Ref) -> Expression:
        """What stands for a row in COUNT(DISTINCT …): no dialect but MySQL counts several columns in one form."""
        key = self.graph.tables[ref.table].primary_key
        if len(key) != 1:
            raise Unrenderable(f"the rows of {self.graph.tables[ref.table].name} have no key of one column to count")
        return self.column(ref._replace(column=key[0]))

    def computed(self, left: Expression, sign: str, ref: Ref) -> Expression:
        """Division is that of real numbers everywhere, and gives null by zero, as MySQL has it."""
        right = self.column(ref)
        if sign != "/":
            return _SIGNS[sign](this=left, expression=right)
        if self.dialect == "postgres":
            right = exp.Nullif(this=right, expression=exp.Literal.number(0))
        if self.dialect != "mysql":
            left = real(left, self.dialect)
        return exp.Div(this=left, expression=right, typed=self.dialect != "mysql", safe=True)

    def filter(self, one: Filter) -> Expression:
        left = self.term(one.term)
        if one.operator in ("is null", "is not null"):
            null = exp.Is(this=left, expression=exp.Null())
            return exp.Not(this=null) if one.operator == "is not null" else null
        if isinstance(one.value, Term):
            return self.compared(one.term, one.operator, one.value)
        if isinstance(one.value, Query):
            return self.nested(left, one, one.value)
        if one.value is None:
            raise Unrenderable(f"{one.operator} has nothing to compare with")
        return against(left, one.operator, one.value, _column(one.term, self.graph), self.dialect)

    def nested(self, left: Expression, one: Filter, value: Query) -> Expression:
        inner = tree(value, self.graph)
        if len(value.select) == 1 and _differ(one.term, value.select[0], self.graph):
            left = text(left, self.dialect)
            _as_text(inner, {0}, self.dialect)
        if one.operator not in ("in", "not in"):
            return compare(left, one.operator, inner.subquery())
        if value.limit is not None and self.dialect == "mysql":
            # MySQL and MariaDB take no LIMIT directly inside of IN.
            inner = _derived(inner)
        found = exp.In(this=left, query=inner.subquery())
        return exp.Not(this=found) if one.operator == "not in" else found

    def key(self, key: Order) -> Expression:
        """Among the first few, an unknown value is not the largest: PostgreSQL would put it there."""
        known_first = self.query.limit is not None and _nullable(key.term, self.graph)
        return _sorted(self.term(key.term), key.descending, self.dialect, known_first)

    def grouped(self) -> list[Term]:
        """The whole GROUP BY: what is selected or sorted by without being aggregated belongs to it, since PostgreSQL
        and MySQL refuse it otherwise, and SQLite takes it from any row; but from the row of the extreme, where one
        MIN or MAX is selected."""
        query = self.query
        loose = [*query.select, *(key.term for key in query.order)]
        functions = [term.function for term in loose if term.function is not None]
        extremes = [term.function for term in query.select if term.function is not None]
        terms = dict.fromkeys(Term(ref) for ref in query.group)
        if not query.group and not functions and not query.having:
            return []
        if self.dialect == "sqlite" and len(extremes) == 1 and set(functions) in ({"min"}, {"max"}):
            return list(terms)
        follows = self.following()
        for term in loose:
            for each in self.spread(term) if term.function is None else ():
                several = {each.ref, each.arithmetic[1]} if each.arithmetic else {each.ref}
                if not several <= follows:
                    terms[each] = None
        return list(terms)

    def spread(self, term: Term) -> list[Term]:
        """A * as the columns that it stands for."""
        if term.ref.column is not None:
            return [term]
        return [Term(ref) for ref in self.all_of((term.ref.table, term.ref.via))]

    def all_of(self, row: Row) -> list[Ref]:
        return [Ref(row[0], column, row[1]) for column in range(len(self.graph.tables[row[0]].columns))]

    def following(self) -> set[Ref]:
        """Columns that have one value in each group because a primary key has, as far as the dialect sees it: MariaDB
        not at all, PostgreSQL where the key itself is grouped, SQLite does not look, so what is equal to the key will
        do. Fewer keys to group by make shorter SQL, and leave ties in the order that the reader expects."""
        follows = set(self.query.group)
        if self.dialect == "mysql":
            return follows
        before = -1
        while len(follows) > before:
            before = len(follows)
            for source in self.scope.sources:
                key = self.graph.tables[source.row[0]].primary_key
                if key and all(Ref(source.row[0], column, source.row[1]) in follows for column in key):
                    follows.update(self.all_of(source.row))
                for one, other in self.equal(source) if self.dialect == "sqlite" else ():
                    if one in follows or other in follows:
                        follows.update((one, other))
        return follows

    def equal(self, source: Source) -> dict[tuple[Ref, Ref], None]:
        """What a source is joined on."""
        return {
            (Ref(link.one[0], one, link.one[1]), Ref(link.other[0], other, link.other[1])): None
            for link in source.links
            for one, other in zip(link.columns, link.other_columns, strict=True)
        }
