"""The training data as the trainer uses it: both wordings, lifted gold queries, and a way to run candidates."""

from __future__ import annotations

import contextlib
import random
import sqlite3
from dataclasses import dataclass
from typing import Any

import spider
from quick import Writer

from assay.ask.engine.values import MOST_VALUES, ValueIndex
from assay.ask.graph import Graph
from assay.ask.ir import Query
from assay.ask.lift import Unliftable, lift

MOST_ROWS = 1000
STEPS = 300
"""Thousands of steps of SQLite's machine that a candidate may take."""
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Case:
    """A question with its answer."""

    database: str
    words: str
    synonyms: str
    sql: str
    gold: Query | None
    """None where the gold SQL is outside of the IR."""

    def wordings(self) -> tuple[str, str]:
        """Both."""
        return self.words, self.synonyms


def cases(graphs: dict[str, Graph], *splits: spider.Split) -> dict[str, list[Case]]:
    """By database, in the order of their names."""
    found: dict[str, list[Case]] = {}
    for one in spider.questions(*splits):
        query = lift(one.sql, graphs[one.database])
        gold = None if isinstance(query, Unliftable) else query
        found.setdefault(one.database, []).append(Case(one.database, one.words, one.synonyms, one.sql, gold))
    return dict(sorted(found.items()))


def drawn(found: dict[str, list[Case]], limit: int) -> list[tuple[str, list[Case]]]:
    """All of them, or so many drawn ones (always the same), by database."""
    every = [case for some in found.values() for case in some]
    kept = {id(case) for case in (random.Random(1).sample(every, min(limit, len(every))) if limit else every)}  # noqa: S311
    return [(name, [case for case in some if id(case) in kept]) for name, some in found.items()]


def connect(database: str) -> sqlite3.Connection | None:
    """Read-only."""
    path = spider.path(database)
    if path is None:
        return None
    made = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    made.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return made


def values(database: str, graph: Graph) -> ValueIndex:
    """What the columns that are not numbers hold."""
    connection = connect(database)
    found: dict[tuple[int, int], list[Any]] = {}
    for at, table in enumerate(graph.tables if connection else ()):
        for place, column in enumerate(table.columns):
            if column.kind != "number" and connection is not None:
                name, source = (one.replace('"', '""') for one in (column.name, table.name))
                with contextlib.suppress(sqlite3.Error):
                    rows = connection.execute(f'SELECT DISTINCT "{name}" FROM "{source}" LIMIT {MOST_VALUES}')  # noqa: S608
                    found[at, place] = [row[0] for row in rows]
    return ValueIndex(found)


class Runner:
    """Runs SQL on one database under a cap, and remembers what it returned."""

    def __init__(self, connection: sqlite3.Connection | None, graph: Graph) -> None:
        self._connection = connection
        self._writer = Writer(graph)
        self._known: dict[str, Rows | None] = {}

    def query(self, query: Query) -> Rows | None:
        """A candidate's rows; None where it fails."""
        text = self.text(query)
        return None if text is None else self.run(text)

    def text(self, query: Query) -> str | None:
        """A candidate as SQL; None where its tables do not join."""
        return self._writer.text(query)

    def run(self, text: str, steps: int = STEPS) -> Rows | None:
        """The rows, at most so many; None where it fails or takes too long."""
        if self._connection is None:
            return None
        if text not in self._known:
            left = [steps]

            def tick() -> int:
                left[0] -= 1
                return int(left[0] <= 0)

            self._connection.set_progress_handler(tick, 1000)
            try:
                self._known[text] = self._connection.execute(text).fetchmany(MOST_ROWS)
            except (sqlite3.Error, UnicodeError):
                self._known[text] = None
        return self._known[text]


def digest(rows: Rows, ordered: bool) -> int:
    """Equal where results are the same, in any order of columns as the published metric has it: rows as a multiset
    unless the gold has an order, numbers to six digits, 3 and 3.0 alike."""
    columns = [tuple(map(_cell, column)) for column in zip(*rows, strict=True)]
    columns.sort(key=lambda column: (sorted(column), column))
    cells = list(zip(*columns, strict=True))
    return hash(tuple(cells if ordered else sorted(cells)))


def _cell(value: object) -> str:
    return f"{float(value):.6g}" if isinstance(value, int | float) else repr(value)
