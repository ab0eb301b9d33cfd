"""Makes the graph that the engine reads of a schema that was introspected, and the values that its statistics show."""

from __future__ import annotations

import re
from collections.abc import Mapping

from assay.ask.graph import Column, Dialect, Edge, Graph, Kind, Table
from assay.ask.infer import infer
from assay.ports.databases import Engine, Reader
from assay.sources import model as sources

Values = Mapping[tuple[int, int], tuple[str, ...]]
"""Known values of text columns, by the places of table and column."""

DIALECTS: Mapping[Engine, Dialect] = {"postgresql": "postgres", "mysql": "mysql", "sqlite": "sqlite"}

_POSTGRES = """
SELECT n.nspname::text AS schema_name, c.relname::text AS table_name, a.attname::text AS column_name, d.description
  FROM pg_catalog.pg_description d
  JOIN pg_catalog.pg_class c ON d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
 WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_MYSQL = """
SELECT table_schema AS schema_name, table_name AS table_name, NULL AS column_name, table_comment AS description
  FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_comment <> '' AND table_type = 'BASE TABLE'
UNION ALL
SELECT table_schema, table_name, column_name, column_comment FROM information_schema.columns
 WHERE table_schema = DATABASE() AND column_comment <> ''
"""
_COMMENTS: Mapping[Engine, str] = {"postgresql": _POSTGRES, "mysql": _MYSQL}
"""SQLite has none."""
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"bool|^tinyint\(1\)", "boolean"),
    (r"(small|big)?int|numeric|decimal|real|double|float|money|serial", "number"),
    (r"date|time|interval", "time"),
    (r"char|clob|text|uuid|citext|name|enum", "text"),
)


def comments_of(session: Reader) -> dict[tuple[str, str, str | None], str]:
    """Read what people wrote about tables (column None) and columns."""
    query = _COMMENTS.get(session.facts.engine)
    rows = session.rows(query) if query else []
    return {(r["schema_name"], r["table_name"], r["column_name"]): r["description"] for r in rows}


def graph_of(
    schema: sources.Schema, comments: Mapping[tuple[str, str, str | None], str], dialect: Dialect = "postgres"
) -> Graph:
    """Make the graph, with the keys that nobody declared; partitions are left out: one asks of their table.

    Only PostgreSQL's tables keep their schema there: elsewhere all are of the one database that is connected.
    """
    read = [table for table in schema.tables if table.kind != "partition"]
    places = {table.qualified: place for place, table in enumerate(read)}
    tables = tuple(_table(table, comments, table.schema_name if dialect == "postgres" else "") for table in read)
    edges = tuple(
        Edge(place, tuple(_at(table, name) for name in key.columns), places[key.to_table],
             tuple(_at(read[places[key.to_table]], name) for name in key.to_columns))
        for place, table in enumerate(read) for key in table.foreign_keys if key.to_table in places
    )  # fmt: skip
    return infer(Graph(dialect, tables, edges))


def values_of(schema: sources.Schema, graph: Graph) -> Values:
    """The values that the schema knows of text columns; nothing is read from the tables here."""
    qualified = graph.dialect == "postgres"
    places = {(table.schema, table.name): place for place, table in enumerate(graph.tables)}
    found: dict[tuple[int, int], tuple[str, ...]] = {}
    for table in schema.tables:
        place = places.get((table.schema_name if qualified else "", table.name))
        for at, column in enumerate(table.columns if place is not None else ()):
            if place is not None and graph.column(place, at).kind == "text":
                found[place, at] = tuple(dict.fromkeys((*column.common_values, *column.bounds)))
    return found


def kind_of(type: str) -> Kind:
    """Sort a database's type into what can be asked of it."""
    if type.lower().startswith(("enum(", "set(")):
        return "text"  # whatever words its values are
    if type.endswith("[]") or "json" in type:
        return "other"
    for pattern, kind in _KINDS:
        if re.search(pattern, type.lower()):
            return kind
    return "other"


def _table(table: sources.Table, comments: Mapping[tuple[str, str, str | None], str], schema: str) -> Table:
    unique = {index.keys[0].strip('"') for index in table.indexes if index.unique and len(index.keys) == 1}
    unique |= set(table.primary_key) if len(table.primary_key) == 1 else set()
    columns = tuple(
        Column(
            column.name, column.type, kind_of(column.type), column.nullable, column.name in unique,
            comments.get((table.schema_name, table.name, column.name), ""),
        )
        for column in table.columns
    )  # fmt: skip
    key = tuple(_at(table, name) for name in table.primary_key)
    comment = comments.get((table.schema_name, table.name, None), "")
    return Table(table.name, columns, schema, key, table.rows, comment)


def _at(table: sources.Table, column: str) -> int:
    return next(place for place, one in enumerate(table.columns) if one.name == column)
