"""Writes comparisons so that each dialect compares the same: literals by the kind of their column, LIKE by its case."""

from __future__ import annotations

import math
import re
from typing import TypeVar

from sqlglot import exp

from assay.ask.graph import Column, Dialect
from assay.ask.ir import Operator, Scalar

_SIGNS: dict[Operator, type[exp.Binary]] = {
    "=": exp.EQ, "!=": exp.NEQ, ">": exp.GT, "<": exp.LT, ">=": exp.GTE, "<=": exp.LTE,
}  # fmt: skip
_TRUE = frozenset({"1", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "n", "no"})
_DATED = re.compile(r"date|timestamp", re.IGNORECASE)
_NUMERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_YEARS = range(1000, 10000)

_T = TypeVar("_T")
Expression = exp.Expr
"""The part of sqlglot's tree that has a value."""


def compare(left: Expression, operator: Operator, right: Expression) -> Expression:
    """A comparison by one of = != > < >= <=.

    Raises:
        ValueError: another operator.
    """
    if operator not in _SIGNS:
        raise ValueError(f"{operator} does not compare two values")
    return _SIGNS[operator](this=left, expression=right)


def against(
    left: Expression, operator: Operator, value: Scalar | tuple[Scalar, ...], column: Column | None, dialect: Dialect
) -> Expression:
    """A comparison with literals; `column` is what the left side is a value of, None for a number that was computed.

    A literal takes the kind of its column, since PostgreSQL refuses what SQLite and MySQL convert: '5' against a number
    is 5, a word against a number is compared as text, 2018 against a date is its year.

    Raises:
        ValueError: a value of the wrong shape for the operator, or a number that is not finite.
    """
    values = value if isinstance(value, tuple) else (value,)
    if operator in ("like", "not like"):
        return _like(left, operator == "not like", _one(operator, values), column, dialect)
    left, literals = _alike(left, values, column, dialect)
    if operator in ("in", "not in"):
        found = exp.In(this=left, expressions=literals)
        return exp.Not(this=found) if operator == "not in" else found
    if operator == "between":
        if len(literals) != 2:
            raise ValueError("between takes two values")
        return exp.Between(this=left, low=literals[0], high=literals[1])
    return compare(left, operator, _one(operator, tuple(literals)))


def literal(value: Scalar, dialect: Dialect) -> Expression:
    """A value as SQL; SQLite's truth values are 1 and 0.

    Raises:
        ValueError: a number that is not finite.
    """
    if isinstance(value, bool):
        return exp.Literal.number(int(value)) if dialect == "sqlite" else exp.Boolean(this=value)
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a number that SQL can write")
    number = exp.Literal.number(_digits(abs(value)))
    return exp.Neg(this=number) if value < 0 else number


def text(of: Expression, dialect: Dialect) -> Expression:
    """The value as text."""
    return exp.Cast(this=of, to=exp.DataType.build("char" if dialect == "mysql" else "text"))


def real(of: Expression, dialect: Dialect) -> Expression:
    """The value as a number with a fraction."""
    return exp.Cast(this=of, to=exp.DataType.build("double" if dialect != "sqlite" else "real", dialect=dialect))


def _one(operator: Operator, values: tuple[_T, ...]) -> _T:
    if len(values) != 1:
        raise ValueError(f"{operator} takes one value")
    return values[0]


def _digits(value: float) -> str:
    return str(value) if isinstance(value, int) else repr(value)


def _like(left: Expression, negated: bool, value: Scalar, column: Column | None, dialect: Dialect) -> Expression:
    """SQLite and MySQL (in its usual collations) do not mind the case; PostgreSQL says so with ILIKE, of text only."""
    if dialect == "postgres" and (column is None or column.kind != "text"):
        left = text(left, dialect)
    # A backslash is only a backslash in SQLite, and escapes what follows it elsewhere.
    pattern = exp.Literal.string(_word(value) if dialect == "sqlite" else _word(value).replace("\\", "\\\\"))
    found = (exp.ILike if dialect == "postgres" else exp.Like)(this=left, expression=pattern)
    return exp.Not(this=found) if negated else found


def _alike(
    left: Expression, values: tuple[Scalar, ...], column: Column | None, dialect: Dialect
) -> tuple[Expression, list[Expression]]:
    """Both sides in one type. SQLite converts by itself, by the column's affinity, all but years."""
    kind = "number" if column is None else column.kind
    years = _years(values, column)
    if years and dialect == "sqlite":
        # Whether it holds text in ISO's form or the year alone, the first four characters are the year.
        first = exp.Substring(this=left, start=exp.Literal.number(1), length=exp.Literal.number(4))
        return exp.Cast(this=first, to=exp.DataType.build("int")), [literal(year, dialect) for year in years]
    if dialect == "sqlite":
        return left, [literal(value, dialect) for value in values]
    if kind == "number":
        numbers = [_number(value) for value in values]
        if all(number is not None for number in numbers):
            return left, [literal(number, dialect) for number in numbers if number is not None]
        return text(left, dialect), [literal(_word(value), dialect) for value in values]
    if kind == "boolean":
        truths = [_truth(value) for value in values]
        if all(truth is not None for truth in truths):
            return left, [literal(bool(truth), dialect) for truth in truths]
        return text(left, dialect), [literal(_word(value), dialect) for value in values]
    if years:
        year = exp.Extract(this=exp.Var(this="YEAR"), expression=left)
        return year, [literal(number, dialect) for number in years]
    return left, [literal(_word(value), dialect) for value in values]


def _years(values: tuple[Scalar, ...], column: Column | None) -> list[int]:
    """The years that a date is compared with; none where it is no date, or a value is none."""
    if column is None or column.kind != "time" or not _DATED.search(column.type):
        return []
    years = [number for number in map(_number, values) if isinstance(number, int) and number in _YEARS]
    return years if len(years) == len(values) else []


def _word(value: Scalar) -> str:
    return value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else _digits(value)


def _number(value: Scalar) -> int | float | None:
    if not isinstance(value, str):
        return int(value) if isinstance(value, bool) else value
    if _NUMERAL.fullmatch(value) is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    return int(value) if value.lstrip("+-").isdigit() else number


def _truth(value: Scalar) -> bool | None:
    word = str(value).strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None
