"""Our own database: reads of what is committed, and units of changes that are committed as one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.sql import ClauseElement

Row = Mapping[str, Any]


class Transaction(Protocol):
    """The writer's open transaction; synchronous, seen by late changes only."""

    def rows(self, query: ClauseElement) -> Sequence[Row]:
        """Read, own changes included."""
        ...

    def run(self, change: ClauseElement, rows: Sequence[Row] | None = None) -> int:
        """Change; return how many rows it changed. With `rows`, as Change has them."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """An INSERT, UPDATE or DELETE, and how many rows it must change.

    When `expect` is not met, or a key exists already, the whole unit is undone and `otherwise` is raised (Conflict when
    there is none and a key exists).
    """

    statement: ClauseElement
    expect: int | None = None
    otherwise: Exception | None = None
    rows: Sequence[Row] | None = None
    """Plain values by column name, all with the same names: `insert(table)` runs once for each, some 10 µs a row."""


Late = Callable[[Transaction], None]
"""A change that must see the last committed state, e.g. the head of a chain; it runs in the writer, so it is quick."""

Unit = Sequence[Change | Late]


class Store(Protocol):
    """Rows, read by many and written by one.

    Raises Unavailable when the database cannot be reached or is full; Conflict when a key exists already.
    """

    async def rows(self, query: ClauseElement) -> Sequence[Row]:
        """Read committed rows; column values come back as the table's types say (JSON, UTC datetimes)."""
        ...

    async def commit(self, unit: Unit) -> None:
        """Apply a unit: all of it or nothing, durable when this returns (several units may share one commit)."""
        ...

    def enqueue(self, unit: Unit) -> None:
        """Apply a unit soon, with the next group commit; a failure is logged and counted, not raised."""
        ...

    async def close(self) -> None:
        """Commit what is enqueued, and stop."""
        ...
