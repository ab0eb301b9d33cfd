"""Reads Spider's training questions: schemas as graphs, the split by database, SQL executed and its rows compared."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from assay.ask.graph import Column, Edge, Graph, Kind, Table

Split = Literal["test", "validation", "training"]
_KINDS: dict[str, Kind] = {"text": "text", "number": "number", "time": "time", "boolean": "boolean"}
_EVERY = 5000
"""Steps of SQLite's machine between two looks at the clock."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, in both wordings, and the SQL that is right."""

    database: str
    words: str
    synonyms: str
    sql: str


def folder() -> Path:
    """Where the data is; without ASSAY_DATA the program says so and ends with 3."""
    root = os.environ.get("ASSAY_DATA", "")
    found = Path(root) / "spider_train"
    if not root or not found.is_dir():
        sys.stderr.write("set ASSAY_DATA to the folder that holds spider_train/\n")
        raise SystemExit(3)
    return found


def split(database: str) -> Split:
    """By database, so that no schema is on two sides: a fifth is the test and never looked at, a fifth validates."""
    fifth = hashlib.sha256(database.encode()).digest()[0] % 5
    return "test" if fifth == 0 else "validation" if fifth == 1 else "training"


def questions(*splits: Split) -> Iterator[Question]:
    """The questions of some splits; the test's are dropped before anything reads them unless it is asked for."""
    for one in json.loads((folder() / "questions.json").read_text(encoding="utf-8")):
        if split(one["db_id"]) in splits:
            yield Question(one["db_id"], one["question"], one["question_synonyms"], one["sql"])


def graphs() -> dict[str, Graph]:
    """Every schema by its name."""
    return {one["db_id"]: graph(one) for one in json.loads((folder() / "schemas.json").read_text(encoding="utf-8"))}


def path(database: str) -> Path | None:
    """The SQLite file with its rows; three of the databases have none."""
    found = folder() / "databases" / f"{database}.sqlite"
    return found if found.exists() else None


def graph(schema: dict[str, Any]) -> Graph:
    """One schema. Its natural names become `words`; columns of a key made of one column are unique and never null."""
    names, words = schema["column_names_original"], schema["column_names"]
    place: dict[int, tuple[int, int]] = {}
    columns: list[list[Column]] = [[] for _ in schema["table_names_original"]]
    for number, (table, name) in enumerate(names):
        if table >= 0:
            place[number] = table, len(columns[table])
            kind = _KINDS.get(schema["column_types"][number], "other")
            spoken = words[number][1]
            columns[table].append(Column(name, _type(kind), kind, words="" if spoken == name else spoken))
    keys: list[list[int]] = [[] for _ in columns]
    for number in schema["primary_keys"]:
        for one in number if isinstance(number, list) else [number]:
            table, column = place[one]
            keys[table].append(column)
    for table, key in enumerate(keys):
        for column in key:
            only = len(key) == 1
            columns[table][column] = replace(columns[table][column], nullable=False, unique=only)
    tables = tuple(
        Table(name, tuple(columns[table]), primary_key=tuple(keys[table]), words=schema["table_names"][table])
        for table, name in enumerate(schema["table_names_original"])
    )
    edges = dict.fromkeys(
        Edge(place[one][0], (place[one][1],), place[to][0], (place[to][1],)) for one, to in schema["foreign_keys"]
    )
    return Graph("sqlite", tables, tuple(edges))


def _type(kind: Kind) -> str:
    return {"text": "TEXT", "number": "NUMERIC", "time": "TEXT", "boolean": "TEXT"}.get(kind, "")


def execute(database: Path, sql: str, seconds: float = 5.0) -> list[tuple[Any, ...]]:
    """The rows of a query, read only.

    Raises:
        sqlite3.Error: SQLite refuses it, or it took longer than `seconds`.
    """
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        end = time.monotonic() + seconds
        connection.set_progress_handler(lambda: time.monotonic() > end, _EVERY)
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def ordered(sql: str) -> bool:
    """Whether the order of the rows is part of the answer: an ORDER BY outside of all parentheses."""
    depth, words = 0, []
    for word in sql.replace("(", " ( ").replace(")", " ) ").upper().split():
        depth += (word == "(") - (word == ")")
        words.append(word if depth == 0 else "")
    return any(one == "ORDER" and next_ == "BY" for one, next_ in itertools.pairwise(words))


def same_rows(gold: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]], in_order: bool) -> bool:
    """Whether two results are the same: columns in the order they were selected, rows as a multiset unless the gold has
    an order, numbers to six digits, 3 and 3.0 alike."""
    if len(gold) != len(rows):
        return False
    one, other = [_row(row) for row in gold], [_row(row) for row in rows]
    return one == other if in_order else Counter(one) == Counter(other)


def _row(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(_value(value) for value in row)


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return float(value)
    return float(f"{value:.6g}") if isinstance(value, float) else float(value) if isinstance(value, int) else value
