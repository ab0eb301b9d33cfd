"""Says a query in words, clause by clause, each tied to the words of the question that it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlglot import exp

from assay.ask.engine.answer import Candidate
from assay.ask.engine.link import Links, Mention, Span
from assay.ask.graph import Graph
from assay.ask.ir import Filter, Query, Ref, Term
from assay.ask.model import Clause, Words

_FUNCTIONS = {
    "count": "the number of", "sum": "the sum of", "avg": "the average of", "min": "the least", "max": "the greatest",
}  # fmt: skip
_OPERATORS = {
    "=": "is", "!=": "is not", ">": "is more than", "<": "is less than", ">=": "is at least", "<=": "is at most",
    "like": "is like", "not like": "is not like", "in": "is one of", "not in": "is none of", "between": "is between",
    "is null": "is empty", "is not null": "is not empty",
}  # fmt: skip
_COMBINES = {"union": "together with", "intersect": "only what is also among", "except": "without"}
_SIGNS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}


def clauses(found: Candidate, graph: Graph, tree: exp.Expr) -> tuple[Clause, ...]:
    """Explain a candidate.

    Args:
        found: with the links that it was made of.
        graph: in which its places mean something.
        tree: its SQL, as rendered; fragments of it are quoted.
    """
    return tuple(_Speaker(graph, found.links, found.spans).clauses(found.query, tree))


def unasked(query: Query, graph: Graph, tree: exp.Expr) -> tuple[Clause, ...]:
    """Explain a query that comes from no question."""
    return tuple(_Speaker(graph, None, ()).clauses(query, tree))


def sentence(query: Query, graph: Graph) -> str:
    """The whole query in one sentence, for a list of readings."""
    speaker = _Speaker(graph, None, ())
    parts = [clause.says for clause in speaker.clauses(query, None) if clause.part != "from"]
    return "; ".join(parts)


class _Speaker:
    def __init__(self, graph: Graph, links: Links | None, spans: tuple[int, ...]) -> None:
        self._graph, self._links = graph, links
        self._values: list[Span] = [links.spans[place] for place in spans] if links else []

    def clauses(self, query: Query, tree: exp.Expr | None) -> Iterator[Clause]:
        args = tree.args if isinstance(tree, exp.Select) else {}
        terms = query.select
        what = ", ".join(self._term(term) for term in terms)
        yield Clause(
            part="select", sql=", ".join(self._sql(one) for one in args.get("expressions", ())),
            says=f"Show {'each different ' if query.distinct else ''}{what}",
            because=self._because([ref for term in terms for ref in _refs(term)]),
        )  # fmt: skip
        joins: list[exp.Expr] = args.get("joins") or []
        for join in joins:
            yield Clause(part="from", sql=self._sql(join), says=self._join(join))
        for place, group in enumerate(query.where):
            for filter in group:
                refs = [*_refs(filter.term), *(_refs(filter.value) if isinstance(filter.value, Term) else ())]
                yield Clause(
                    part="where", sql=self._sql(args["where"].this) if args.get("where") and len(group) == 1 else "",
                    says=f"{'Or only' if place else 'Only'} where {self._filter(filter)}",
                    because=(*self._because(refs), *self._value_words(filter)),
                )  # fmt: skip
        if query.group:
            names = ", ".join(self._ref(ref) for ref in query.group)
            yield Clause(part="group", sql=self._sql(args.get("group")), says=f"One row for each {names}",
                         because=self._because(query.group))  # fmt: skip
        for filter in query.having:
            says = f"Only groups where {self._filter(filter)}"
            yield Clause(part="having", sql=self._sql(args.get("having")), says=says, because=self._value_words(filter))
        for order in query.order:
            says = f"The {'greatest' if order.descending else 'least'} {self._term(order.term)} first"
            because = self._because(_refs(order.term))
            yield Clause(part="order", sql=self._sql(args.get("order")), says=says, because=because)
        if query.limit is not None:
            rows = "the first row" if query.limit == 1 else f"the first {query.limit} rows"
            yield Clause(part="limit", sql=self._sql(args.get("limit")), says=f"Only {rows}")
        if query.combine is not None:
            how, other = query.combine
            yield Clause(part="combine", sql="", says=f"{_COMBINES[how].capitalize()}: {sentence(other, self._graph)}")

    def _sql(self, node: object) -> str:
        return node.sql(dialect=self._graph.dialect) if isinstance(node, exp.Expr) else ""

    def _join(self, join: exp.Expr) -> str:
        table = join.find(exp.Table)
        on = join.args.get("on")
        return f"Joined with {table.name if table else ''} where {self._sql(on)}"

    def _term(self, term: Term) -> str:
        of = f"{_table_name(self._graph, term.ref)} rows" if term.ref.column is None else self._ref(term.ref)
        if term.arithmetic is not None:
            of = f"{of} {_SIGNS[term.arithmetic[0]]} {self._ref(term.arithmetic[1])}"
        if term.function is None:
            return "every column" if term.ref.column is None else of
        return f"{_FUNCTIONS[term.function]} {'different ' if term.distinct else ''}{of}"

    def _ref(self, ref: Ref) -> str:
        if ref.column is None:
            return _table_name(self._graph, ref)
        column = self._graph.column(ref.table, ref.column)
        return f"{_table_name(self._graph, ref)}.{column.name}"

    def _filter(self, filter: Filter) -> str:
        value = filter.value
        if isinstance(value, Query):
            said = f"what follows: {sentence(value, self._graph)}"
        elif isinstance(value, Term):
            said = self._term(value)
        elif isinstance(value, tuple):
            said = " and ".join(str(one) for one in value)
        else:
            said = "" if value is None else str(value)
        return f"{self._term(filter.term)} {_OPERATORS[filter.operator]} {said}".rstrip()

    def _because(self, refs: Iterable[Ref]) -> tuple[Words, ...]:
        if self._links is None:
            return ()
        found: dict[tuple[int, int], Words] = {}
        for ref in refs:
            mention = (
                self._links.tables[ref.table] if ref.column is None else self._links.columns[ref.table][ref.column]
            )
            words = self._words(mention)
            if words is not None:
                found.setdefault((words.start, words.end), words)
        return tuple(found.values())

    def _words(self, mention: Mention) -> Words | None:
        assert self._links is not None
        first, last = mention.start, mention.end
        if first < 0 and mention.associated >= 0:
            first, last = mention.associated, mention.associated + 1
        return self._quote(first, last) if first >= 0 else None

    def _quote(self, first: int, last: int) -> Words:
        assert self._links is not None
        question = self._links.question
        start, end = question.tokens[first].start, question.tokens[last - 1].end
        return Words(start=start, end=end, text=question.text[start:end])

    def _value_words(self, filter: Filter) -> tuple[Words, ...]:
        values = filter.value if isinstance(filter.value, tuple) else (filter.value,)
        texts = {str(value).casefold().strip("%") for value in values}
        said = [(span, {span.text.casefold(), *(one.value.casefold() for one in span.found)}) for span in self._values]
        return tuple(
            self._quote(span.start, span.end) for span, words in said if words & texts or span.number in values
        )


def _table_name(graph: Graph, ref: Ref) -> str:
    return graph.tables[ref.table].name


def _refs(term: Term) -> list[Ref]:
    return [term.ref, *([term.arithmetic[1]] if term.arithmetic else [])]
