"""A store whose database is a MariaDB: asked in words, answered in MySQL's SQL that was checked and runs there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pymysql
import pytest

from ask.places import SAME, STATEMENTS
from assay.wire import server_pb2
from assay_lab.mariadb import MariaServer
from faces.loader.running import Host, refusal

READER = "asks_ro"
CITY = "List the names of customers in Berlin"


@pytest.fixture(scope="module")
def maria(mariadb: MariaServer) -> Iterator[MariaServer]:
    """The small shop on it, and an account that may only read, whose password a DSN has to quote."""
    mariadb.create_database("asked")
    with mariadb.connect("asked") as root, root.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement)
        cursor.execute("ANALYZE TABLE customers, orders")
        cursor.execute(f"CREATE USER {READER}@'%' IDENTIFIED BY 'p@ss/word'")
        cursor.execute(f"GRANT SELECT ON asked.* TO {READER}@'%'")
    yield mariadb
    with mariadb.connect() as root, root.cursor() as cursor:
        cursor.execute("DROP DATABASE asked")
        cursor.execute(f"DROP USER {READER}@'%'")


@pytest.fixture
def store(host: Callable[..., Host], maria: MariaServer) -> Callable[..., Host]:
    """A host for a store that names that database as atest does: address, account, driver, database."""
    place = {"url": f"127.0.0.1:{maria.port}", "pro__driver": "mysql", "pro__database": "asked",
             "pro__confidence_threshold": "0"}  # fmt: skip
    return lambda **more: host(**{"username": READER, "password": "p@ss/word", **place, **more})


def rows_there(maria: MariaServer, sql: str) -> set[tuple[Any, ...]]:
    """What the server itself gives for a text, as the account of the store."""
    with (
        pymysql.connect(
            host="127.0.0.1", port=maria.port, user=READER, password="p@ss/word", database="asked"
        ) as there,
        there.cursor() as cursor,
    ):
        cursor.execute(sql)
        return set(cursor.fetchall())


@pytest.mark.parametrize(("words", "expected"), SAME)
def test_a_question_is_answered_with_sql_that_was_checked_there_and_runs_there(
    store: Callable[..., Host], maria: MariaServer, words: str, expected: set[tuple[Any, ...]]
) -> None:
    said = store().query("generate", {"prompt": words, "database_type": "mariadb"})
    told = json.loads(said["meta"])
    assert told["verdict"] == "assayed" and told["evidence"] and not told["missing"]
    assert (told["dialect"], told["model"]) == ("mysql", "embedded") and said["explanation"]
    assert rows_there(maria, said["content"]) == expected


def test_what_mysql_alone_needs_quotes_for_is_written_in_its_way(
    store: Callable[..., Host], maria: MariaServer
) -> None:
    with maria.connect("asked") as root, root.cursor() as cursor:
        cursor.execute("CREATE TABLE `groups` (id INTEGER PRIMARY KEY, `rank` INTEGER, title VARCHAR(40))")
        cursor.execute("INSERT INTO `groups` VALUES (1, 3, 'first'), (2, 1, 'second')")
    asked = {"natural_language": "List the rank and title of groups", "database_type": "mysql"}
    info = store(name="words").ours(**asked).ai_info
    assert info.verdict == server_pb2.VERDICT_ASSAYED and info.dialect == "mysql"
    assert "`groups`" in info.generated_sql and '"' not in info.generated_sql
    assert rows_there(maria, info.generated_sql) == {(3, "first"), (1, "second")}


def test_rows_come_along_where_the_store_allows_it(store: Callable[..., Host]) -> None:
    asked: dict[str, Any] = {"natural_language": CITY, "ai_context": {"execute": "true"}}
    assert refusal(lambda: store().ours(**asked))[2] == "SQL_EXECUTION_DISABLED"
    reply = store(pro__enable_sql_execution="true").ours(**asked)
    assert {row.data[0].value for row in reply.items} == {"Ada", "Zoë"}


def test_nothing_is_run_there_where_the_store_rules_it_out(store: Callable[..., Host], maria: MariaServer) -> None:
    def ran(**more: str) -> list[str]:
        """The statements over the shop's tables that the account sent for one question, plans left out."""
        with maria.connect() as root, root.cursor() as cursor:
            cursor.execute("SET GLOBAL log_output = 'TABLE'")
            cursor.execute("TRUNCATE TABLE mysql.general_log")
            cursor.execute("SET GLOBAL general_log = ON")
            try:
                assert store(**more).query("generate", {"prompt": CITY})["success"] == "true"
            finally:
                cursor.execute("SET GLOBAL general_log = OFF")
            cursor.execute("SELECT argument FROM mysql.general_log WHERE user_host LIKE %s", (f"{READER}%",))
            sent = [str(row[0]) for row in cursor.fetchall()]
        return [text for text in sent if "customers" in text and text.startswith(("SELECT", "WITH"))]

    store().query("generate", {"prompt": CITY})  # its schema and values are read now
    assert any("Berlin" in text for text in ran()), "readings are run to choose among them"
    assert ran(pro__enable_sql_execution="false") == []


def test_another_dialect_and_a_wrong_password_are_refused_in_words(store: Callable[..., Host]) -> None:
    code, words, ours = refusal(lambda: store().query("generate", {"prompt": CITY, "database_type": "postgresql"}))
    assert (code.name, ours) == ("INVALID_ARGUMENT", "UNSUPPORTED_DATABASE") and "mysql" in words
    code, words, _ = refusal(lambda: store(name="wrong", password="hunter2").query("generate", {"prompt": CITY}))
    assert code.name == "UNAVAILABLE" and "Access denied" in words and "hunter2" not in words
