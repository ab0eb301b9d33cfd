"""Perturbed copies of a database, on which a right query still gives what the gold one gives, and a lucky one does not.

One copy has other rows, one has other values: after the distilled test suites of Zhong, Yu and Klein (EMNLP 2020)."""

from __future__ import annotations

import random
import sqlite3
from typing import Any

import spider

from assay.ask.graph import Edge, Graph, Table

KEPT = 0.65
"""Share of each table's rows that the first copy keeps."""
Rows = list[tuple[Any, ...]]


def copies(database: str, graph: Graph) -> tuple[sqlite3.Connection, ...]:
    """Two copies in memory, always the same ones; none where there is no database file."""
    path = spider.path(database)
    if path is None:
        return ()
    return _resampled(_clone(str(path)), graph, database), _changed(_clone(str(path)), graph, database)


def _clone(path: str) -> sqlite3.Connection:
    source = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    made = sqlite3.connect(":memory:", isolation_level=None)
    made.text_factory = lambda raw: raw.decode("utf-8", "replace")
    source.backup(made)
    source.close()
    made.execute("PRAGMA foreign_keys = OFF")
    return made


def _resampled(made: sqlite3.Connection, graph: Graph, seed: str) -> sqlite3.Connection:
    """Some rows go, and with them those that refer to them: what was whole stays whole."""
    draw = random.Random(f"{seed} rows")  # noqa: S311
    tables = dict(_tables(made, graph))
    kept = {at: [draw.random() < KEPT for _ in rows] for at, rows in tables.items()}
    for flags in kept.values():
        flags[0] = flags[0] or not any(flags)
    shrinking = True
    while shrinking:
        shrinking = any(_follow(edge, tables, kept) for edge in graph.edges)
    for at, rows in tables.items():
        _refill(made, graph.tables[at], [row for row, stays in zip(rows, kept[at], strict=True) if stays])
    return made


def _follow(edge: Edge, tables: dict[int, Rows], kept: dict[int, list[bool]]) -> bool:
    """Drop the rows whose referenced row was dropped; say whether there were any."""
    if edge.table not in tables or edge.to not in tables:
        return False
    referenced: dict[tuple[Any, ...], bool] = {}
    for row, stays in zip(tables[edge.to], kept[edge.to], strict=True):
        key = tuple(row[column] for column in edge.to_columns)
        referenced[key] = stays or referenced.get(key, False)
    changed = False
    for place, row in enumerate(tables[edge.table]):
        if kept[edge.table][place] and not referenced.get(tuple(row[column] for column in edge.columns), True):
            kept[edge.table][place] = False
            changed = True
    return changed


def _changed(made: sqlite3.Connection, graph: Graph, seed: str) -> sqlite3.Connection:
    """Each column's values are dealt out anew among the rows; keys that identify a row stay."""
    draw = random.Random(f"{seed} values")  # noqa: S311
    held = {table.name: {*table.primary_key} for table in graph.tables}
    for edge in graph.edges:
        held[graph.tables[edge.to].name] |= set(edge.to_columns)
    for at, rows in _tables(made, graph):
        table = graph.tables[at]
        columns = [list(column) for column in zip(*rows, strict=True)]
        for place, column in enumerate(columns):
            if place not in held[table.name]:
                draw.shuffle(column)
        _refill(made, table, list(zip(*columns, strict=True)))
    return made


def _tables(made: sqlite3.Connection, graph: Graph) -> list[tuple[int, Rows]]:
    """The places of tables that hold any rows, with them."""
    found = [
        (at, made.execute(f"SELECT {_columns(table)} FROM {_quoted(table.name)}").fetchall())  # noqa: S608
        for at, table in enumerate(graph.tables)
    ]
    return [(at, rows) for at, rows in found if rows]


def _refill(made: sqlite3.Connection, table: Table, rows: Rows) -> None:
    name, marks = _quoted(table.name), ", ".join("?" * len(table.columns))
    made.execute("BEGIN")
    made.execute(f"DELETE FROM {name}")  # noqa: S608
    made.executemany(f"INSERT OR IGNORE INTO {name} ({_columns(table)}) VALUES ({marks})", rows)  # noqa: S608
    made.execute("COMMIT")


def _columns(table: Table) -> str:
    return ", ".join(_quoted(column.name) for column in table.columns)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
