"""Reads SQL back into the IR, so that SQL of any origin passes the same checks, or says why it is outside of the IR."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Literal, cast

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from assay.ask.compare import Expression
from assay.ask.graph import Graph
from assay.ask.ir import Combine, Filter, Function, Operator, Order, Query, Ref, Scalar, Term
from assay.ask.unjoin import Outside, Pair, Placed, unjoin

_SETS: dict[type[exp.Expr], Combine] = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}
_FUNCTIONS: dict[type[exp.Expr], Function] = {
    exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max",
}  # fmt: skip
_OPERATORS: dict[type[exp.Expr], Operator] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.GT: ">", exp.LT: "<", exp.GTE: ">=", exp.LTE: "<=", exp.Like: "like",
    exp.ILike: "like",
}  # fmt: skip
_TURNED: dict[Operator, Operator] = {"=": "=", "!=": "!=", ">": "<", "<": ">", ">=": "<=", "<=": ">="}
_NEGATED: dict[Operator, Operator] = {
    "=": "!=", "!=": "=", ">": "<=", "<": ">=", ">=": "<", "<=": ">", "like": "not like", "in": "not in",
    "not like": "like", "not in": "in", "is null": "is not null", "is not null": "is null",
}  # fmt: skip
_SIGNS: dict[type[exp.Expr], Literal["+", "-", "*", "/"]] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_ALTERNATIVES = 64
"""Groups of the WHERE's disjunctive form; more come of no question in words."""
_SELECT = frozenset({"kind", "expressions", "distinct", "from_", "joins", "where", "group", "having", "order", "limit"})


@dataclass(frozen=True, slots=True)
class Unliftable:
    """The SQL is outside of the IR, and why."""

    reason: str


def lift(text: str, graph: Graph) -> Query | Unliftable:
    """The query that a SELECT of the graph's dialect asks for."""
    try:
        (parsed,) = sqlglot.parse(text.strip().rstrip(";"), read=graph.dialect)
    except (SqlglotError, ValueError) as error:
        return Unliftable(f"does not parse: {str(error).splitlines()[0][:120]}")
    except RecursionError:
        return Unliftable("nested too deeply")
    if parsed is None:
        return Unliftable("does not parse: empty")
    return lift_tree(parsed, graph)


def lift_tree(parsed: exp.Expr, graph: Graph) -> Query | Unliftable:
    """The same for a tree that sqlglot has read."""
    try:
        return _query(parsed, graph)
    except Outside as error:
        return Unliftable(str(error))
    except RecursionError:
        return Unliftable("nested too deeply")


def _query(tree: exp.Expr, graph: Graph) -> Query:
    while isinstance(tree, exp.Subquery | exp.Paren):
        if isinstance(tree, exp.Subquery) and any(tree.args.get(key) for key in ("order", "limit", "offset", "alias")):
            raise Outside("a parenthesised query with clauses of its own")
        tree = tree.this
    if isinstance(tree, exp.SetOperation):
        return _combined(tree, graph)
    if not isinstance(tree, exp.Select):
        raise Outside(f"{tree.key} instead of a SELECT")
    return _Reader(tree, graph).query()


def _combined(tree: exp.SetOperation, graph: Graph) -> Query:
    if type(tree) not in _SETS or not tree.args.get("distinct"):
        raise Outside(f"{tree.key} all")
    left, right = _query(tree.left, graph), _query(tree.right, graph)
    if left.order or left.limit is not None:
        raise Outside("the left side of a set operation has an order of its own")
    if right.combine is not None:
        raise Outside("the right side of a set operation is one itself")
    keys: list[Order] = []
    for key in _keys(tree):
        of = key.this
        place = int(of.name) - 1 if isinstance(of, exp.Literal) and not of.is_string else _output(tree, of)
        if not 0 <= place < len(left.select):
            raise Outside("a set operation sorted by what it does not select")
        keys.append(Order(left.select[place], bool(key.args.get("desc"))))
    return replace(_appended(left, (_SETS[type(tree)], right)), order=tuple(keys), limit=_limit(tree))


def _appended(query: Query, part: tuple[Combine, Query]) -> Query:
    if query.combine is None:
        return replace(query, combine=part)
    return replace(query, combine=(query.combine[0], _appended(query.combine[1], part)))


def _output(tree: exp.SetOperation, of: exp.Expr) -> int:
    first: exp.Expr = tree
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    names = [one.alias_or_name.lower() for one in cast("exp.Select", first).expressions]
    return names.index(of.name.lower()) if isinstance(of, exp.Column) and of.name.lower() in names else -1


def _keys(tree: exp.Expr) -> list[exp.Ordered]:
    order = tree.args.get("order")
    return cast("list[exp.Ordered]", order.expressions) if order else []


def _limit(tree: exp.Expr) -> int | None:
    if tree.args.get("offset"):
        raise Outside("an offset")
    limit = tree.args.get("limit")
    if limit is None:
        return None
    of = limit.expression
    if not isinstance(of, exp.Literal) or of.is_string:
        raise Outside("a limit that is not a number")
    return int(of.name)


class _Reader:
    """One SELECT under way: its tables have places, its columns are found among them."""

    def __init__(self, tree: exp.Select, graph: Graph) -> None:
        self.tree = tree
        self.graph = graph
        self.placed: list[Placed] = []
        self.pairs: list[Pair] = []
        self.outputs: dict[str, Expression] = {}

    def query(self) -> Query:
        tree = self.tree
        for key, value in tree.args.items():
            if value and key not in _SELECT and key != "offset":
                raise Outside(f"a {key.strip('_')} clause")
        self.tables()
        self.outputs = {one.alias.lower(): one.this for one in tree.expressions if isinstance(one, exp.Alias)}
        where = self.where()
        distinct = tree.args.get("distinct")
        if distinct and distinct.args.get("on"):
            raise Outside("distinct on")
        having = self.groups(tree.args["having"].this) if tree.args.get("having") else [()]
        if len(having) > 1:
            raise Outside("having with or")
        query = Query(
            select=tuple(self.selected()),
            distinct=bool(distinct),
            where=tuple(group for group in where if group),
            group=tuple(self.grouped()),
            having=having[0],
            order=tuple(Order(self.term(self.output(key.this)), bool(key.args.get("desc"))) for key in _keys(tree)),
            limit=_limit(tree),
        )
        return unjoin(query, tuple(self.placed), tuple(self.pairs), self.graph)

    def tables(self) -> None:
        source = self.tree.args.get("from_")
        if source is None:
            raise Outside("no table")
        self.place(source.this)
        joins = cast("list[exp.Join]", self.tree.args.get("joins") or [])
        for join in joins:
            if join.side or join.kind not in ("", "INNER", "CROSS") or join.args.get("using") or join.method:
                raise Outside(
                    f"a {' '.join(filter(None, (join.method, join.side, join.kind))).lower() or 'using'} join"
                )
            self.place(join.this)

    def place(self, table: exp.Expr) -> None:
        if not isinstance(table, exp.Table) or not isinstance(table.this, exp.Identifier):
            raise Outside("a query in FROM")
        name, schema = table.name.lower(), table.db.lower()
        found = [
            number
            for number, one in enumerate(self.graph.tables)
            if one.name.lower() == name and (not schema or one.schema.lower() == schema)
        ]
        if not found:
            raise Outside("a table that does not exist")
        self.placed.append(Placed(found[0], (table.alias or table.name).lower()))

    def where(self) -> list[tuple[Filter, ...]]:
        """The WHERE, and what the ON clauses say, less the equalities that join."""
        conditions: list[Expression] = []
        joins = cast("list[exp.Join]", self.tree.args.get("joins") or [])
        for on in [join.args.get("on") for join in joins] + [
            self.tree.args["where"].this if self.tree.args.get("where") else None
        ]:
            if on is not None:
                conditions.extend(cast("exp.And", on.unnest()).flatten() if isinstance(on.unnest(), exp.And) else [on])
        groups: list[tuple[Filter, ...]] = [()]
        for one in conditions:
            if isinstance(one, exp.Boolean) and one.this:
                continue
            if not self.joins(one):
                groups = self.both(groups, self.groups(one))
        return groups

    def joins(self, one: Expression) -> bool:
        one = one.unnest()
        if not isinstance(one, exp.EQ) or not all(self.is_column(side) for side in (one.this, one.expression)):
            return False
        left, right = self.ref(one.this), self.ref(one.expression)
        if left.via == right.via:
            return False
        self.pairs.append(Pair(left, right))
        return True

    def is_column(self, of: Expression) -> bool:
        return isinstance(of, exp.Column) and not isinstance(of.this, exp.Star) and not self.is_word(of)

    def both(self, one: list[tuple[Filter, ...]], other: list[tuple[Filter, ...]]) -> list[tuple[Filter, ...]]:
        if len(one) * len(other) > _ALTERNATIVES:
            raise Outside("too many alternatives")
        return [(*left, *right) for left, right in product(one, other)]

    def groups(self, of: Expression) -> list[tuple[Filter, ...]]:
        """A condition as alternatives, each of filters that all hold."""
        of = of.unnest()
        if isinstance(of, exp.And):
            return self.both(self.groups(of.this), self.groups(of.expression))
        if isinstance(of, exp.Or):
            return [*self.groups(of.this), *self.groups(of.expression)]
        if isinstance(of, exp.Not):
            inner = self.groups(of.this)
            if len(inner) != 1 or len(inner[0]) != 1 or inner[0][0].operator not in _NEGATED:
                raise Outside("a negated condition")
            return [(replace(inner[0][0], operator=_NEGATED[inner[0][0].operator]),)]
        return [(self.filter(of),)]

    def filter(self, of: Expression) -> Filter:
        if isinstance(of, exp.Is) and isinstance(of.expression, exp.Null):
            return Filter(self.term(of.this), "is null")
        if isinstance(of, exp.Between):
            return Filter(self.term(of.this), "between", (self.scalar(of.args["low"]), self.scalar(of.args["high"])))
        if isinstance(of, exp.In):
            inner = of.args.get("query")
            if inner is not None:
                return Filter(self.term(of.this), "in", _query(inner, self.graph))
            if of.args.get("unnest") or of.args.get("field"):
                raise Outside("in something that is no list")
            return Filter(self.term(of.this), "in", tuple(self.scalar(one) for one in of.expressions))
        operator = _OPERATORS.get(type(of))
        if operator is None:
            raise Outside(f"the condition {of.key}")
        left, right = of.this.unnest(), of.expression.unnest()
        if self.is_value(left) and operator in _TURNED:
            left, right, operator = right, left, _TURNED[operator]
        if isinstance(right, exp.Select | exp.SetOperation):
            return Filter(self.term(left), operator, _query(right, self.graph))
        if self.is_value(right):
            return Filter(self.term(left), operator, self.scalar(right))
        if operator not in _TURNED:
            raise Outside("like another column")
        return Filter(self.term(left), operator, self.term(right))

    def is_value(self, of: Expression) -> bool:
        of = of.this if isinstance(of, exp.Neg) else of
        return isinstance(of, exp.Literal | exp.Boolean | exp.Null) or self.is_word(of)

    def is_word(self, of: Expression) -> bool:
        """SQLite reads a double-quoted name that is no column as a text."""
        if not isinstance(of, exp.Column) or of.table or not isinstance(of.this, exp.Identifier) or not of.this.quoted:
            return False
        return self.graph.dialect == "sqlite" and not any(True for _ in self.found(of.name, ""))

    def scalar(self, of: Expression) -> Scalar:
        of = of.unnest()
        if isinstance(of, exp.Neg) and isinstance(of.this, exp.Literal) and not of.this.is_string:
            return -cast("int | float", self.scalar(of.this))
        if isinstance(of, exp.Boolean):
            return bool(of.this)
        if self.is_word(of):
            return of.name
        if not isinstance(of, exp.Literal):
            raise Outside(f"{of.key} as a value")
        if of.is_string:
            return of.name
        try:
            return int(of.name)
        except ValueError:
            return float(of.name)

    def selected(self) -> Iterator[Term]:
        for one in self.tree.expressions:
            of = one.unalias()
            if isinstance(of, exp.Star):
                yield from (Term(Ref(placed.table, None, place)) for place, placed in enumerate(self.placed))
            else:
                yield self.term(of)

    def grouped(self) -> Iterator[Ref]:
        group = self.tree.args.get("group")
        if group is None:
            return
        if any(value for key, value in group.args.items() if key != "expressions"):
            raise Outside("grouping sets")
        for one in group.expressions:
            term = self.term(self.output(one))
            if term != Term(term.ref) or term.ref.column is None:
                raise Outside("grouped by what is no column")
            yield term.ref

    def output(self, of: Expression) -> Expression:
        """What an ordinal, or the alias of a selected column, stands for."""
        if (
            isinstance(of, exp.Literal)
            and not of.is_string
            and of.is_int
            and 0 < int(of.name) <= len(self.tree.expressions)
        ):
            return self.tree.expressions[int(of.name) - 1].unalias()
        if isinstance(of, exp.Column) and not of.table and of.name.lower() in self.outputs:
            return self.outputs[of.name.lower()]
        return of

    def term(self, of: Expression) -> Term:
        of = self.output(of.unnest()).unnest()
        function = _FUNCTIONS.get(type(of))
        if function is None:
            return self.value(of)
        if any(value for key, value in of.args.items() if key not in ("this", "big_int")):
            raise Outside("an aggregate of several")
        inner = of.this
        distinct = isinstance(inner, exp.Distinct)
        if isinstance(inner, exp.Distinct):
            if len(inner.expressions) != 1:
                raise Outside("a distinct count of several columns")
            inner = inner.expressions[0]
        if isinstance(inner, exp.Star) or (function == "count" and not distinct and isinstance(inner, exp.Literal)):
            return Term(Ref(-1), function, distinct)
        return replace(self.value(inner.unnest()), function=function, distinct=distinct)

    def value(self, of: Expression) -> Term:
        sign = _SIGNS.get(type(of))
        if sign is None:
            return Term(self.ref(of))
        if sign == "/":
            raise Outside("a division, which truncates in some dialects")
        return Term(self.ref(of.this.unnest()), arithmetic=(sign, self.ref(of.expression.unnest())))

    def ref(self, of: Expression) -> Ref:
        """The column by the places of the graph; `via` holds the place in FROM until the joins are known."""
        if not isinstance(of, exp.Column):
            raise Outside(f"{of.key} where a column stands")
        if isinstance(of.this, exp.Star):
            place = next((place for place, placed in enumerate(self.placed) if placed.alias == of.table.lower()), None)
            if place is None:
                raise Outside("a table that does not exist")
            return Ref(self.placed[place].table, None, place)
        found = next(self.found(of.name, of.table), None)
        if found is None:
            raise Outside("a column that does not exist here")
        return found

    def found(self, name: str, owner: str) -> Iterator[Ref]:
        for place, placed in enumerate(self.placed):
            if owner and placed.alias != owner.lower():
                continue
            for number, column in enumerate(self.graph.tables[placed.table].columns):
                if column.name.lower() == name.lower():
                    yield Ref(placed.table, number, place)
