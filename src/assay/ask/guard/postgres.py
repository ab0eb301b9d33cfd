"""A second opinion on a statement for PostgreSQL, from the server's own grammar and with lists of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pglast import ast, enums, parser

from assay.ask.guard.functions import ALLOWED
from assay.ask.guard.model import Violation

_NODES_WORDS = """
    RawStmt SelectStmt ResTarget ColumnRef A_Star String Integer Float Boolean BitString A_Const A_Expr BoolExpr
    NullTest BooleanTest FuncCall TypeCast TypeName SubLink JoinExpr RangeVar Alias RangeSubselect RangeFunction
    SortBy WindowDef CaseExpr CaseWhen CoalesceExpr MinMaxExpr SQLValueFunction A_ArrayExpr A_Indirection
    A_Indices RowExpr GroupingSet GroupingFunc WithClause CommonTableExpr CollateClause List NamedArgExpr
    ColumnDef
"""
_NODES = frozenset(_NODES_WORDS.split())
# What the grammar itself writes for EXTRACT, AT TIME ZONE, TRIM, LIKE ... ESCAPE and their like.
_INTERNAL_WORDS = """
    extract date_part timezone btrim ltrim rtrim substring position overlay like_escape similar_to_escape
    overlaps normalize is_normalized
"""
_INTERNAL = frozenset(_INTERNAL_WORDS.split())
_TYPES_WORDS = """
    int2 int4 int8 float4 float8 numeric bool bpchar varchar text date time timetz timestamp timestamptz
    interval bit varbit json jsonb uuid bytea inet cidr macaddr money name int4range int8range numrange tsrange
    tstzrange daterange int4multirange int8multirange nummultirange tsmultirange tstzmultirange datemultirange
    tsvector tsquery jsonpath char point box circle line lseg path polygon
"""
_TYPES = frozenset(_TYPES_WORDS.split())
_OPERATORS_WORDS = """
    + - * / % ^ | & # ~ << >> || = <> != < > <= >= ~~ !~~ ~~* !~~* ~* !~ !~* -> ->> #> #>> @> <@ ? ?| ?& @? @@
    && #- |/ ||/ @ -|- &< &> <<= >>= <-> BETWEEN
"""
_BETWEEN = {"BETWEEN SYMMETRIC", "NOT BETWEEN", "NOT BETWEEN SYMMETRIC"}
_OPERATORS = frozenset(_OPERATORS_WORDS.split()) | _BETWEEN
_OWN = re.compile(r"pg_|information_schema\Z")
"""Schemas and tables of the server's own."""
_TIMES = frozenset(
    getattr(enums.SQLValueFunctionOp, f"SVFOP_{name}")
    for name in (
        "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIME_N", "CURRENT_TIMESTAMP", "CURRENT_TIMESTAMP_N", "LOCALTIME",
        "LOCALTIME_N", "LOCALTIMESTAMP", "LOCALTIMESTAMP_N",
    )
)  # fmt: skip


def second_opinion(text: str, tables: frozenset[tuple[str, str]] | None) -> list[Violation]:
    """Say what PostgreSQL's grammar finds in a text that must not be run.

    Args:
        text: already of a size and depth that a recursive walker bears.
        tables: (schema, name) of every relation that it may read; schema "" stands for a name without one.
            None: nothing is known of them, and any may be read that is not the server's own.
    """
    try:
        statements = parser.parse_sql(text)
    except (parser.ParseError, ValueError, UnicodeError, RecursionError) as error:
        reason = error.args[0] if error.args else "unknown"
        return [Violation("postgres.syntax", f"PostgreSQL cannot read it: {reason}")]
    if len(statements) != 1 or not isinstance(statements[0].stmt, ast.SelectStmt):
        return [Violation("postgres.statement", "PostgreSQL does not read it as one SELECT")]
    nodes = list(_walk(statements[0].stmt))
    ctes = {("", f"{one.ctename}") for one in nodes if isinstance(one, ast.CommonTableExpr)}
    found: list[Violation] = []
    for node in nodes:
        kind = type(node).__name__
        if kind not in _NODES:
            found.append(Violation(f"postgres.{kind.lower()}", f"PostgreSQL reads a {kind}, which is not let pass"))
        elif isinstance(node, ast.RangeVar):
            found += _relation(node, None if tables is None else tables | ctes)
        elif (rule := _RULES.get(kind)) is not None and (message := rule(node)):
            found.append(Violation(f"postgres.{kind.lower()}", message))
    return found


def _walk(root: Any) -> Iterator[ast.Node]:
    ahead: list[Any] = [root]
    while ahead:
        one = ahead.pop()
        if isinstance(one, ast.Node):
            yield one
            ahead += [getattr(one, name) for name in one]
        elif isinstance(one, (tuple, list)):
            ahead += one


def _names(parts: Any) -> list[str]:
    return [f"{part.sval}" for part in parts or () if isinstance(part, ast.String)]


def _relation(node: Any, tables: frozenset[tuple[str, str]] | None) -> list[Violation]:
    name = (node.schemaname or "", node.relname)
    let = not any(_OWN.match(part) for part in name) if tables is None else name in tables
    if node.catalogname is None and let:
        return []
    written = ".".join(part for part in (node.catalogname, *name) if part)
    return [
        Violation("postgres.table", f"PostgreSQL reads from {written[:80]}, which is not in the schema", written[:120])
    ]


def _select(node: Any) -> str:
    return "INTO or a lock" if node.intoClause is not None or node.lockingClause else ""


def _call(node: Any) -> str:
    names = _names(node.funcname)
    if len(names) == 1 and names[0] in ALLOWED["postgres"]:
        return ""
    if len(names) == 2 and names[0] == "pg_catalog" and names[1] in _INTERNAL:
        return ""
    return f"the function {'.'.join(names)[:80]} is not among those that are let pass"


def _type(node: Any) -> str:
    names = _names(node.names)
    plain = names[1:] if names[:1] == ["pg_catalog"] else names
    return "" if len(plain) == 1 and plain[0] in _TYPES and not node.setof and not node.pct_type else "a type of a user"


def _operator(node: Any) -> str:
    names = _names(node.name)
    return (
        "" if (len(names) == 1 and names[0] in _OPERATORS) or _plain(node.kind) else f"the operator {'.'.join(names)}"
    )


def _plain(kind: Any) -> bool:
    """Whether the grammar means a construct of its own by it, whose "operator" is a mere word."""
    return kind in (enums.A_Expr_Kind.AEXPR_DISTINCT, enums.A_Expr_Kind.AEXPR_NOT_DISTINCT)


def _subscript(node: Any) -> str:
    return "" if all(isinstance(one, ast.A_Indices) for one in node.indirection or ()) else "a field of a composite"


def _link(node: Any) -> str:
    names = _names(node.operName)
    return "" if len(names) < 2 and all(name in _OPERATORS for name in names) else "an operator of a schema"


def _sorted(node: Any) -> str:
    return "" if not node.useOp else "ORDER BY ... USING an operator"


def _value(node: Any) -> str:
    return "" if node.op in _TIMES else "it tells who is asking, or where"


_RULES: dict[str, Callable[[Any], str]] = {
    "SelectStmt": _select, "FuncCall": _call, "TypeName": _type, "A_Expr": _operator, "A_Indirection": _subscript,
    "SubLink": _link, "SortBy": _sorted,
    "SQLValueFunction": _value,
}  # fmt: skip
