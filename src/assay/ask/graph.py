"""The schema as the engine sees it: tables and columns by place, and the keys that join them as edges of a graph."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

Dialect = Literal["postgres", "mysql", "sqlite"]
"""As sqlglot names them; MariaDB is "mysql"."""
Kind = Literal["text", "number", "time", "boolean", "other"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    """As the database spells it, unquoted."""
    type: str
    """As the database says it, "character varying(80)", "INTEGER"."""
    kind: Kind
    nullable: bool = True
    unique: bool = False
    """A key of one column, primary or unique."""
    comment: str = ""
    words: str = ""
    """The name in words where somebody gave them, "city code"; empty: taken from the name."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table or view."""

    name: str
    columns: tuple[Column, ...]
    schema: str = ""
    """Empty where the database has none."""
    primary_key: tuple[int, ...] = ()
    """Places of its columns."""
    rows: float = -1.0
    """An estimate; -1 is not known."""
    comment: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Edge:
    """A key by which two tables join; two keys between the same tables are two edges, since they mean two roles."""

    table: int
    columns: tuple[int, ...]
    """Places of the referencing columns."""
    to: int
    to_columns: tuple[int, ...]
    inferred: bool = False
    """Guessed from names, types and values; no constraint says so."""


@dataclass(frozen=True)
class Graph:
    """One database."""

    dialect: Dialect
    tables: tuple[Table, ...]
    edges: tuple[Edge, ...] = ()
    known: bool = True
    """False: nothing is known of its tables, so any name may be one of them."""

    @cached_property
    def words(self) -> frozenset[str]:
        """Every name of a table or column, in lower case."""
        columns = (column.name for table in self.tables for column in table.columns)
        return frozenset(name.lower() for name in (*columns, *(table.name for table in self.tables)))

    @cached_property
    def relations(self) -> frozenset[tuple[str, str]]:
        """(schema, name) of every table; schema "" stands for a name without one."""
        return frozenset((schema, one.name) for one in self.tables for schema in {"", one.schema or "public"})

    def column(self, table: int, column: int) -> Column:
        """The column at a place."""
        return self.tables[table].columns[column]
