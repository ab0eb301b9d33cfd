"""Asks the same questions of the same rows in SQLite, PostgreSQL and MariaDB, each in its own dialect.

A question counts when its gold query, lifted and rendered for each engine, gives the rows there that SQLite gives.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import spider
from corpus import Case, Rows, cases, connect, digest, values
from transpile import copied, plain, typed, written

from assay.ask.engine.answer import Engine
from assay.ask.engine.rank import Model, load
from assay.ask.graph import Dialect, Graph
from assay.ask.ir import Query
from assay.ask.render import sql
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

MOST_ROWS = 1_000
SECONDS = 5
_MYSQL = {"bigint": "BIGINT", "double precision": "DOUBLE", "date": "DATE", "timestamp without time zone": "DATETIME"}


@dataclass(frozen=True)
class Place:
    """One copy of a database."""

    dialect: Dialect
    graph: Graph
    fetch: Callable[[str], Sequence[Sequence[Any]]]

    def rows(self, query: Query) -> Rows | None:
        """What a query gives there, values written alike; None where it cannot be said or fails."""
        with contextlib.suppress(ValueError, psycopg.Error, pymysql.Error, spider.sqlite3.Error):
            return [tuple(plain(row)) for row in self.fetch(sql(query, self.graph))]
        return None


def measured(split: spider.Split) -> dict[str, Any]:
    """Per cent of right answers in each dialect, over the questions whose gold gives the same rows in all three."""
    known, model = spider.graphs(), load()
    right: Counter[str] = Counter()
    asked = counted = 0
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "cluster") as server, MariaServer() as maria:
        for name, some in cases(known, split).items():
            with contextlib.ExitStack() as stack:
                places = _places(name, known[name], server, maria, stack)
                asked += len(some)
                if places:
                    counted += _ask(name, some, places, model, right)
    return {
        "split": split, "questions": asked, "same_gold_in_all": counted,
        "share": round(100 * counted / max(asked, 1), 1),
        "accuracy": {dialect: round(100 * right[dialect] / max(counted, 1), 1) for dialect in right},
    }  # fmt: skip


def _ask(name: str, some: list[Case], places: list[Place], model: Model, right: Counter[str]) -> int:
    held = values(name, places[0].graph)
    engines = [Engine(place.graph, held, model) for place in places]
    counted = 0
    for case in some:
        if case.gold is None:
            continue
        sorts = spider.ordered(case.sql)
        gold = [place.rows(case.gold) for place in places]
        found = {None if rows is None else digest(rows, sorts) for rows in gold}
        if len(found) > 1 or None in found or not gold[0]:
            continue
        counted += 1
        (wanted,) = found
        for place, engine in zip(places, engines, strict=True):
            reading = engine.answer(case.words, place.rows)
            rows = place.rows(reading.candidates[0].query) if reading.candidates else None
            right[place.dialect] += rows is not None and digest(rows, sorts) == wanted
    return counted


def _places(
    name: str, graph: Graph, server: Server, maria: MariaServer, stack: contextlib.ExitStack
) -> list[Place] | None:
    file, lite = spider.path(name), connect(name)
    if file is None or lite is None:
        return None
    postgres = stack.enter_context(psycopg.connect(server.create_database(extensions=False), autocommit=True))
    its = copied(file, graph, postgres)
    if its is None:
        return None
    postgres.execute(f"SET statement_timeout = '{SECONDS}s'".encode())
    mysql = maria.connect(maria.create_database().rpartition("/")[2])
    stack.callback(mysql.close)
    theirs = _into_mariadb(lite, graph, mysql)
    return [
        Place("sqlite", graph, lambda text: spider.execute(file, text)[:MOST_ROWS]),
        Place("postgres", its, lambda text: postgres.execute(text.encode()).fetchmany(MOST_ROWS)),
        Place("mysql", theirs, lambda text: _fetched(mysql, text)),
    ]


def _fetched(mysql: pymysql.Connection[Any], text: str) -> Sequence[Sequence[Any]]:
    with mysql.cursor() as cursor:
        cursor.execute(text)
        return cursor.fetchmany(MOST_ROWS)


def _into_mariadb(lite: Any, graph: Graph, mysql: pymysql.Connection[Any]) -> Graph:
    """Copy the tables; texts compare byte by byte, as they do in the other two."""
    tables = []
    with mysql.cursor() as cursor:
        for table in graph.tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            rows = lite.execute(f'SELECT {names} FROM "{table.name}"').fetchall()  # noqa: S608
            columns = [typed(column, [row[at] for row in rows]) for at, column in enumerate(table.columns)]
            made = ", ".join(f"`{c.name}` {_MYSQL.get(c.type, 'TEXT COLLATE utf8mb4_bin')}" for c in columns)
            cursor.execute(f"CREATE TABLE `{table.name}` ({made})")
            marks = ", ".join(["%s"] * len(columns))
            values_ = [[written(value, column) for value, column in zip(row, columns, strict=True)] for row in rows]
            cursor.executemany(f"INSERT INTO `{table.name}` VALUES ({marks})", values_)  # noqa: S608
            tables.append(replace(table, columns=tuple(columns)))
        mysql.commit()
        cursor.execute(f"SET max_statement_time = {SECONDS}")
    return replace(graph, dialect="mysql", tables=tuple(tables))
