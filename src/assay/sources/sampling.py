"""Reads common values of text columns where the server keeps no statistics of them, within limits of rows and time."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from assay.ports.databases import Reader
from assay.ports.errors import Refused, TimedOut
from assay.sources.model import Column

MOST_ROWS = 10_000
"""Of a table that are looked at, in the order in which it hands them on."""
MOST_VALUES = 500
"""Of a column that are kept, the most frequent first."""
LONGEST = 100
"""Characters; longer ones are texts, not values that somebody asks for."""
SECONDS = 5.0
"""For all columns of a database together; those that come later have no values."""

Quote = Callable[[str], str]


class Sampling:
    """Reads values for one schema until its time is over.

    Args:
        reader: of the database.
        quote: writes a name of this engine.
        length: the function that counts characters.
        private: columns that are not looked at, "table.column" or "schema.table.column".
    """

    def __init__(self, reader: Reader, quote: Quote, length: str, private: Collection[str]) -> None:
        self._reader, self._quote, self._length = reader, quote, length
        self._private = frozenset(private)
        self._until = time.monotonic() + SECONDS

    def columns(
        self, schema: str, table: str, columns: Sequence[Column], worded: Collection[str]
    ) -> tuple[Column, ...]:
        """The same columns, those named in `worded` with the values that were found."""
        return tuple(
            column.model_copy(update={"common_values": self._values(schema, table, column.name)})
            if column.name in worded and not is_private(self._private, schema, table, column.name)
            else column
            for column in columns
        )

    def _values(self, schema: str, table: str, column: str) -> tuple[str, ...]:
        if time.monotonic() > self._until:
            return ()
        name, place = self._quote(column), f"{self._quote(schema)}.{self._quote(table)}"
        sql = (
            f"SELECT v, count(*) AS n FROM (SELECT {name} AS v FROM {place} LIMIT {MOST_ROWS}) AS seen"  # noqa: S608
            f" WHERE v IS NOT NULL AND {self._length}(v) <= {LONGEST} GROUP BY v ORDER BY n DESC, v LIMIT {MOST_VALUES}"
        )
        with suppress(Refused, TimedOut):  # a table that may not be read, or not in time, has no values
            return tuple(row["v"] for row in self._reader.rows(sql) if isinstance(row["v"], str))
        return ()


def is_private(private: Collection[str], schema: str, table: str, column: str) -> bool:
    """Whether somebody named this column, with its schema or without."""
    return f"{table}.{column}" in private or f"{schema}.{table}.{column}" in private
