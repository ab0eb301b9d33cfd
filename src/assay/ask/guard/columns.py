"""Columns, stars, aliases and windows of an expression, bound in the scope in which they stand."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect, Graph
from assay.ask.guard.model import Violation, violation
from assay.ask.guard.names import key
from assay.ask.guard.nodes import UNITS
from assay.ask.guard.scope import Place, Relation, Scope

# Functions whose first argument is a word, which the parser takes for a column.
_UNIT_FIRST = {"timestampdiff", "timestampadd"}


class Columns:
    """What is bound so far, and how expressions are; queries inside of them are the subclass's."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.dialect: Dialect = graph.dialect
        self.tables: set[int] = set()
        self.columns: set[Place] = set()
        self.found: list[Violation] = []
        self.warnings: list[str] = []
        self.reached: set[int] = set()

    def refuse(self, code: str, message: str, node: Expr) -> None:
        """Note that something is not let pass."""
        self.found.append(violation(code, message, node))

    def reach(self, *nodes: Expr | None) -> None:
        """Note that names have been accounted for."""
        self.reached.update(id(node) for node in nodes if node is not None)

    def query(self, node: Expr, outer: Scope | None, ctes: dict[str, Relation]) -> Relation:
        """Bind a query that stands in an expression; returns its columns."""
        raise NotImplementedError

    def expression(self, node: Expr | None, scope: Scope) -> None:
        """Bind every name of an expression."""
        if not isinstance(node, Expr):
            return
        if isinstance(node, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)):
            self.query(node, scope, scope.ctes)
        elif isinstance(node, exp.Column):
            self._column(node, scope)
        elif isinstance(node, (exp.And, exp.Or)):
            for one in node.flatten(unnest=False):
                self.expression(one, scope)
        elif isinstance(node, exp.Alias):
            self.reach(node.args.get("alias"))
            self.expression(node.this, scope)
        elif isinstance(node, exp.Window):
            for part in ("this", "partition_by", "order", "spec", "alias"):
                self.window_part(node.args.get(part), scope)
        elif isinstance(node, exp.Collate):
            self.reach(node.expression, *node.expression.find_all(exp.Identifier))
            self.expression(node.this, scope)
        elif isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            self.refuse("column.star", "* stands where no rows are meant", node)
        else:
            children = list(node.iter_expressions())
            if isinstance(node, exp.Anonymous) and children and f"{node.this}".lower() in _UNIT_FIRST:
                children = self._unit(children)
            for child in children:
                self.expression(child, scope)

    def _unit(self, arguments: list[Expr]) -> list[Expr]:
        first = arguments[0]
        plain = isinstance(first, exp.Column) and not first.args.get("table") and first.name.lower() in UNITS
        if not plain:
            return arguments
        self.reach(first, first.this)
        return arguments[1:]

    def window_part(self, part: object, scope: Scope) -> None:
        """Bind one part of a window: expressions, or the name of another window."""
        for one in part if isinstance(part, list) else [part]:  # pyright: ignore[reportUnknownVariableType]
            if isinstance(one, exp.Identifier):
                self.reach(one)
                if key(one, self.dialect) not in scope.windows:
                    self.refuse("window.unknown", f"{one.name} names no window", one)
            elif isinstance(one, Expr):
                self.expression(one, scope)

    def qualifier(self, node: exp.Column, scope: Scope) -> Relation | None:
        """The relation that stands before a column's dot."""
        table, schema = node.args.get("table"), node.args.get("db")
        self.reach(node, node.this, table, schema)
        if not isinstance(table, exp.Identifier):
            self.refuse("column.qualifier", "a column's relation must be a name", node)
            return None
        alias = key(table, self.dialect)
        relation = scope.named(alias)
        if relation is None or (
            isinstance(schema, exp.Identifier) and scope.schema_of(alias) != key(schema, self.dialect)
        ):
            self.refuse("alias.unknown", f"{table.name[:60]} is no relation of this query", node)
            return None
        return relation

    def _column(self, node: exp.Column, scope: Scope) -> None:
        if node.args.get("table") is not None:
            relation = self.qualifier(node, scope)
            if relation is None:
                return
            if isinstance(node.this, exp.Star):
                if not isinstance(node.parent, exp.Count):
                    self.refuse("column.star", "* stands where no rows are meant", node)
                self.columns.update(place for _, place in relation.columns if place is not None)
            elif not relation.has(name := key(node.this, self.dialect)):
                self.refuse("column.unknown", f"{node.sql()[:80]} is not a column of the schema", node)
            else:
                self.columns.update(relation.places(name))
            return
        self.reach(node, node.this)
        if not self.graph.known and node.name.startswith("$"):
            self.refuse("column.parameter", f"{node.name[:60]} is a parameter, which nobody gives a value", node)
        if isinstance(node.this, exp.Identifier) and not self._unqualified(key(node.this, self.dialect), node, scope):
            self.refuse("column.unknown", f"{node.name[:80]} is not a column of the schema", node)

    def _unqualified(self, name: str, node: exp.Column, scope: Scope) -> bool:
        """Look for a column from the inside out; says whether it means something."""
        around: Scope | None = scope
        while around is not None:
            holders = [relation for _, relation in around.sources if relation.has(name)]
            if sum(one.names(name) for one in holders) > 1 and name not in around.merged and name not in around.aliases:
                self.refuse("column.ambiguous", f"{node.name[:60]} is a column of several relations", node)
            for relation in holders:
                self.columns.update(relation.places(name))
            if holders or name in around.aliases:
                return True
            whole = [relation for alias, relation in around.sources if alias == name and relation.whole]
            for relation in whole:  # in PostgreSQL an alias alone is a row of it
                self.columns.update(place for _, place in relation.columns if place is not None)
            if whole:
                return True
            around = around.outer
        return False
