"""Reads the schema of a MySQL or MariaDB database: tables, columns, keys, indexes, sizes, values of text columns."""

from __future__ import annotations

from collections.abc import Collection

from assay.kernel.values import now
from assay.ports.databases import Reader, Row
from assay.sources.introspect import by_table
from assay.sources.model import Column, ForeignKey, Index, Schema, Table
from assay.sources.quoting import backticked
from assay.sources.sampling import Sampling

_TABLES = """
SELECT table_name AS name, coalesce(table_rows, -1) AS `rows`, coalesce(data_length, 0) AS bytes
  FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' ORDER BY table_name
"""
_COLUMNS = """
SELECT table_name AS table_oid, column_name AS name, column_type AS type, data_type AS kind,
       is_nullable = 'YES' AS nullable
  FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
_INDEXES = """
SELECT table_name AS table_oid, index_name AS name, non_unique AS non_unique, column_name AS column_name,
       sub_part AS sub_part, collation AS direction,
       index_type AS method
  FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY table_name, index_name, seq_in_index
"""
_KEYS = """
SELECT table_name AS table_oid, constraint_name AS name, column_name AS column_name,
       referenced_table_name AS to_table,
       referenced_column_name AS to_column
  FROM information_schema.key_column_usage
 WHERE table_schema = DATABASE() AND referenced_table_schema = DATABASE()
 ORDER BY table_name, constraint_name, ordinal_position
"""
_WORDED = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "enum", "set"})


def read_mysql(reader: Reader, source_id: str, private: Collection[str]) -> Schema:
    """Read the tables of the DSN's database that the account may see; views are left out.

    Sizes are the server's estimates. Raises what `Reader.rows` raises.
    """
    database = reader.facts.database
    columns = by_table(reader.rows(_COLUMNS))
    indexes = by_table(reader.rows(_INDEXES))
    keys = by_table(reader.rows(_KEYS))
    sampling = Sampling(reader, backticked, "char_length", private)
    return Schema(
        source=source_id,
        tables=tuple(
            _table(database, row, columns[row["name"]], indexes[row["name"]], keys[row["name"]], sampling)
            for row in reader.rows(_TABLES)
        ),
        search_path=(database,),
        read_at=now(),
    )


def _table(
    database: str, table: Row, columns: list[Row], indexes: list[Row], keys: list[Row], sampling: Sampling
) -> Table:
    nouns = [Column(name=row["name"], type=row["type"], nullable=row["nullable"] == "1") for row in columns]
    worded = {row["name"] for row in columns if row["kind"] in _WORDED}
    named = by_table(indexes, "name")
    return Table(
        schema_name=database,
        name=table["name"],
        kind="table",
        rows=float(table["rows"]),
        bytes=int(table["bytes"]),
        pages=0,
        columns=sampling.columns(database, table["name"], nouns, worded),
        primary_key=tuple(row["column_name"] for row in named.get("PRIMARY", ())),
        foreign_keys=tuple(
            ForeignKey(
                name=name,
                columns=tuple(row["column_name"] for row in rows),
                to_table=f"{database}.{rows[0]['to_table']}",
                to_columns=tuple(row["to_column"] for row in rows),
            )
            for name, rows in by_table(keys, "name").items()
        ),
        indexes=tuple(_index(name, rows) for name, rows in named.items()),
    )


def _index(name: str, rows: list[Row]) -> Index:
    """A key of a prefix of a column is written so, "name(10)": it says nothing of whole values."""
    parts = (f"({row['sub_part']})" if row["sub_part"] else "" for row in rows)
    return Index(
        name=name,
        definition="",
        method=rows[0]["method"].lower(),
        keys=tuple(f"{row['column_name'] or ''}{part}" for row, part in zip(rows, parts, strict=True)),
        descending=tuple(row["direction"] == "D" for row in rows),
        nulls_first=tuple(row["direction"] != "D" for row in rows),
        unique=rows[0]["non_unique"] == "0",
        primary=name == "PRIMARY",
        bytes=0,
        scans=0,
    )
