"""What a question asks for, free of any dialect and without FROM: the joins follow from the columns that are named."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Function = Literal["count", "sum", "avg", "min", "max"]
Operator = Literal[
    "=", "!=", ">", "<", ">=", "<=", "like", "not like", "in", "not in", "between", "is null", "is not null"
]  # fmt: skip
Combine = Literal["union", "intersect", "except"]


class Ref(NamedTuple):
    """A column by the places of its table and itself; without a column, the table's rows: the * of COUNT(*)."""

    table: int
    column: int | None = None
    via: int | None = None
    """The edge whose end this row is, where a table stands in a query more than once: the manager of an employee, the
    place of arrival beside that of departure. Over an edge from a table to itself it is the referenced row. None: the
    one row that the edges of the query join."""


@dataclass(frozen=True, slots=True)
class Term:
    """A column, or an aggregate of it, or of the difference or sum of two columns."""

    ref: Ref
    function: Function | None = None
    distinct: bool = False
    arithmetic: tuple[Literal["+", "-", "*", "/"], Ref] | None = None


Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Filter:
    """One comparison; its value is a literal, two of them (between), a query (in, or one that gives one row), a term
    (another column), or None (is null)."""

    term: Term
    operator: Operator
    value: Scalar | tuple[Scalar, ...] | Query | Term | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    term: Term
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT, and what it is combined with."""

    select: tuple[Term, ...]
    distinct: bool = False
    where: tuple[tuple[Filter, ...], ...] = ()
    """Any of these groups, each of which holds where all of its filters do."""
    group: tuple[Ref, ...] = ()
    having: tuple[Filter, ...] = ()
    """All of them."""
    order: tuple[Order, ...] = ()
    """With `combine`, order and limit are those of the whole; what it is combined with has its own."""
    limit: int | None = None
    also: frozenset[int] = frozenset()
    """Tables that must be joined although no term names them (those who have any orders)."""
    edges: frozenset[int] | None = None
    """Edges of the graph that join the tables; None: the shortest tree is taken. A table that they pass, and that
    neither a term nor `also` names, is left out where both its sides meet in the same column."""
    combine: tuple[Combine, Query] | None = None
    """A chain is evaluated from the left: a except b except c is (a except b) except c."""
