"""LIKE with a pattern that may begin anywhere: no B-tree serves it, a trigram index does."""

from __future__ import annotations

from assay.workload.index import NAME_BYTES
from assay.workload.rules.draft import Draft, StatementUnderScan, bare
from assay.workload.rules.unimaginable import has_index, made, scanned
from assay.workload.statements.writer import quoted

_TEXTS = ("text", "character varying", "character", "citext")


def leading_wildcard(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find LIKE, ILIKE or a regular expression over a whole table; see `unimaginable.made` for the confidence.

    pg_stat_statements takes patterns out of texts. Where none was seen running, the finding says that with a fixed
    beginning an ordinary index would do.
    """
    found: dict[str, Draft] = {}
    for predicate, table, column, scan in scanned(statement, ("wildcard",)):
        if predicate.key.column is None or not column.type.startswith(_TEXTS):
            continue
        if has_index(table, column.name, ("gin", "gist"), "trgm"):
            continue
        extension = statement.session is not None and "pg_trgm" in statement.session.facts.extensions
        name = f"{table.name}_{column.name}_trgm_idx".encode()[:NAME_BYTES].decode(errors="ignore")
        target = f"{quoted(table.schema_name)}.{quoted(table.name)}"
        ddl = f"CREATE INDEX CONCURRENTLY {quoted(name)} ON {target} USING gin ({quoted(column.name)} gin_trgm_ops);"
        unknown = predicate.constant is None
        what = "a pattern" if unknown else f"the pattern {predicate.constant}"
        begins = "" if unknown else ", which may begin anywhere"
        found[column.name] = made(
            statement, "leading_wildcard", "Pattern that may begin anywhere", table, scan,
            f"Every call compares {what}{begins} with all {table.rows:,.0f} values of "
            f"{bare(table.qualified)}.{column.name}: a B-tree, ordered by the beginning of values, cannot help.",
            ddl, f"a trigram index on {bare(table.qualified)} ({column.name})",
            needs=() if extension else ("CREATE EXTENSION IF NOT EXISTS pg_trgm;",),
            missing=("The pattern itself: pg_stat_statements keeps no literals. If it has a fixed beginning, "
                     f"a B-tree on {column.name} text_pattern_ops is enough.",) if unknown else (),
        )  # fmt: skip
    return tuple(found.values())
