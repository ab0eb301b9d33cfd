"""Binds what a model says to the live schema: each proposal becomes an index of ours, or a reason against it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pglast import ast, enums

from assay.sources.model import Schema, Table
from assay.workload.advice_model import Proposal
from assay.workload.candidates import holdable
from assay.workload.index import IndexDraft, IndexKey, exists_already
from assay.workload.statements.parse import parse
from assay.workload.statements.tree import Node, many, names, walk
from assay.workload.statements.writer import expression, quoted

MOST = 12
"""Proposals that are looked at; more are refused unread."""
LONGEST_CONDITION = 500
_KINDS = enums.A_Expr_Kind
_COMPARED = {
    _KINDS.AEXPR_OP: frozenset((sign,) for sign in ("=", "<>", "<", ">", "<=", ">=")),
    _KINDS.AEXPR_IN: frozenset({("=",), ("<>",)}),
}
"""Operators by kind of expression, as they stand without a schema: those of pg_catalog."""


class Unbound(Exception):
    """A proposal that is no index of this database; the message says why, and repeats nothing of it."""


def bound(said: Sequence[Mapping[str, Any]], schema: Schema, *, max_width: int, by: str) -> tuple[Proposal, ...]:
    """Read what a model said, as `brief.SCHEMA` has it, in its order.

    Every name is looked up, and the condition is written anew from its syntax tree: no text of a model goes further.
    """
    found: list[Proposal] = []
    for at, one in enumerate(said, 1):
        try:
            if at > MOST:
                raise Unbound(f"only the first {MOST} are looked at")
            found.append(Proposal(by, at, _index(one, schema, max_width)))
        except Unbound as reason:
            found.append(Proposal(by, at, None, str(reason)))
    return tuple(found)


def _index(one: Mapping[str, Any], schema: Schema, max_width: int) -> IndexDraft:
    table = _table(str(one["table"]), schema)
    keys = cast("Sequence[Mapping[str, Any]]", one["columns"])
    columns = [_column(str(key["column"]), table) for key in keys]
    include = {_column(str(name), table) for name in one["include"]} - set(columns)
    if not columns:
        raise Unbound("it has no columns")
    if len(set(columns)) < len(columns):
        raise Unbound("it has a column twice")
    if len(columns) > max_width:
        raise Unbound(f"it has {len(columns)} key columns, and {max_width} were asked for at most")
    where = str(one["where"]).strip()
    draft = IndexDraft(
        schema=table.schema_name,
        table=table.name,
        keys=tuple(
            IndexKey(quoted(name), name, bool(key["descending"]), bool(key["descending"]))
            for name, key in zip(columns, keys, strict=True)
        ),
        include=tuple(column.name for column in table.columns if column.name in include),
        predicate=_condition(where, table) if where else None,
    )
    if reason := holdable(draft, table):
        raise Unbound(reason)
    if (index := exists_already(draft, table)) is not None:
        raise Unbound(f"{index.name} does its work already")
    return draft


def _table(name: str, schema: Schema) -> Table:
    for table in schema.tables:
        if table.qualified == name:
            return table
    table = schema.find(name)
    if table is None:
        raise Unbound("it is on a table that this database does not have")
    return table


def _column(name: str, table: Table) -> str:
    if all(column.name != name for column in table.columns):
        raise Unbound(f"it names a column that {table.qualified} does not have")
    return name


def _condition(text: str, table: Table) -> str:
    """Comparisons of plain columns with literals, and what joins them; anything else is refused."""
    tree = parse(f"SELECT {text}").tree if len(text) <= LONGEST_CONDITION else None
    if not isinstance(tree, ast.SelectStmt) or len(many(tree.targetList)) != 1:
        raise Unbound("its condition cannot be read")
    target = many(tree.targetList)[0]
    more = any(getattr(tree, name) for name in tree if name not in ("targetList", "limitOption", "op"))
    if more or target.name is not None or not all(_plain(node, table) for node in walk(target.val)):
        raise Unbound("its condition is more than comparisons of columns with literals")
    return expression(target.val)


def _plain(node: Node, table: Table) -> bool:
    match node:
        case ast.ColumnRef():
            path = names(node.fields)
            return len(path) == 1 == len(many(node.fields)) and any(path[0] == one.name for one in table.columns)
        case ast.A_Expr():
            return node.kind is not None and names(node.name) in _COMPARED.get(node.kind, ())
        case ast.A_Const() | ast.BoolExpr() | ast.NullTest() | ast.BooleanTest() | ast.String() | ast.Integer():
            return True
        case ast.Float() | ast.Boolean():
            return True
        case _:
            return False
