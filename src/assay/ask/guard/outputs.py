"""The names that a query gives to the columns that its select list leaves unnamed."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect
from assay.ask.guard.names import key

_POSTGRES: dict[type[Expr], str] = {
    exp.Case: "case", exp.Exists: "exists", exp.Array: "array", exp.Extract: "extract", exp.GroupConcat: "string_agg",
    exp.StrPosition: "position", exp.Coalesce: "coalesce", exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg",
    exp.Min: "min", exp.Max: "max", exp.Substring: "substring", exp.Trim: "btrim", exp.CurrentDate: "current_date",
    exp.CurrentTimestamp: "current_timestamp", exp.AtTimeZone: "timezone",
}  # fmt: skip
_TYPES = {
    exp.DataType.Type.INT: "int4", exp.DataType.Type.BIGINT: "int8", exp.DataType.Type.DATE: "date",
    exp.DataType.Type.DECIMAL: "numeric", exp.DataType.Type.TEXT: "text", exp.DataType.Type.BOOLEAN: "bool",
}  # fmt: skip


def output_name(node: Expr, dialect: Dialect) -> str:
    """The folded name of one output column, "" where the dialect gives none that could be referred to.

    PostgreSQL names a column after its function, and a cast after what it casts (FigureColname); the others use the
    expression's own text, to which nobody refers.
    """
    if isinstance(node, exp.Alias):
        alias = node.args.get("alias")
        return key(alias, dialect) if isinstance(alias, exp.Identifier) else ""
    if isinstance(node, exp.Column):
        return key(node.this, dialect) if isinstance(node.this, exp.Identifier) else ""
    return _figured(node) if dialect == "postgres" else ""


def _figured(node: Expr) -> str:
    if isinstance(node, (exp.Filter, exp.Window, exp.WithinGroup, exp.Paren, exp.Bracket, exp.Collate)):
        return output_name(node.this, "postgres")
    if isinstance(node, exp.Cast):
        return output_name(node.this, "postgres") or _TYPES.get(node.to.this, "")
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select) and node.this.expressions:
        return output_name(node.this.expressions[0], "postgres")
    if isinstance(node, exp.Anonymous):
        return f"{node.this}".lower()
    return _POSTGRES.get(type(node), "")
