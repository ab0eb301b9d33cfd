"""What a statement says of itself, read from its syntax tree and bound to the live schema; no I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

PredicateKind = Literal["equality", "in", "range", "null", "join", "prefix", "wildcard", "contains", "other"]
"""`prefix` is LIKE 'x%', `wildcard` a LIKE that begins with %, `contains` jsonb/array @> ?."""


@dataclass(frozen=True, slots=True)
class TableUse:
    """One place in a FROM list: which table, under which alias, in which query block."""

    table: str
    """Qualified, "public.orders"."""
    alias: str
    block: int
    """0 is the outermost query; each sub-select, CTE and set operation arm has its own."""
    columns: frozenset[str] = frozenset()
    """Every column of it that the statement reads through this use."""


@dataclass(frozen=True, slots=True)
class Key:
    """A column, or an expression over one table's columns written without alias, as CREATE INDEX takes it."""

    table: str
    text: str
    """Quoted where needed: `user_id`, `(event_data ->> 'device'::text)`, `lower(email)`."""
    column: str | None
    """The column's name; None for an expression."""
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Predicate:
    """One condition on one key."""

    key: Key
    kind: PredicateKind
    operator: str
    alias: str
    block: int
    conjunct: bool
    """ANDed at the top of its block (WHERE or inner JOIN … ON), so an index may use it."""
    parameters: tuple[int, ...] = ()
    """Numbers of the `$n` on the other side."""
    constant: str | None = None
    """SQL text of a literal on the other side."""
    other: Key | None = None
    """The key of another table use, for a join."""
    other_alias: str | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    """One ORDER BY (or GROUP BY / DISTINCT, then without direction) key of a block."""

    key: Key
    alias: str
    block: int
    position: int
    descending: bool = False
    nulls_first: bool = False
    grouping: bool = False


@dataclass(frozen=True, slots=True)
class Correlated:
    """A scalar sub-select that runs once for every row of the outer query."""

    block: int
    outer_block: int
    table: str
    inner: Key
    outer: Key
    aggregate: str | None
    """"count(*)", "sum(total_amount)"; None when it is no single aggregate."""
    place: Literal["select", "where", "exists"]


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """Everything the rules and the candidate finder need to know of one statement."""

    kind: Literal["select", "insert", "update", "delete", "other"]
    tables: tuple[TableUse, ...] = ()
    predicates: tuple[Predicate, ...] = ()
    sorts: tuple[SortKey, ...] = ()
    correlated: tuple[Correlated, ...] = ()
    writes: str | None = None
    """Qualified table that it changes."""
    written_columns: frozenset[str] = frozenset()
    limited: bool = False
    parameters: int = 0
    """Highest `$n`."""
    parameter_keys: dict[int, tuple[Key, str]] = field(default_factory=dict[int, tuple[Key, str]])
    """For each `$n` compared with a column: the key and the operator."""
    unbound: tuple[str, ...] = ()
    """Names that the live schema does not have."""
