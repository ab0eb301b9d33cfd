"""Scalar sub-selects of a query block, and which of their columns belong to the query around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pglast import ast, enums

from assay.sources.model import Schema, Table
from assay.workload.statements.tree import Node, many, names, walk
from assay.workload.values import base_type


class Kept(Exception):
    """The statement stays as it is; the message says why."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a sub-select stands, so that something else can be put there."""

    node: Node
    member: str
    place: int | None
    filters: bool = False
    """In WHERE, so before rows are grouped."""

    def put(self, new: Node) -> None:
        value: object = getattr(self.node, self.member)
        if self.place is None:
            setattr(self.node, self.member, new)
            return
        items = list(many(value))
        items[self.place] = new
        setattr(self.node, self.member, tuple(items))


def scalar_sublinks(select: ast.SelectStmt) -> Iterator[tuple[Holder, ast.SubLink]]:
    """Yield scalar sub-selects of the target list and WHERE of this block, not those of blocks below."""
    for target in many(select.targetList):
        yield from _below(target)
    if isinstance(select.whereClause, Node):
        where = select.whereClause
        if isinstance(where, ast.SubLink) and where.subLinkType == enums.SubLinkType.EXPR_SUBLINK:
            yield Holder(select, "whereClause", None, filters=True), where
        else:
            yield from ((replace(holder, filters=True), link) for holder, link in _below(select.whereClause))


def _below(node: Node) -> Iterator[tuple[Holder, ast.SubLink]]:
    for member in node:
        value: object = getattr(node, member)
        single = isinstance(value, Node)
        items: tuple[object, ...] = (value,) if single else many(value)
        for place, item in enumerate(items):
            if isinstance(item, ast.SubLink):
                if item.subLinkType == enums.SubLinkType.EXPR_SUBLINK:
                    yield Holder(node, member, None if single else place), item
            elif isinstance(item, Node) and not isinstance(item, ast.SelectStmt):
                yield from _below(item)


# which columns belong where ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Inner:
    """The FROM list of a sub-select."""

    tables: dict[str, Table] = field(default_factory=dict[str, Table])

    def owns(self, column: ast.ColumnRef) -> bool:
        path = names(column.fields)
        if len(path) > 1:
            return path[-2] in self.tables
        return bool(path) and any(path[0] == c.name for table in self.tables.values() for c in table.columns)

    def holds(self, alias: str, column: str) -> bool:
        """Say whether one of the tables has a column."""
        table = self.tables.get(alias)
        return table is not None and any(c.name == column for c in table.columns)

    def type_of(self, column: ast.ColumnRef) -> str | None:
        path = names(column.fields)
        for alias, table in self.tables.items():
            if len(path) == 1 or path[-2] == alias:
                for one in table.columns:
                    if one.name == path[-1]:
                        return base_type(one.type)
        return None


def tables_of(items: tuple[object, ...], schema: Schema) -> Inner:
    """Read a FROM list of plain tables and joins of them; anything else raises Kept."""
    found = Inner()
    for item in items:
        if isinstance(item, ast.RangeVar):
            table = schema.find(str(item.relname), item.schemaname)
            if table is None:
                raise Kept(f"{item.relname} is no table of the schema, so its columns are not known.")
            found.tables[str(item.alias.aliasname if item.alias else item.relname)] = table
        elif isinstance(item, ast.JoinExpr) and item.alias is None and not item.isNatural:
            found.tables |= tables_of((item.larg, item.rarg), schema).tables
        else:
            raise Kept("Its FROM list holds more than plain tables.")
    return found


def is_correlated(sublink: ast.SubLink, schema: Schema) -> bool:
    """Say whether a sub-select over plain tables reads a column of the query around it."""
    query = sublink.subselect
    if not isinstance(query, ast.SelectStmt) or not query.fromClause:
        return False
    try:
        inner = tables_of(many(query.fromClause), schema)
    except Kept:
        return False
    return any(isinstance(n, ast.ColumnRef) and names(n.fields) and not inner.owns(n) for n in walk(query))


def is_outer(node: object, inner: Inner) -> bool:
    """Say whether a node is a column that the sub-select's own tables do not have."""
    return isinstance(node, ast.ColumnRef) and bool(names(node.fields)) and not inner.owns(node)
