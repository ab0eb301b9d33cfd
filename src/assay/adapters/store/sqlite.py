"""Our own database in one SQLite file: a writer thread that commits in groups, and a few reading threads."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import structlog
from sqlalchemy.sql import ClauseElement

from assay.adapters.store.faults import explain
from assay.adapters.store.statements import Bound, Statements
from assay.ports.errors import Internal, Unavailable
from assay.ports.store import Change, Row, Unit

_log = structlog.stdlib.get_logger(__name__)

_UNITS_PER_COMMIT = 1_000
_SECONDS_PER_COMMIT = 0.05
_UNITS_WAITING = 200_000

Watch = Callable[[int, int], None]
"""Told after each group commit: how many units are in it, and how many failed."""


@dataclass(slots=True, eq=False)
class _Waiting:
    """A unit in the queue, and who waits for it (nobody when it was enqueued)."""

    unit: Unit
    future: asyncio.Future[None] | None
    failure: BaseException | None = None


class SqliteStore:
    """Keeps the promises of `ports.store.Store` on one file; several processes may use the same file.

    Args:
        path: the file; made (0600) when it is not there, without tables: see `migrations`.
        readers: threads that read, each with a read-only connection of its own.
        wait_s: how long a commit waits for another process that writes.
        durable: False only for throw-away databases: commits then survive a crash of the program, not of the machine.
        watch: told about each group commit.

    Raises Unavailable when the file cannot be opened.
    """

    def __init__(
        self, path: Path, *, readers: int = 4, wait_s: float = 10.0, durable: bool = True, watch: Watch | None = None
    ) -> None:
        self.path = path
        self.commits = 0
        """Group commits so far."""
        self.lost = 0
        """Enqueued units that failed so far."""
        self._wait_s = wait_s
        self._watch = watch
        self._statements = Statements()
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._closed = False
        self._door = threading.Lock()
        self._own = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._writer = self._open_writer(durable)
        self._pool = ThreadPoolExecutor(readers, thread_name_prefix="store-read")
        self._thread = threading.Thread(target=self._write, name="store-write", daemon=True)
        self._thread.start()

    async def rows(self, query: ClauseElement) -> Sequence[Row]:
        """Read committed rows in a reading thread; raises Unavailable."""
        if self._closed:
            raise _stopping()
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, query)

    async def commit(self, unit: Unit) -> None:
        """Apply a unit; when this returns it is on the disk.

        Raises what `otherwise` or a late change says, Conflict, or Unavailable; then nothing of the unit is left.
        A caller that is cancelled while it waits does not take the unit back.
        """
        if not unit:
            return
        future = asyncio.get_running_loop().create_future()
        self._put(_Waiting(unit, future))
        await future

    def enqueue(self, unit: Unit) -> None:
        """Apply a unit with the next group commit; may be called from any thread."""
        if not unit:
            return
        if self._queue.qsize() >= _UNITS_WAITING:
            self.lost += 1
            _log.error("store unit dropped", reason=f"{_UNITS_WAITING} units wait for the disk already")
            return
        self._put(_Waiting(unit, None))

    async def close(self) -> None:
        """Commit what is enqueued, stop the threads and close the file; a second time nothing happens."""
        with self._door:
            first, self._closed = not self._closed, True
        await asyncio.to_thread(self._stop if first else self._thread.join)

    def _stop(self) -> None:
        # The writer closes last: only it may move the WAL into the file.
        self._pool.shutdown(wait=True)
        while self._readers:
            self._readers.pop().close()
        self._queue.put(None)
        self._thread.join()

    def _put(self, waiting: _Waiting) -> None:
        # The lock keeps every unit before the mark that `close` puts at the end of the queue.
        with self._door:
            if self._closed:
                raise _stopping()
            self._queue.put(waiting)

    # -- reading --

    def _read(self, query: ClauseElement) -> Sequence[Row]:
        try:
            connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
            if connection is None:
                connection = self._own.connection = self._open_reader()
            return _fetch(connection.cursor(), self._statements.bind(query))
        except sqlite3.Error as error:
            raise explain(error, self.path) from error

    def _open_reader(self) -> sqlite3.Connection:
        uri = f"{self.path.absolute().as_uri()}?mode=ro"
        connection = sqlite3.connect(
            uri, uri=True, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        self._readers.append(connection)
        connection.execute(f"PRAGMA busy_timeout = {int(self._wait_s * 1000)}")
        connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        return connection

    # -- writing, all of it in the writer thread but the opening --

    def _open_writer(self, durable: bool) -> sqlite3.Connection:
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            connection = sqlite3.connect(
                self.path, isolation_level=None, check_same_thread=False, cached_statements=512
            )
        except OSError as error:
            raise Unavailable(
                f"Our database {self.path} cannot be opened: {error.strerror}.",
                cure="Make its folder, and make it writable for the user that runs Assay.",
            ) from error
        except sqlite3.Error as error:
            raise explain(error, self.path) from error
        try:
            connection.execute(f"PRAGMA busy_timeout = {int(self._wait_s * 1000)}")
            # SQLite itself does not wait here for another process that opens or closes the file.
            self._patiently(connection, "PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA journal_size_limit = 67108864")
            connection.execute("PRAGMA busy_timeout = 100")
        except sqlite3.Error as error:
            connection.close()
            raise explain(error, self.path) from error
        return connection

    def _write(self) -> None:
        going = True
        while going:
            first = self._queue.get()
            if first is None:
                break
            try:
                going = self._write_group(first)
            except BaseException as error:  # the thread must outlive any fault, or every caller would wait for ever
                _log.exception("store writer", error=repr(error))
        with contextlib.suppress(sqlite3.Error):
            self._writer.execute("PRAGMA optimize")
        self._writer.close()

    def _write_group(self, first: _Waiting) -> bool:
        """Apply what waits now as one commit; return False when the end of the queue was reached."""
        group: list[_Waiting] = []
        going = True
        try:
            going = self._apply_group(first, group)
            self._finish()
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
            fault = explain(error, self.path) if isinstance(error, sqlite3.Error) else error
            for waiting in group:
                waiting.failure = waiting.failure or fault
        failed = sum(waiting.failure is not None for waiting in group)
        self.commits += 1
        self._tell(group)
        if self._watch is not None:
            self._watch(len(group), failed)
        return going

    def _apply_group(self, first: _Waiting, group: list[_Waiting]) -> bool:
        group.append(first)
        self._begin()
        until = time.monotonic() + _SECONDS_PER_COMMIT
        waiting: _Waiting | None = first
        while True:
            self._apply(waiting)
            if len(group) >= _UNITS_PER_COMMIT or time.monotonic() > until:
                return True
            try:
                waiting = self._queue.get_nowait()
            except Empty:
                return True
            if waiting is None:
                return False
            group.append(waiting)

    def _begin(self) -> None:
        self._patiently(self._writer, "BEGIN IMMEDIATE")

    def _finish(self) -> None:
        self._patiently(self._writer, "COMMIT")

    def _patiently(self, connection: sqlite3.Connection, statement: str) -> None:
        """Run it again while another process holds the lock, with pauses of its own.

        SQLite's own back-off reaches 100 ms a pause and so starves beside a process that commits all the time.
        """
        until = time.monotonic() + self._wait_s
        while True:
            try:
                connection.execute(statement)
                return
            except sqlite3.OperationalError as error:
                busy = (error.sqlite_errorname or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
                if not busy or time.monotonic() > until:
                    raise
                time.sleep(random.uniform(0.0005, 0.005))  # noqa: S311 - a pause, not a secret

    def _apply(self, waiting: _Waiting) -> None:
        unit = waiting.unit
        cursor = self._writer.cursor()
        # A single statement undoes itself; more need a savepoint.
        only = unit[0]
        alone = len(unit) == 1 and isinstance(only, Change) and only.expect is None and len(only.rows or "1") == 1
        try:
            if alone and isinstance(only, Change):
                bound = self._statements.bind(only.statement, only.rows)
                alone = not bound.many
                if alone:
                    _change(SqliteTransaction(cursor, self._statements), only, bound)
                    return
            cursor.execute("SAVEPOINT unit")
            transaction = SqliteTransaction(cursor, self._statements)
            for change in unit:
                if isinstance(change, Change):
                    _change(transaction, change)
                else:
                    change(transaction)
            cursor.execute("RELEASE unit")
        except BaseException as error:
            waiting.failure = explain(error, self.path) if isinstance(error, sqlite3.Error) else error
            if not self._writer.in_transaction:
                raise  # SQLite gave the whole transaction up (disk full, I/O error): nobody's unit is in
            if not alone:
                cursor.execute("ROLLBACK TO unit")
                cursor.execute("RELEASE unit")

    def _tell(self, group: Sequence[_Waiting]) -> None:
        """Wake those who wait, one call per event loop."""
        loops: dict[asyncio.AbstractEventLoop, list[_Waiting]] = {}
        for waiting in group:
            if waiting.future is not None:
                loops.setdefault(waiting.future.get_loop(), []).append(waiting)
            elif waiting.failure is not None:
                self.lost += 1
                _log.error("store unit lost", error=repr(waiting.failure), changes=len(waiting.unit))
        for loop, told in loops.items():
            with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(_wake, told)


class SqliteTransaction:
    """The writer's open transaction, as late changes see it."""

    def __init__(self, cursor: sqlite3.Cursor, statements: Statements) -> None:
        self._cursor = cursor
        self._statements = statements

    def rows(self, query: ClauseElement) -> Sequence[Row]:
        """Read, own changes included."""
        return _fetch(self._cursor, self._statements.bind(query))

    def run(self, change: ClauseElement, rows: Sequence[Row] | None = None) -> int:
        """Change; return how many rows it changed."""
        return 0 if rows is not None and not rows else self.run_bound(self._statements.bind(change, rows))

    def run_bound(self, bound: Bound) -> int:
        """Run a change that was compiled before."""
        return _run(self._cursor, bound)


def _change(transaction: SqliteTransaction, change: Change, bound: Bound | None = None) -> None:
    try:
        changed = transaction.run_bound(bound) if bound else transaction.run(change.statement, change.rows)
    except sqlite3.IntegrityError as error:
        if change.otherwise is not None:
            raise change.otherwise from error
        raise
    if change.expect is not None and changed != change.expect:
        raise change.otherwise or Internal(f"A change was to touch {change.expect} rows and touched {changed}.")


def _run(cursor: sqlite3.Cursor, bound: Bound) -> int:
    if bound.many:
        cursor.executemany(bound.sql, bound.parameters)
    else:
        cursor.execute(bound.sql, bound.parameters[0])
        if cursor.description is not None:  # RETURNING: rows count once they are fetched
            return len(cursor.fetchall())
    return cursor.rowcount


def _fetch(cursor: sqlite3.Cursor, bound: Bound) -> list[Mapping[str, Any]]:
    cursor.execute(bound.sql, bound.parameters[0])
    fetched = cursor.fetchall()
    if bound.columns is not None:
        return bound.columns.rows(fetched)
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in fetched]


def _wake(group: Sequence[_Waiting]) -> None:
    for waiting in group:
        future = waiting.future
        if future is None or future.done():
            continue
        if waiting.failure is None:
            future.set_result(None)
        else:
            future.set_exception(waiting.failure)


def _stopping() -> Unavailable:
    return Unavailable("Our database is closed: the program is stopping.", cure="Start it again.")
