"""Reads the schema of a database of whatever engine, without the values that somebody called private."""

from __future__ import annotations

from collections.abc import Collection

from assay.ports.databases import Reader
from assay.ports.errors import Invalid
from assay.sources.introspect import read_schema
from assay.sources.introspect_mysql import read_mysql
from assay.sources.introspect_sqlite import read_sqlite
from assay.sources.model import Schema, Table
from assay.sources.sampling import is_private


def read_any(reader: Reader, source_id: str, private: Collection[str]) -> Schema:
    """Read a schema; private columns are there, without values. Raises what `Reader.rows` raises."""
    engine = reader.facts.engine
    if engine == "sqlite":
        return read_sqlite(reader, source_id, private)
    if engine == "mysql":
        return read_mysql(reader, source_id, private)
    found = read_schema(reader, source_id)
    if not private:
        return found
    return found.model_copy(update={"tables": tuple(_without_values(table, private) for table in found.tables)})


def refuse_unknown(schema: Schema, private: Collection[str]) -> None:
    """Raise Invalid when a private column does not exist: a slip there would make its values known."""
    there = [(table.schema_name, table.name, column.name) for table in schema.tables for column in table.columns]
    for name in private:
        if not any(is_private((name,), *place) for place in there):
            raise Invalid(f"private_columns: there is no column {name!r} that may be seen.", field="private_columns")


def _without_values(table: Table, private: Collection[str]) -> Table:
    empty = {"common_values": (), "common_freqs": (), "bounds": ()}
    columns = tuple(
        column.model_copy(update=empty) if is_private(private, table.schema_name, table.name, column.name) else column
        for column in table.columns
    )
    return table.model_copy(update={"columns": columns})
