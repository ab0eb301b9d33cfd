"""Says what a statement that we did not write may do in SQLite: read tables, and call functions that are known."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

_FUNCTIONS = """
    abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos cosh count
    cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor format
    glob group_concat hex highlight ifnull iif if instr json json_array json_array_length json_each json_error_position
    json_extract json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote
    json_remove json_replace json_set json_tree json_type json_valid jsonb jsonb_array jsonb_each jsonb_extract
    jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch jsonb_remove jsonb_replace jsonb_set
    jsonb_tree julianday lag last_value lead length like likelihood likely ln log log10 log2 lower ltrim match max
    median min mod nth_value ntile nullif octet_length percent_rank percentile percentile_cont percentile_disc pi pow
    power printf quote radians random rank regexp replace round row_number rtrim sign sin sinh snippet soundex
    sqlite_version sqrt strftime string_agg substr substring subtype sum tan tanh time timediff total trim trunc typeof
    unhex unicode unistr unixepoch unlikely upper -> ->>
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""Names in lower case; none reads a file, a setting or another database, or writes."""

_INSIDE = ("sqlite_", "pragma_")
_VIRTUAL = frozenset({"dbstat", "bytecode", "tables_used", "fsdir", "zipfile", "completion"})
"""Tables of SQLite itself, which show what no table of the user's does."""

CATALOGUE = ("table_list", "table_info", "table_xinfo", "index_list", "index_info", "index_xinfo", "foreign_key_list",
             "schema_version")  # fmt: skip
"""PRAGMAs that read what there is, as the tables `pragma_…`."""
_SCHEMA = frozenset({"sqlite_schema", "sqlite_master"})

Verdict = Callable[[int, str | None, str | None, str | None, str | None], int]


class Authorizer:
    """What SQLite asks while it compiles a statement; `ours` lets our own catalogue queries through.

    Args:
        catalogue: whether statements of others may read which tables, columns, keys and indexes there are.
    """

    def __init__(self, *, catalogue: bool = False) -> None:
        self.ours = False
        self._catalogue = catalogue
        self.tables: set[str] = set()
        """Tables that statements since `forget` read."""

    def forget(self) -> None:
        """Forget which tables were read."""
        self.tables.clear()

    def __call__(self, action: int, one: str | None, other: str | None, database: str | None, inner: str | None) -> int:
        """SQLITE_OK, or SQLITE_DENY, on which SQLite refuses the whole statement."""
        if self.ours:
            return sqlite3.SQLITE_OK
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            return sqlite3.SQLITE_OK if (other or "").lower() in FUNCTIONS else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA:  # what reading a table `pragma_…` does, too
            name = (one or "").lower()
            sets = name == "schema_version" and other is not None
            return sqlite3.SQLITE_OK if self._shows(f"pragma_{name}") and not sets else sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_READ and one is not None:
            if self._shows(one.lower()):
                return sqlite3.SQLITE_OK
            name = one.lower()
            if database in ("main", None, "") and not name.startswith(_INSIDE) and name not in _VIRTUAL:
                self.tables.add(one)
                return sqlite3.SQLITE_OK
        return sqlite3.SQLITE_DENY

    def _shows(self, name: str) -> bool:
        return self._catalogue and (name in _SCHEMA or name.removeprefix("pragma_") in CATALOGUE)
