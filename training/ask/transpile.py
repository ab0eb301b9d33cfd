"""Checks the PostgreSQL that the renderer writes: Spider's databases are copied to a server, and both are asked."""

from __future__ import annotations

import argparse
import datetime
import decimal
import json
import re
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql as text
from spider import execute, graphs, ordered, path, questions, same_rows

from assay.ask.graph import Column, Graph, Kind
from assay.ask.lift import Unliftable, lift
from assay.ask.render import sql
from assay_lab.server import Server

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
_MOST_ROWS = 20_000


def main() -> None:
    """Print the shares of queries that PostgreSQL accepts, and that give what SQLite gives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", type=int, default=25)
    parser.add_argument("--show", type=int, default=0, help="print so many failures of each kind to stderr")
    asked = parser.parse_args()
    known = graphs()
    names = sorted({one.database for one in questions("training", "validation") if path(one.database)})
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "cluster") as server:
        for name in names[:: max(1, len(names) // asked.databases)][: asked.databases]:
            file = path(name)
            assert file is not None
            with psycopg.connect(server.create_database(extensions=False), autocommit=True) as connection:
                target = copied(file, known[name], connection)
                if target is None:
                    continue
                for one in dict.fromkeys(
                    one.sql for one in questions("training", "validation") if one.database == name
                ):
                    found, detail = outcome(one, file, known[name], target, connection)
                    if found != "same" and outcomes[found] < asked.show:
                        sys.stderr.write(f"{found} [{name}]\n  {one}\n  {detail}\n")
                    outcomes[found] += 1
    total = sum(outcomes.values())
    shares = {"accepted": 1 - outcomes["refused"] / total, "same_rows": outcomes["same"] / total}
    json.dump({"queries": total, **shares, "outcomes": outcomes}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def copied(file: Path, graph: Graph, connection: psycopg.Connection) -> Graph | None:
    """The tables and rows of one database on the server, names as they are; None where one is too large for a check."""
    tables = []
    for table in graph.tables:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        try:
            rows = execute(file, f'SELECT {names} FROM "{table.name}" LIMIT {_MOST_ROWS + 1}')  # noqa: S608
        except sqlite3.Error:
            return None
        if len(rows) > _MOST_ROWS:
            return None
        columns = [typed(column, [row[at] for row in rows]) for at, column in enumerate(table.columns)]
        made = text.SQL(", ").join(text.SQL("{} {}").format(text.Identifier(c.name), text.SQL(c.type)) for c in columns)
        name = text.Identifier(table.name)
        connection.execute(text.SQL("CREATE TABLE {} ({})").format(name, made))
        with connection.cursor() as cursor, cursor.copy(text.SQL("COPY {} FROM STDIN").format(name)) as copy:
            for row in rows:
                copy.write_row([written(value, column) for value, column in zip(row, columns, strict=True)])
        if table.primary_key:
            key = text.SQL(", ").join(text.Identifier(columns[at].name) for at in table.primary_key)
            try:
                connection.execute(text.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(name, key))
            except psycopg.Error:
                table = replace(table, primary_key=())
        tables.append(replace(table, columns=tuple(columns)))
    return replace(graph, dialect="postgres", tables=tuple(tables))


def typed(column: Column, values: Iterable[Any]) -> Column:
    """The column with the type that its values have."""
    kept = [value for value in values if value is not None and value != ""]
    kind: Kind = "text"
    type_ = "text"
    if kept and all(isinstance(value, int) for value in kept):
        kind, type_ = "number", "bigint"
    elif kept and all(isinstance(value, int | float) for value in kept):
        kind, type_ = "number", "double precision"
    elif kept and all(isinstance(value, str) and _DATE.fullmatch(value) and _exists(value) for value in kept):
        kind, type_ = "time", "date"
    elif kept and all(isinstance(value, str) and _TIME.fullmatch(value) and _exists(value) for value in kept):
        kind, type_ = "time", "timestamp without time zone"
    elif not kept and column.kind == "number":
        kind, type_ = "number", "bigint"
    return replace(column, kind=kind, type=type_)


def _exists(value: str) -> bool:
    """Whether there is such a day and time; SQLite keeps "0000-00-00" as well."""
    try:
        return bool(datetime.datetime.fromisoformat(value))
    except ValueError:
        return False


def written(value: Any, column: Column) -> Any:
    """A value as its column takes it; SQLite keeps empty texts among numbers."""
    if column.type != "text":
        return None if value == "" else value
    return None if value is None else str(value).replace("\0", "")


def outcome(gold: str, file: Path, graph: Graph, target: Graph, connection: psycopg.Connection) -> tuple[str, str]:
    """What one query comes to, and what shows it."""
    query = lift(gold, graph)
    if isinstance(query, Unliftable):
        return "not lifted", query.reason
    written_sql = sql(query, target)
    try:
        expected = execute(file, sql(query, graph))
    except sqlite3.Error as error:
        return "the gold fails", str(error)
    try:
        rows: Sequence[Sequence[Any]] = connection.execute(written_sql.encode()).fetchall()
    except psycopg.Error as error:
        return "refused", f"{written_sql}\n  {error}"
    if same_rows([plain(row) for row in expected], [plain(row) for row in rows], False):
        return "same", ""
    kind = "other rows, ordered" if ordered(gold) else "other rows"
    return kind, f"{written_sql}\n  {expected[:3]}\n  {rows[:3]}"


def plain(row: Sequence[Any]) -> list[Any]:
    """A row without what is only PostgreSQL's way to say it."""
    made: list[Any] = []
    for value in row:
        if isinstance(value, decimal.Decimal):
            value = float(value)
        elif isinstance(value, datetime.date):
            value = str(value)
        elif isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = value.replace("T", " ")
        made.append(None if value == "" else value)
    return made


if __name__ == "__main__":
    main()
