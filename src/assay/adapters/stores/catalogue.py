"""What there is in a database: other databases, tables, columns, as each engine's own catalogue says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.ports.databases import Engine, Grid, Reader, Row
from assay.ports.errors import NotFound

_DATABASES: Mapping[Engine, str] = {
    "postgresql": """
SELECT datname::text AS name FROM pg_catalog.pg_database
 WHERE datallowconn AND NOT datistemplate AND pg_catalog.has_database_privilege(oid, 'CONNECT') ORDER BY datname
""",
    "mysql": "SELECT schema_name AS name FROM information_schema.schemata ORDER BY schema_name",
}
_TABLES: Mapping[Engine, str] = {
    "postgresql": """
SELECT n.nspname::text AS schema_name, c.relname::text AS name, pg_catalog.pg_table_is_visible(c.oid) AS visible
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
 ORDER BY n.nspname, c.relname
""",
    "mysql": """
SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY table_name
""",
    "sqlite": """
SELECT name FROM main.sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
 ORDER BY name
""",
}
_COLUMNS: Mapping[Engine, str] = {
    "postgresql": """
SELECT a.attname::text AS "Field", pg_catalog.format_type(a.atttypid, a.atttypmod) AS "Type",
       CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS "Null",
       CASE WHEN bool_or(i.indisprimary) THEN 'PRI' WHEN bool_or(i.indisunique) THEN 'UNI'
            WHEN count(i.indexrelid) > 0 THEN 'MUL' ELSE '' END AS "Key",
       pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS "Default",
       pg_catalog.col_description(a.attrelid, a.attnum) AS "Comment"
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indkey[0] = a.attnum
            AND (i.indnkeyatts = 1 OR i.indisprimary OR NOT i.indisunique)
 WHERE a.attrelid = %s::text::pg_catalog.regclass AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attnotnull, d.adbin, d.adrelid
 ORDER BY a.attnum
""",
    "sqlite": """
SELECT name AS "Field", type AS "Type", CASE WHEN "notnull" THEN 'NO' ELSE 'YES' END AS "Null",
       CASE WHEN pk THEN 'PRI' ELSE '' END AS "Key", dflt_value AS "Default", NULL AS "Comment"
  FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid
""",
}
_FIELDS = ("Field", "Type", "Null", "Key", "Default", "Comment")


@dataclass(frozen=True, slots=True)
class Named:
    """A table, as people name it and as SQL of this engine does."""

    shown: str
    """With its schema where it is not found without."""
    schema: str
    name: str
    quoted: str


def databases(reader: Reader, current: str) -> tuple[str, ...]:
    """Names of the databases that the account may connect to; a file is alone."""
    query = _DATABASES.get(reader.facts.engine)
    return tuple(str(row["name"]) for row in reader.rows(query)) if query else (current,)


def tables(reader: Reader) -> tuple[Named, ...]:
    """Tables and views that the account may see."""
    engine = reader.facts.engine
    return tuple(_named(engine, row) for row in reader.rows(_TABLES[engine]))


def find(reader: Reader, wanted: str) -> Named:
    """Find a table by its name, with a schema or without, whatever its case if no other is so called.

    Raises NotFound.
    """
    there = tables(reader)
    for same in (str, str.casefold):
        found = [one for one in there if same(wanted) in (same(one.shown), same(f"{one.schema}.{one.name}"))]
        if len(found) == 1:
            return found[0]
    raise NotFound(f"There is no table {wanted!r} that this account may see.", field="sql")


def columns(reader: Reader, table: Named) -> Grid:
    """A table's columns, under the names that SHOW FULL COLUMNS of MySQL has; MySQL has three more."""
    engine = reader.facts.engine
    if engine == "mysql":
        return reader.read(f"SHOW FULL COLUMNS FROM {table.quoted}", 10_000)
    return grid(reader.rows(_COLUMNS[engine], (table.quoted if engine == "postgresql" else table.name,)), _FIELDS)


def grid(rows: Sequence[Row], names: Sequence[str]) -> Grid:
    """Rows of texts of ours as a grid."""
    cells = tuple(tuple(None if row[name] is None else str(row[name]) for name in names) for row in rows)
    return Grid(tuple(names), ("text",) * len(names), cells, more=False)


def _named(engine: Engine, row: Row) -> Named:
    name = str(row["name"])
    if engine == "mysql":
        return Named(name, "", name, "`" + name.replace("`", "``") + "`")
    schema = str(row.get("schema_name", "main"))
    quoted = ".".join('"' + part.replace('"', '""') + '"' for part in (schema, name))
    return Named(name if row.get("visible", True) else f"{schema}.{name}", schema, name, quoted)
