"""The psql texts of runbooks: attempts that can be repeated, checks that end a script, partitioned tables."""

from __future__ import annotations

from dataclasses import dataclass

from assay.workload.statements.writer import literal, quoted

ATTEMPTS = 3
"""So often a step is tried, with a pause of 5 s, then 10 s, between."""

_LOOK = """SELECT pid, state, now() - xact_start AS open_for, left(query, 60) AS query
  FROM pg_catalog.pg_stat_activity
 WHERE xact_start < now() - interval '1 minute' AND pid <> pg_backend_pid() ORDER BY xact_start;
SELECT pg_size_pretty(pg_table_size({relation}::regclass)) AS table_size;"""
_USAGE = """SELECT idx_scan, idx_tup_read, pg_size_pretty(pg_relation_size(indexrelid)) AS size
  FROM pg_catalog.pg_stat_all_indexes WHERE indexrelid = to_regclass({index});"""
_TABLE_SCANS = """SELECT seq_scan, idx_scan FROM pg_catalog.pg_stat_all_tables
 WHERE relid = to_regclass({relation});"""
_ASSERT = """DO $assay$ BEGIN
  IF NOT ({condition}) THEN
    RAISE EXCEPTION USING MESSAGE = {otherwise};
  END IF;
END $assay$;"""
_EXISTS = "EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indexrelid = to_regclass({index}){more})"
_WHEN = "SELECT {statement} WHERE {condition} \\gexec"

# Of a partitioned table: `own` is the name of a partition's index, `tree` its partitions at all levels.
_TREE = "pg_catalog.pg_partition_tree({relation})"
_OWN = "left({name}, 40) || '_' || {oid}::oid"
_SCHEMA_OF = """(SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
                WHERE c.oid = {oid})"""
_DROP_INVALID = """SELECT format('DROP INDEX CONCURRENTLY %s', i.indexrelid::regclass)
  FROM {tree} p JOIN pg_catalog.pg_index i ON i.indrelid = p.relid
  JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
 WHERE p.isleaf AND NOT i.indisvalid AND x.relname = {own} \\gexec"""
_BUILD_PARTS = """SELECT format(CASE WHEN p.isleaf THEN 'CREATE INDEX CONCURRENTLY IF NOT EXISTS %I ON %s %s'
                   ELSE 'CREATE INDEX IF NOT EXISTS %I ON ONLY %s %s' END,
              {own}, p.relid::regclass, {definition})
  FROM {tree} p WHERE p.parentrelid IS NOT NULL \\gexec"""
_ATTACH = """SELECT format('ALTER INDEX %s ATTACH PARTITION %I.%I',
              CASE WHEN p.parentrelid = {relation}::regclass THEN {index}
                   ELSE format('%I.%I', {parents_schema}, {parents_own}) END, {schema}, {own})
  FROM {tree} p WHERE p.parentrelid IS NOT NULL ORDER BY p.level DESC \\gexec"""
_ALL_BUILT = """NOT EXISTS (SELECT FROM {tree} p WHERE p.isleaf AND NOT EXISTS (
  SELECT FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
   WHERE i.indrelid = p.relid AND i.indisvalid AND x.relname = {own}))"""


@dataclass(frozen=True, slots=True)
class Target:
    """The index that comes or goes; names without quotes."""

    schema: str
    table: str
    name: str

    @property
    def relation(self) -> str:
        """The table as SQL."""
        return f"{quoted(self.schema)}.{quoted(self.table)}"

    @property
    def index(self) -> str:
        """The index as SQL."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    @property
    def there(self) -> str:
        """A condition: the index exists."""
        return _EXISTS.format(index=literal(self.index), more="")

    @property
    def valid(self) -> str:
        """A condition: it exists and is valid."""
        return _EXISTS.format(index=literal(self.index), more=" AND i.indisvalid")

    @property
    def invalid(self) -> str:
        """A condition: it exists and is not valid, as a cancelled build leaves it."""
        return _EXISTS.format(index=literal(self.index), more=" AND NOT i.indisvalid")


def look(target: Target) -> str:
    """Show transactions that would hold a build up, and the table's size."""
    return _LOOK.format(relation=literal(target.relation))


def usage(target: Target) -> str:
    """Show how often an index was scanned, and its size."""
    return _USAGE.format(index=literal(target.index))


def table_scans(target: Target) -> str:
    """Show how often the table was scanned, with and without an index."""
    return _TABLE_SCANS.format(relation=literal(target.relation))


def must(condition: str, otherwise: str) -> str:
    """End the script with an error unless a condition holds."""
    return _ASSERT.format(condition=condition, otherwise=literal(otherwise))


def build(ddl: str, target: Target, wait: str) -> str:
    """Build an index, after dropping what a cancelled build left of it."""
    clear = _WHEN.format(statement=literal(f"DROP INDEX CONCURRENTLY {target.index}"), condition=target.invalid)
    make = _WHEN.format(statement=literal(ddl.rstrip(" ;")), condition=f"NOT {target.there}")
    return attempts([clear, make], target.valid, wait)


def drop(target: Target, wait: str, *, concurrently: bool = True) -> str:
    """Drop an index; that of a partitioned table cannot be dropped concurrently."""
    how = "CONCURRENTLY " if concurrently else ""
    return attempts([f"DROP INDEX {how}IF EXISTS {target.index};"], f"NOT {target.there}", wait)


def parent_index(definition: str, target: Target, wait: str) -> str:
    """Make the index of a partitioned table alone, without any of its partitions."""
    make = f"CREATE INDEX IF NOT EXISTS {quoted(target.name)} ON ONLY {target.relation} {definition};"
    return attempts([make], target.there, wait)


def part_indexes(definition: str, target: Target, wait: str) -> str:
    """Build the index of every partition, one after the other, without blocking writes."""
    words = _words(target)
    make = _BUILD_PARTS.format(**words, definition=literal(definition))
    return attempts([_DROP_INVALID.format(**words), make], _ALL_BUILT.format(**words), wait)


def attach(target: Target, wait: str) -> str:
    """Attach the partitions' indexes to their parents', deepest first; with the last one the parent's is valid."""
    words = _words(target)
    text = _ATTACH.format(
        **words,
        relation=literal(target.relation),
        index=literal(target.index),
        schema=_SCHEMA_OF.format(oid="p.relid"),
        parents_schema=_SCHEMA_OF.format(oid="p.parentrelid"),
        parents_own=_OWN.format(name=literal(target.name), oid="p.parentrelid"),
    )
    return attempts([text], target.valid, wait)


def attempts(statements: list[str], done: str, wait: str) -> str:
    """The statements as often as there are attempts, with a pause between; a failed one does not end the script.

    Args:
        done: a condition under which nothing is left to do.
        wait: lock_timeout; it also bounds how long CONCURRENTLY waits for each older transaction.
    """
    lines = ["\\set ON_ERROR_STOP off", f"SET lock_timeout = '{wait}';", "SET statement_timeout = 0;"]
    for attempt in range(ATTEMPTS):
        lines.append(f"SELECT NOT ({_one_line(done)}) AS again \\gset")
        lines.append("\\if :again")
        if attempt:
            lines.append(f"SELECT pg_sleep({5 * attempt}) \\g /dev/null")
        lines += [*statements, "\\endif"]
    return "\n".join([*lines, "\\set ON_ERROR_STOP on", "RESET lock_timeout;"])


def _words(target: Target) -> dict[str, str]:
    return {
        "tree": _TREE.format(relation=literal(target.relation)),
        "own": _OWN.format(name=literal(target.name), oid="p.relid"),
    }


def _one_line(condition: str) -> str:
    return " ".join(part.strip() for part in condition.splitlines())
