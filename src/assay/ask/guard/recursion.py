"""Whether a recursive query ends by its own text: what cannot be shown to end is not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions.core import Expr

from assay.ask.graph import Dialect
from assay.ask.guard.names import key
from assay.ask.guard.scope import listed

MOST_STEPS = 10_000
"""A counter may run so far."""


def check_recursion(body: exp.Union, name: str, columns: list[str], dialect: Dialect) -> str:
    """Say why a recursive query might not end; "" where it does.

    It ends where UNION drops repeated rows and the step only copies columns of tables (finitely many rows can be made),
    where a counter of its own grows by a literal up to a literal, or where the body has a LIMIT (SQLite, MySQL).

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
    own = _own_name(step, name, dialect)
    if own is None:
        return f"the step of {name} must read {name} once, and beside it tables only, no queries: it might never end"
    outputs = [one.this if isinstance(one, exp.Alias) else one for one in step.expressions]
    distinct = body.args.get("distinct") is not False
    if distinct and all(isinstance(one, (exp.Column, exp.Literal, exp.Star)) for one in outputs):
        return ""
    for place, output in enumerate(outputs[: len(columns)]):
        counter = _Counter(columns[place], own, dialect)
        growth = _growth(output, counter)
        if growth and any(_bounded(one, counter, growth) for one in _conditions(step)):
            return ""
    return f"{name} might never end: use UNION with plain columns, or a counter with a bound (WHERE depth < 10)"


@dataclass(frozen=True, slots=True)
class _Counter:
    """A column of the recursive query, as its step names it."""

    name: str
    of: str
    dialect: Dialect

    def is_it(self, node: Expr) -> bool:
        """Whether it is meant. Without its table's name it is, too: where another has it, the name means neither."""
        if not isinstance(node, exp.Column) or not isinstance(node.this, exp.Identifier):
            return False
        table = node.args.get("table")
        of_it = table is None or (isinstance(table, exp.Identifier) and key(table, self.dialect) == self.of)
        return of_it and key(node.this, self.dialect) == self.name


def _own_name(step: exp.Select, name: str, dialect: Dialect) -> str | None:
    """What the step calls the recursive query; None where it does not read it once, or reads more than tables.

    A query in the step could make new values out of old ones, or columns of the same name.
    """
    source = step.args.get("from_")
    sources = [source.this if isinstance(source, exp.From) else source, *(join.this for join in listed(step, "joins"))]
    if step.args.get("with_") or listed(step, "laterals"):
        return None
    found: list[str] = []
    for one in sources:
        if not isinstance(one, exp.Table) or not isinstance(one.this, exp.Identifier) or listed(one, "joins"):
            return None
        alias = one.args.get("alias")
        if key(one.this, dialect) == name and not one.args.get("db"):
            found.append(key(alias.this, dialect) if alias is not None else name)
    return found[0] if len(found) == 1 else None


def _number(node: Expr) -> float | None:
    if isinstance(node, exp.Neg):
        inside = _number(node.this)
        return None if inside is None else -inside
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def _growth(output: Expr, counter: _Counter) -> float:
    """By how much the step changes a column that it counts in; 0 where it does not count."""
    while isinstance(output, exp.Paren):
        output = output.this
    if not isinstance(output, (exp.Add, exp.Sub)):
        return 0.0
    left, right = output.this, output.expression
    if isinstance(output, exp.Add) and counter.is_it(right):
        left, right = right, left
    by = _number(right)
    if by is None or not counter.is_it(left):
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


def _bounded(node: Expr, counter: _Counter, growth: float) -> bool:
    if not isinstance(node, (exp.LT, exp.LTE, exp.GT, exp.GTE)):
        return False
    left, right = node.this, node.expression
    below = isinstance(node, (exp.LT, exp.LTE))
    if _number(left) is not None:
        left, right, below = right, left, not below
    while isinstance(left, (exp.Add, exp.Sub)) and _number(left.expression) is not None:
        left = left.this  # WHERE n + 1 < 10
    bound = _number(right)
    if bound is None or not counter.is_it(left) or below != (growth > 0):
        return False
    return abs(bound) / abs(growth) <= MOST_STEPS
