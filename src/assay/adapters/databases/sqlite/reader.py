"""One visit to a SQLite file: opened to be read, with an authorizer, limits and a deadline on every statement."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from assay.adapters.databases.several import one_by_one
from assay.adapters.databases.sqlite import cells, faults
from assay.adapters.databases.sqlite.allowed import CATALOGUE, Authorizer
from assay.adapters.databases.sqlite.estimate import Sizes, Step, estimate
from assay.ports.databases import Estimate, Grid, Limits, Row, ServerFacts
from assay.ports.errors import Refused, TimedOut

_EVERY = 1_000
"""Steps of SQLite's machine between two looks at the clock: a few microseconds."""
_MOST_BYTES = 64_000_000
"""Of all rows that one read hands on."""
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 10_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 2_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 500,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 127,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1_000,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_Failures = (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError)


class SqliteReader:
    """Implements `ports.databases.Reader`; to be used in the thread that made it."""

    cautions: tuple[str, ...] = ()

    def __init__(self, path: Path, limits: Limits, *, catalogue: bool = False) -> None:
        self._where, self._patience = str(path), limits.statement_ms / 1_000
        self._until = 0.0
        self._authorizer = Authorizer(catalogue=catalogue)
        self._sizes = Sizes(self.rows)
        try:
            self._link = sqlite3.connect(
                f"file:{quote(str(path))}?mode=ro",
                uri=True,
                timeout=limits.lock_ms / 1_000,
                isolation_level=None,
                cached_statements=0,  # a statement that was compiled as ours is not run again as somebody else's
            )
        except _Failures as failure:
            raise faults.of_statement(failure, self._where) from None
        try:
            self._harden()
        except BaseException:
            self._link.close()
            raise

    def _harden(self) -> None:
        self._link.text_factory = _text
        for kind, most in _LIMITS.items():
            self._link.setlimit(kind, most)
        self._link.set_progress_handler(self._late, _EVERY)
        self._link.set_authorizer(self._authorizer)
        for pragma in ("trusted_schema = OFF", "query_only = ON", "cell_size_check = ON", "mmap_size = 0"):
            self.rows(f"PRAGMA {pragma}")
        self.rows("PRAGMA schema_version")  # only now the file is read, and known to be a database
        with suppress(Refused):  # made once, since making them asks for more than the authorizer allows
            self.rows("SELECT 1 FROM json_each('[]'), json_tree('[]')")
            for name in CATALOGUE:
                self.rows(f"SELECT 1 FROM pragma_{name} LIMIT 0")  # noqa: S608 - names of SQLite

    @property
    def facts(self) -> ServerFacts:
        """SQLite's own version, and the file's name; there are no accounts, and so no powers."""
        major, minor, patch = sqlite3.sqlite_version_info
        number = major * 10_000 + minor * 100 + patch
        return ServerFacts(sqlite3.sqlite_version, number, Path(self._where).name, "", False, engine="sqlite")

    def rows(self, sql: str, params: Sequence[object] | Mapping[str, object] = ()) -> list[Row]:
        """Run one statement of ours: PRAGMAs that read, and SELECT; `?` or `:name`."""
        self._authorizer.ours = True
        try:
            with self._timed():
                found = self._link.execute(sql, params)
                names = [column[0] for column in found.description or ()]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        finally:
            self._authorizer.ours = False

    def estimate(self, query: str) -> Estimate:
        """Rows that its loops visit, by the sizes of tables: EXPLAIN QUERY PLAN has no cost."""
        with self._timed():
            found = self._link.execute(f"EXPLAIN QUERY PLAN {query}")
            steps: list[Step] = [(row[0], row[1], row[3]) for row in found.fetchall()]
        return estimate(query, steps, self._sizes, self._patience)

    def estimates(self, queries: Iterable[str]) -> list[Estimate | Refused | TimedOut]:
        """One after the other."""
        return one_by_one(self.estimate, queries)

    def read(self, query: str, at_most: int, *, skip: int = 0) -> Grid:
        """Run one query: the file is open to be read, and the authorizer refuses all but reading tables."""
        with self._timed():
            found = self._link.execute(query)
            try:
                if found.description is None:
                    raise Refused("Only a statement that gives rows is run.")
                names = [column[0] for column in found.description]
                rows, size = list[tuple[Any, ...]](), 0
                while skip and found.fetchone() is not None:
                    skip -= 1
                while len(rows) <= at_most and (row := found.fetchone()) is not None:
                    rows.append(row)
                    size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
                    if size > _MOST_BYTES:
                        raise Refused(f"The rows are more than {_MOST_BYTES // 1_000_000} MB; ask for fewer.")
            finally:
                found.close()
        return cells.grid(names, rows, at_most)

    def end(self) -> None:
        """Close the file."""
        self._link.close()

    @contextmanager
    def _timed(self) -> Generator[None]:
        self._until = time.monotonic() + self._patience
        try:
            yield
        except _Failures as failure:
            raise faults.of_statement(failure, self._where) from None

    def _late(self) -> bool:
        return time.monotonic() > self._until


def _text(raw: bytes) -> str:
    """Text as SQLite has it need not be UTF-8."""
    return raw.decode("utf-8", "replace")
