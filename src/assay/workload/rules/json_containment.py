"""Containment and key tests on jsonb, arrays and text search vectors without a GIN index."""

from __future__ import annotations

from assay.workload.index import NAME_BYTES
from assay.workload.rules.draft import Draft, StatementUnderScan, bare
from assay.workload.rules.unimaginable import has_index, made, scanned
from assay.workload.statements.writer import quoted

_PATH = frozenset({"@>", "@?", "@@"})


def json_containment(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find `@>`, `?`, `@?`, `@@` and `&&` over a whole table; see `unimaginable.made` for the confidence."""
    found: dict[str, Draft] = {}
    for predicate, table, column, scan in scanned(statement, ("contains",)):
        indexable = column.type in ("jsonb", "tsvector") or column.type.endswith("[]")
        if predicate.key.column is None or not indexable or has_index(table, column.name, ("gin", "gist")):
            continue
        opclass = " jsonb_path_ops" if column.type == "jsonb" and predicate.operator in _PATH else ""
        name = f"{table.name}_{column.name}_gin_idx".encode()[:NAME_BYTES].decode(errors="ignore")
        target = f"{quoted(table.schema_name)}.{quoted(table.name)}"
        ddl = f"CREATE INDEX CONCURRENTLY {quoted(name)} ON {target} USING gin ({quoted(column.name)}{opclass});"
        opens = "opens the document of" if column.type == "jsonb" else "looks into"
        found[column.name] = made(
            statement, "json_containment", "Containment without an index", table, scan,
            f"Every call {opens} each of the {table.rows:,.0f} rows of {bare(table.qualified)} to test "
            f"{column.name} {predicate.operator} a value.",
            ddl, f"a GIN index on {bare(table.qualified)} ({column.name})",
        )  # fmt: skip
    return tuple(found.values())
