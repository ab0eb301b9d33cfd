"""Whether a recursive query ends by its own text: what cannot be shown to end is not run."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect
from assay.ask.guard.names import key
from assay.ask.guard.scope import listed

MOST_STEPS = 10_000
"""A counter may run so far."""


def check_recursion(body: exp.Union, name: str, columns: list[str], dialect: Dialect) -> str:
    """Say why a recursive query might not end; "" where it does.

    It ends where UNION drops repeated rows and the step only copies columns (finitely many rows can be made), where
    a counter grows by a literal up to a literal, or where the body has a LIMIT (SQLite, MySQL).

    Args:
        body: the UNION whose right side is the step.
        name: folded name of the query.
        columns: folded names of its columns.
        dialect: its own.
    """
    limit = body.args.get("limit")
    if isinstance(limit, exp.Limit) and isinstance(limit.expression, exp.Literal) and dialect != "postgres":
        return "" if limit.expression.is_int and int(limit.expression.name) <= MOST_STEPS else "its LIMIT is too large"
    step = body.expression
    while isinstance(step, exp.Subquery):
        step = step.this
    if not isinstance(step, exp.Select):
        return "the step of a recursive query must be one SELECT"
    outputs = [one.this if isinstance(one, exp.Alias) else one for one in step.expressions]
    distinct = body.args.get("distinct") is not False
    if distinct and all(isinstance(one, (exp.Column, exp.Literal, exp.Star)) for one in outputs):
        return ""
    for place, output in enumerate(outputs[: len(columns)]):
        growth = _growth(output, columns[place], dialect)
        if growth and any(_bounded(one, columns[place], growth, dialect) for one in _conditions(step)):
            return ""
    return f"{name} might never end: use UNION with plain columns, or a counter with a bound (WHERE depth < 10)"


def _column(node: Expr, name: str, dialect: Dialect) -> bool:
    return isinstance(node, exp.Column) and isinstance(node.this, exp.Identifier) and key(node.this, dialect) == name


def _number(node: Expr) -> float | None:
    if isinstance(node, exp.Neg):
        inside = _number(node.this)
        return None if inside is None else -inside
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def _growth(output: Expr, name: str, dialect: Dialect) -> float:
    """By how much the step changes a column that it counts in; 0 where it does not count."""
    while isinstance(output, exp.Paren):
        output = output.this
    if not isinstance(output, (exp.Add, exp.Sub)):
        return 0.0
    left, right = output.this, output.expression
    if isinstance(output, exp.Add) and _column(right, name, dialect):
        left, right = right, left
    by = _number(right)
    if by is None or not _column(left, name, dialect):
        return 0.0
    return by if isinstance(output, exp.Add) else -by


def _conditions(step: exp.Select) -> Iterator[Expr]:
    """All that must hold: the parts of WHERE, and of ON of inner joins."""
    ahead: list[Expr] = [where.this] if isinstance(where := step.args.get("where"), exp.Where) else []
    for join in listed(step, "joins"):
        if isinstance(on := join.args.get("on"), Expr) and not join.args.get("side"):
            ahead.append(on)
    while ahead:
        one = ahead.pop()
        if isinstance(one, exp.And):
            ahead += [one.this, one.expression]
        elif isinstance(one, exp.Paren):
            ahead.append(one.this)
        else:
            yield one


def _bounded(node: Expr, name: str, growth: float, dialect: Dialect) -> bool:
    if not isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return False
    left, right = node.this, node.expression
    below = isinstance(node, (exp.LT, exp.LTE))
    if _number(left) is not None:
        left, right, below = right, left, not below
    while isinstance(left, (exp.Add, exp.Sub)) and _number(left.expression) is not None:
        left = left.this  # WHERE n + 1 < 10
    bound = _number(right)
    if bound is None or not _column(left, name, dialect) or below != (growth > 0):
        return False
    return abs(bound) / abs(growth) <= MOST_STEPS
