"""Reads a rewrite that a model says: one SELECT over the tables of its statement, of forms that can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pglast import ast

from assay.sources.model import Schema
from assay.workload.advice_model import AdviceStatement, Proposal
from assay.workload.statements.bind import facts
from assay.workload.statements.parse import fingerprint, parse, substitute
from assay.workload.statements.tree import Node, last_name, many, names, parameters, walk
from assay.workload.statements.writer import raw

LONGEST = 20_000
_FUNCTIONS = frozenset({
    "count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every", "lower", "upper", "length", "abs", "round",
    "floor", "ceil", "ceiling", "date_trunc", "date_part", "extract", "substring", "substr", "btrim", "left", "right",
})  # fmt: skip
"""Built in, without effects, and the same for the same rows in any order."""
_REFUSED = (
    ast.IntoClause, ast.LockingClause, ast.InsertStmt, ast.UpdateStmt, ast.DeleteStmt, ast.MergeStmt, ast.RangeFunction,
    ast.RangeTableSample, ast.RangeTableFunc, ast.SQLValueFunction, ast.XmlExpr, ast.CurrentOfExpr, ast.WindowDef,
)  # fmt: skip
_TYPES = frozenset({
    "int2", "int4", "int8", "numeric", "float8", "text", "varchar", "bpchar", "date", "bool", "timestamp",
    "timestamptz", "interval",
})  # fmt: skip


MOST = 4
"""Rewrites that are looked at; more are refused unread."""


class Unlike(Exception):
    """It is no rewrite that can be compared; the message says why, and repeats nothing of it."""


def read(
    said: Sequence[Mapping[str, Any]],
    named: Mapping[str, tuple[AdviceStatement, Mapping[int, str]]],
    schema: Schema,
    *,
    by: str,
    after: int,
) -> tuple[Proposal, ...]:
    """Read the rewrites that a model said, as `brief.SCHEMA` has them.

    Args:
        named: the statements that it was told of, with the literals that were hidden from it.
        after: how many proposals stand before them.
    """
    found: list[Proposal] = []
    for at, one in enumerate(said, 1):
        known = named.get(str(one["statement"]))
        id = known[0].id if known else None
        try:
            if at > MOST:
                raise Unlike(f"only the first {MOST} rewrites are looked at")
            if known is None:
                raise Unlike("it is for a statement that was not told")
            statement, literals = known
            text = rewritten(substitute(str(one["sql"]), literals), statement.text, schema)
            found.append(Proposal(by, after + at, None, statement=id, rewrite=text))
        except (Unlike, RecursionError) as reason:
            why = str(reason) if isinstance(reason, Unlike) else "it is nested too deep"
            found.append(Proposal(by, after + at, None, why, statement=id))
    return tuple(found)


def rewritten(text: str, statement: str, schema: Schema) -> str:
    """Return the rewrite, written anew from its syntax tree; raises Unlike.

    Both have to be plain SELECTs over tables of the schema, without LIMIT (which rows of many it gives is not said),
    and may call only what has no effects: what this lets through is run, over made-up rows.
    """
    old = parse(statement).tree
    if not isinstance(old, ast.SelectStmt):
        raise Unlike("only a SELECT can be written otherwise")
    if reason := _odd(old, schema):
        raise Unlike(f"the statement cannot be compared with another: {reason}")
    new = parse(text).tree if len(text) <= LONGEST else None
    if not isinstance(new, ast.SelectStmt):
        raise Unlike("it is not one SELECT")
    if reason := _odd(new, schema):
        raise Unlike(reason)
    if set(_tables(new, schema)) - set(_tables(old, schema)):
        raise Unlike("it reads a table that the statement does not read")
    if set(parameters(new)) != set(parameters(old)):
        raise Unlike("it does not take the same values")
    if [raw(one) for one in many(new.sortClause)] != [raw(one) for one in many(old.sortClause)]:
        raise Unlike("its ORDER BY is not the same")
    made = raw(new)
    if fingerprint(made) == fingerprint(statement):
        raise Unlike("it is the same statement")
    if facts(made, schema).unbound:
        raise Unlike("it names a column that its tables do not have")
    return made


def _odd(tree: ast.SelectStmt, schema: Schema) -> str | None:
    """Why a SELECT cannot be compared, or may not be run."""
    for node in walk(tree):
        if isinstance(node, _REFUSED) or (isinstance(node, ast.WithClause) and node.recursive):
            return "it has a part that is not looked through"
        if isinstance(node, ast.SelectStmt) and (node.limitCount or node.limitOffset or any(many(node.distinctClause))):
            return "which of its rows it gives is not said (LIMIT, DISTINCT ON)"
        if isinstance(node, ast.FuncCall) and not _built_in(names(node.funcname)):
            return "it calls a function that is not looked through"
        if isinstance(node, ast.TypeName) and last_name(node.names) not in _TYPES:
            return "it casts to a type that is not looked through"
        if isinstance(node, ast.A_Expr) and len(names(node.name)) != 1:
            return "it names an operator's schema"
    if None in _tables(tree, schema):
        return "it reads something that is no table of this database"
    return None


def _built_in(path: tuple[str, ...]) -> bool:
    return path[-1] in _FUNCTIONS and path[:-1] in ((), ("pg_catalog",))


def _tables(tree: Node, schema: Schema) -> list[str | None]:
    """Qualified names of the tables it reads; None for one that is not known, or whose name a WITH query has too."""
    common = {str(node.ctename) for node in walk(tree) if isinstance(node, ast.CommonTableExpr)}
    clash = common & {table.name for table in schema.tables}
    found: list[str | None] = [None] if clash else []
    for node in walk(tree):
        if isinstance(node, ast.RangeVar) and (node.schemaname or node.relname not in common):
            table = schema.find(str(node.relname), node.schemaname)
            found.append(table.qualified if table else None)
    return found
