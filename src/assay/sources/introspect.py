"""Reads a PostgreSQL's schema with sizes and statistics, in a handful of queries however many tables it has."""
# ruff: noqa: S608 - the statements are put together from constants

from __future__ import annotations

import gc
import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

from assay.kernel.values import now
from assay.ports.databases import Reader, Row
from assay.ports.errors import Refused, TimedOut
from assay.sources.model import Column, ForeignKey, Index, Schema, Table

_OURS = """
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't'
   AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND c.oid <> ALL (%(locked)s::oid[])
"""
"""Tables that the account may see; every query below starts from these."""

_LOCKED = """
SELECT DISTINCT coalesce(i.indrelid, l.relation)::bigint AS oid
  FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = l.relation
 WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
"""
"""Those that DDL holds or waits for: sizes and definitions of their indexes would wait too."""

_TABLES = (
    """
SELECT c.oid::bigint AS oid, n.nspname::text AS schema_name, c.relname::text AS name,
       CASE WHEN c.relkind = 'p' THEN 'partitioned' WHEN c.relkind = 'm' THEN 'materialised'
            WHEN c.relispartition THEN 'partition' ELSE 'table' END AS kind,
       c.reltuples::float8 AS rows, c.relpages AS pages, coalesce(pg_catalog.pg_table_size(c.oid), 0) AS bytes,
       pg_catalog.pg_stat_get_tuples_inserted(c.oid) AS inserts,
       pg_catalog.pg_stat_get_tuples_updated(c.oid) AS updates,
       pg_catalog.pg_stat_get_tuples_deleted(c.oid) AS deletes,
       pg_catalog.pg_stat_get_tuples_hot_updated(c.oid) AS hot_updates,
       pg_catalog.pg_stat_get_numscans(c.oid) AS seq_scans,
       greatest(pg_catalog.pg_stat_get_last_analyze_time(c.oid),
                pg_catalog.pg_stat_get_last_autoanalyze_time(c.oid)) AS analysed_at
"""
    + _OURS
    + " ORDER BY n.nspname, c.relname"
)

_COLUMNS = (
    """
SELECT a.attrelid::bigint AS table_oid, a.attnum AS number, a.attname::text AS name,
       pg_catalog.quote_ident(a.attname) AS quoted,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable
  FROM pg_catalog.pg_attribute a
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid IN (SELECT c.oid"""
    + _OURS
    + ") ORDER BY a.attrelid, a.attnum"
)

_STATISTICS = (
    """
SELECT s.schemaname::text AS schema_name, s.tablename::text AS table_name, s.attname::text AS name,
       s.n_distinct, s.null_frac, s.correlation, s.avg_width,
       s.most_common_vals::text AS common_values, s.most_common_freqs AS common_freqs,
       s.histogram_bounds::text AS bounds
  FROM pg_catalog.pg_stats s
 WHERE (s.schemaname, s.tablename) IN (SELECT n.nspname, c.relname"""
    + _OURS
    + ") ORDER BY s.inherited"
)
"""Where a table has both, the statistics with its partitions or children come last and so win."""

_INDEXES = (
    """
SELECT i.indexrelid::bigint AS oid, i.indrelid::bigint AS table_oid, x.relname::text AS name, am.amname::text AS method,
       pg_catalog.pg_get_indexdef(i.indexrelid) AS definition, i.indnkeyatts::int AS key_count,
       i.indkey::int2[] AS numbers, i.indoption::int2[] AS options,
       i.indclass::oid[]::bigint[] AS opclasses, i.indcollation::oid[]::bigint[] AS collations,
       CASE WHEN 0 = ANY (i.indkey) THEN ARRAY(
            SELECT pg_catalog.pg_get_indexdef(i.indexrelid, g.n, true) FROM generate_series(1, i.indnatts::int) g(n)
             ORDER BY g.n) END AS expressions,
       CASE WHEN i.indpred IS NOT NULL THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) END AS predicate,
       i.indisunique AS unique, i.indisprimary AS primary, i.indisreplident AS replica_identity,
       i.indisvalid AND i.indisready AS valid, coalesce(pg_catalog.pg_relation_size(i.indexrelid), 0) AS bytes,
       pg_catalog.pg_stat_get_numscans(i.indexrelid) AS scans, o.name AS constraint, h.name AS part_of
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  JOIN pg_catalog.pg_am am ON am.oid = x.relam
  LEFT JOIN (SELECT DISTINCT ON (k.conindid) k.conindid, k.conname::text AS name FROM pg_catalog.pg_constraint k
              WHERE k.conindid <> 0 ORDER BY k.conindid, k.contype = 'f', k.oid) o ON o.conindid = i.indexrelid
  LEFT JOIN (SELECT t.inhrelid, pn.nspname || '.' || p.relname AS name FROM pg_catalog.pg_inherits t
               JOIN pg_catalog.pg_class p ON p.oid = t.inhparent AND p.relkind = 'I'
               JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace) h ON h.inhrelid = i.indexrelid
 WHERE i.indrelid IN (SELECT c.oid"""
    + _OURS
    + ") ORDER BY i.indrelid, x.relname"
)
"""`constraint`: the one that owns the index, else a foreign key of another table that points at it."""

_NAMES = """
SELECT 'opclass' AS kind, o.oid::bigint AS oid, n.nspname || '.' || o.opcname AS name
  FROM pg_catalog.pg_opclass o JOIN pg_catalog.pg_namespace n ON n.oid = o.opcnamespace
UNION ALL
SELECT 'collation', c.oid::bigint, c.collname::text FROM pg_catalog.pg_collation c
 WHERE c.oid IN (SELECT unnest(i.indcollation::oid[]) FROM pg_catalog.pg_index i)
"""

_FOREIGN_KEYS = (
    """
SELECT o.conrelid::bigint AS table_oid, o.conname::text AS name, n2.nspname || '.' || c2.relname AS to_table,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(o.conkey) WITH ORDINALITY u(number, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = o.conrelid AND a.attnum = u.number) AS columns,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(o.confkey) WITH ORDINALITY u(number, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = o.confrelid AND a.attnum = u.number) AS to_columns
  FROM pg_catalog.pg_constraint o
  JOIN pg_catalog.pg_class c2 ON c2.oid = o.confrelid
  JOIN pg_catalog.pg_namespace n2 ON n2.oid = c2.relnamespace
 WHERE o.contype = 'f' AND o.conrelid IN (SELECT c.oid"""
    + _OURS
    + """)
   -- a key to a partitioned table has a hidden copy for each partition of it
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint p WHERE p.oid = o.conparentid AND p.conrelid = o.conrelid)
 ORDER BY o.conrelid, o.conname"""
)

_ELEMENT = re.compile(r'(?:"((?:[^"\\]|\\.)*)"|([^,]+))(?:,|$)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_AROUND = """
SELECT pg_catalog.current_schemas(false)::text[] AS search_path,
       (SELECT stats_reset FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()) AS reset
"""


def read_schema(session: Reader, source_id: str) -> Schema:
    """Read tables, columns, keys, indexes, sizes and statistics of everything outside the system schemas.

    Column statistics are there for columns that the account may read. A table that DDL holds locked for long is left
    out: neither can the planner plan a statement on it until then.
    Raises what `Reader.rows` raises.
    """
    try:
        return _read(session, source_id, [])
    except TimedOut:
        locked = [int(row["oid"]) for row in session.rows(_LOCKED)]
        if not locked:
            raise
        return _read(session, source_id, locked)


@contextmanager
def _uncollected() -> Generator[None]:
    """Stop the garbage collector: objects that all stay would set it off again and again, for half of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@_uncollected()
def _read(session: Reader, source_id: str, locked: list[int]) -> Schema:
    without = {"locked": locked}
    around = session.rows(_AROUND)[0]
    tables = session.rows(_TABLES, without)
    columns = by_table(session.rows(_COLUMNS, without))
    statistics = _statistics(session, without)
    indexes = by_table(session.rows(_INDEXES, without))
    names = {(row["kind"], row["oid"]): str(row["name"]) for row in session.rows(_NAMES)}
    keys = by_table(session.rows(_FOREIGN_KEYS, without))
    return Schema(
        source=source_id,
        tables=tuple(
            _table(
                table,
                _columns(table, columns[table["oid"]], statistics),
                _Keys(columns[table["oid"]], names),
                indexes[table["oid"]],
                keys[table["oid"]],
            )
            for table in tables
        ),
        search_path=tuple(around["search_path"]),
        stats_since=around["reset"],
        read_at=now(),
    )


def _statistics(session: Reader, without: Mapping[str, object]) -> dict[tuple[str, str, str], Row]:
    try:
        rows = session.rows(_STATISTICS, without)
    except Refused:  # pg_stats was revoked from this account: everything else is still worth reading
        return {}
    return {(row["schema_name"], row["table_name"], row["name"]): row for row in rows}


def by_table(rows: Iterable[Row], name: str = "table_oid") -> defaultdict[Any, list[Row]]:
    """Rows by one of their columns, in the order in which they came."""
    found: defaultdict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[name]].append(row)
    return found


class _Keys:
    """What the numbers in pg_index mean: columns of one table, and operator classes and collations of all."""

    def __init__(self, columns: list[Row], names: dict[tuple[str, int], str]) -> None:
        self._columns = {column["number"]: column for column in columns}
        self._names = names

    def plain(self, index: Row) -> tuple[str, ...]:
        """Names of the key columns, unquoted; expressions left out."""
        numbers = index["numbers"][: index["key_count"]]
        return tuple(self._columns[number]["name"] for number in numbers if number in self._columns)

    def read(self, index: Row) -> Index:
        """Make the noun."""
        count: int = index["key_count"]
        keys = index["expressions"] or [
            self._columns[number]["quoted"] if number in self._columns else "" for number in index["numbers"]
        ]
        return Index(
            name=index["name"],
            definition=index["definition"],
            method=index["method"],
            keys=tuple(keys[:count]),
            # the bits of indoption: INDOPTION_DESC, INDOPTION_NULLS_FIRST
            descending=tuple(bool(option & 1) for option in index["options"]),
            nulls_first=tuple(bool(option & 2) for option in index["options"]),
            include=tuple(keys[count:]),
            predicate=index["predicate"],
            opclasses=tuple(self._names.get(("opclass", oid), "") for oid in index["opclasses"]),
            collations=tuple(self._names.get(("collation", oid), "") for oid in index["collations"]),
            unique=index["unique"],
            primary=index["primary"],
            constraint=index["constraint"],
            part_of=index["part_of"],
            replica_identity=index["replica_identity"],
            valid=index["valid"],
            bytes=index["bytes"],
            scans=index["scans"],
        )


def _table(table: Row, columns: tuple[Column, ...], keys: _Keys, indexes: list[Row], foreign: list[Row]) -> Table:
    primary = next((index for index in indexes if index["primary"]), None)
    return Table(
        schema_name=table["schema_name"],
        name=table["name"],
        kind=table["kind"],
        rows=table["rows"],
        bytes=table["bytes"],
        pages=table["pages"],
        columns=columns,
        primary_key=keys.plain(primary) if primary else (),
        foreign_keys=tuple(
            ForeignKey(
                name=key["name"],
                columns=tuple(key["columns"]),
                to_table=key["to_table"],
                to_columns=tuple(key["to_columns"]),
            )
            for key in foreign
        ),
        # a definition is null when the index was dropped while we read
        indexes=tuple(keys.read(index) for index in indexes if index["definition"] is not None),
        inserts=table["inserts"],
        updates=table["updates"],
        deletes=table["deletes"],
        hot_updates=table["hot_updates"],
        seq_scans=table["seq_scans"],
        analysed_at=table["analysed_at"],
    )


def elements(array: str | None) -> tuple[str, ...]:
    """Take the text of a one-dimensional array apart; here, since the server takes four times as long to.

    An element that is itself an array, or a row, stays text. NULL cannot occur in statistics.
    """
    if not array or array == "{}":
        return ()
    if '"' not in array and "\\" not in array:
        return tuple(array[1:-1].split(","))
    if "\\" not in array and array.startswith('{"') and array.endswith('"}'):
        all_quoted = array[2:-2].split('","')
        if array.count('"') == 2 * len(all_quoted):
            return tuple(all_quoted)
    return tuple(
        _ESCAPED.sub(r"\1", quoted) if quoted or not bare else bare for quoted, bare in _ELEMENT.findall(array[1:-1])
    )


def _columns(table: Row, columns: list[Row], statistics: dict[tuple[str, str, str], Row]) -> tuple[Column, ...]:
    place = (table["schema_name"], table["name"])
    return tuple(_column(column, statistics.get((*place, column["name"]))) for column in columns)


def _column(column: Row, seen: Row | None) -> Column:
    known: dict[str, Any] = {}
    if seen is not None:
        known = {
            "n_distinct": seen["n_distinct"],
            "null_frac": seen["null_frac"],
            "correlation": seen["correlation"],
            "avg_width": seen["avg_width"],
            "common_values": elements(seen["common_values"]),
            "common_freqs": tuple(seen["common_freqs"] or ()),
            "bounds": elements(seen["bounds"]),
        }
    return Column(name=column["name"], type=column["type"], nullable=column["nullable"], **known)
