"""What people ask for passes, and what is run in its place gives the same rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ask.guard import benign
from ask.guard.schema import DDL, POSTGRES_DDL, graph, mysql_ddl
from assay.adapters.databases.door import EngineDatabases
from assay.ask.graph import Dialect
from assay.ask.guard.check import guard
from assay.ports.databases import Reader
from assay.ports.errors import Refused
from assay.ports.secret import Secret
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

FOR: dict[Dialect, list[str]] = {
    "postgres": [*benign.EVERYWHERE, *benign.NOT_MYSQL, *benign.POSTGRES],
    "sqlite": [*benign.EVERYWHERE, *benign.NOT_MYSQL, *benign.SQLITE],
    "mysql": [*benign.EVERYWHERE, *benign.MYSQL],
}
GRAPHS = {dialect: graph(dialect) for dialect in FOR}


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path: Path = tmp_path_factory.mktemp("guard") / "shop.db"
    connection = sqlite3.connect(path)
    connection.executescript(DDL.replace("{json}", "TEXT"))
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    path: Path = tmp_path_factory.mktemp("read") / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(DDL.replace("{json}", "TEXT"))
    connection.close()
    with EngineDatabases().reader(Secret(f"sqlite://{path}")) as reader:
        yield reader


@pytest.fixture(scope="module")
def server(postgres: Server) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres.create_database(), autocommit=True) as connection:
        for statement in (DDL.replace("{json}", "JSONB") + POSTGRES_DDL).split(";\n"):
            if statement.strip():
                connection.execute(statement.encode())
        connection.execute("SET search_path = public, crm")
        yield connection


def rows(found: list[tuple[Any, ...]]) -> list[tuple[str, ...]]:
    return [tuple(f"{type(one).__name__} {one!r}" for one in row) for row in found]


def test_there_are_more_than_a_hundred_of_each() -> None:
    assert all(len(set(statements)) == len(statements) >= 100 for statements in FOR.values())


@pytest.mark.parametrize("text", FOR["sqlite"])
def test_sqlite_gives_the_same_rows_for_what_is_run_instead(text: str, sqlite: sqlite3.Connection) -> None:
    passed = guard(text, GRAPHS["sqlite"])
    assert rows(sqlite.execute(passed.sql).fetchall()) == rows(sqlite.execute(text).fetchall())


@pytest.mark.parametrize("text", FOR["postgres"])
def test_postgres_gives_the_same_rows_for_what_is_run_instead(text: str, server: psycopg.Connection[Any]) -> None:
    passed = guard(text, GRAPHS["postgres"])
    with server.transaction():  # now() is one time in it
        before = server.execute(text.encode())
        names = [column.name for column in before.description or ()]
        wanted = rows(before.fetchall())
        after = server.execute(passed.sql.encode())
        assert rows(after.fetchall()) == wanted
        assert [column.name for column in after.description or ()] == names


@pytest.fixture(scope="module")
def maria(mariadb: MariaServer) -> Iterator[Reader]:
    dsn = mariadb.create_database()
    with mariadb.connect(dsn.rpartition("/")[2]) as root, root.cursor() as cursor:
        for statement in mysql_ddl():
            cursor.execute(statement)
    with EngineDatabases().reader(Secret(dsn)) as reader:
        yield reader


@pytest.mark.parametrize("text", FOR["mysql"])
def test_mariadb_gives_the_same_rows_for_what_is_run_instead(text: str, maria: Reader) -> None:
    passed = guard(text, GRAPHS["mysql"])
    assert guard(passed.sql, GRAPHS["mysql"]).sql == passed.sql
    if any(part in text for part in benign.NOT_MARIADB):
        with pytest.raises(Refused):  # the server says so before anything is shown
            maria.estimate(text)
        return
    instead, wanted = maria.read(passed.sql, 1_000), maria.read(text, 1_000)
    assert (instead.rows, instead.types) == (wanted.rows, wanted.types)
    assert maria.estimate(passed.sql).most_rows >= 1


@pytest.mark.parametrize("text", FOR["sqlite"])
def test_what_passes_for_sqlite_is_let_pass_by_the_session_too(text: str, lite: Reader) -> None:
    passed = guard(text, GRAPHS["sqlite"])
    lite.read(passed.sql, 1_000)
    assert lite.estimate(passed.sql).most_rows >= 1
