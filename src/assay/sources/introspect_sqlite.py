"""Reads the schema of a SQLite file: tables, columns, keys, indexes, sizes, and values of text columns."""

from __future__ import annotations

import re
from collections.abc import Collection

from assay.kernel.values import now
from assay.ports.databases import Reader, Row
from assay.ports.errors import Refused
from assay.sources.introspect import by_table
from assay.sources.model import Column, ForeignKey, Index, Schema, Table
from assay.sources.quoting import name as quoted
from assay.sources.sampling import Sampling

_TABLES = """
SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
 ORDER BY name
"""
_COLUMNS = """
SELECT c.name, c.type, c."notnull" AS required, c.pk FROM pragma_table_xinfo(?) c WHERE c.hidden <> 1 ORDER BY c.cid
"""
_INDEXES = """
SELECT l.name, l."unique" AS is_unique, l.origin, l.partial, s.sql FROM pragma_index_list(?) l
  LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = l.name ORDER BY l.name
"""
_PARTS = 'SELECT x.name, x."desc" AS descending FROM pragma_index_xinfo(?) x WHERE x.key = 1 ORDER BY x.seqno'
_KEYS = """
SELECT k.id, k."table" AS to_table, k."from" AS from_column, k."to" AS to_column FROM pragma_foreign_key_list(?) k
 ORDER BY k.id, k.seq
"""
_WORDED = re.compile(r"char|clob|text", re.IGNORECASE)


def read_sqlite(reader: Reader, source_id: str, private: Collection[str]) -> Schema:
    """Read everything but SQLite's own tables; virtual tables and views are left out.

    Raises what `Reader.rows` raises.
    """
    tables = [row["name"] for row in reader.rows(_TABLES)]
    columns = {table: reader.rows(_COLUMNS, (table,)) for table in tables}
    sampling = Sampling(reader, quoted, "length", private)
    return Schema(
        source=source_id,
        tables=tuple(_table(reader, table, columns, sampling) for table in tables),
        search_path=("main",),
        read_at=now(),
    )


def _table(reader: Reader, table: str, columns: dict[str, list[Row]], sampling: Sampling) -> Table:
    mine = columns[table]
    key = sorted((row["pk"], row["name"]) for row in mine if row["pk"])
    nouns = [Column(name=row["name"], type=row["type"].lower(), nullable=not row["required"]) for row in mine]
    worded = {row["name"] for row in mine if _WORDED.search(row["type"])}
    primary = tuple(name for _, name in key)
    return Table(
        schema_name="main",
        name=table,
        kind="table",
        rows=_rows(reader, table),
        bytes=0,
        pages=0,
        columns=sampling.columns("main", table, nouns, worded),
        primary_key=primary,
        foreign_keys=_foreign_keys(reader, table, columns),
        indexes=tuple(_index(reader, row) for row in reader.rows(_INDEXES, (table,))),
    )


def _rows(reader: Reader, table: str) -> float:
    """The last rowid, which is no less than the rows; -1 for a table without."""
    try:
        found = reader.rows(f"SELECT max(rowid) AS last FROM main.{quoted(table)}")  # noqa: S608 - quoted
    except Refused:
        return -1.0
    return max(0.0, float(found[0]["last"] or 0))


def _foreign_keys(reader: Reader, table: str, columns: dict[str, list[Row]]) -> tuple[ForeignKey, ...]:
    """A key that names no columns refers to the primary key; names of tables are found whatever their case."""
    spelled = {name.lower(): name for name in columns}
    found: list[ForeignKey] = []
    for number, rows in by_table(reader.rows(_KEYS, (table,)), "id").items():
        to = spelled.get(rows[0]["to_table"].lower())
        if to is None:
            continue
        primary = [name for _, name in sorted((row["pk"], row["name"]) for row in columns[to] if row["pk"])]
        named = [row["to_column"] for row in rows if row["to_column"] is not None] or primary
        if len(named) == len(rows):
            found.append(
                ForeignKey(
                    name=f"{table}_{number}",
                    columns=tuple(_spelled(columns[table], row["from_column"]) for row in rows),
                    to_table=f"main.{to}",
                    to_columns=tuple(_spelled(columns[to], name) for name in named),
                )
            )
    return tuple(found)


def _spelled(columns: list[Row], name: str) -> str:
    return next((row["name"] for row in columns if row["name"].lower() == name.lower()), name)


def _index(reader: Reader, row: Row) -> Index:
    parts = reader.rows(_PARTS, (row["name"],))
    return Index(
        name=row["name"],
        definition=row["sql"] or "",
        method="btree",
        keys=tuple(part["name"] or "" for part in parts),
        descending=tuple(bool(part["descending"]) for part in parts),
        nulls_first=tuple(not part["descending"] for part in parts),
        predicate="" if row["partial"] else None,
        unique=bool(row["is_unique"]),
        primary=row["origin"] == "pk",
        bytes=0,
        scans=0,
    )
