"""The account for questions alone reads its tables, has its limits by itself, and does little else."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import psycopg
import pymysql
import pytest
from psycopg.conninfo import make_conninfo

from assay.adapters.databases.door import EngineDatabases
from assay.ports.errors import Invalid, Refused
from assay.ports.secret import Secret
from assay.sources.init_asker import ASKER, DANGEROUS, asker_statements
from assay.sources.model import InitSource
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

PASSWORD = Secret("pass-word of asker")


@pytest.fixture
def databases() -> Iterator[EngineDatabases]:
    it = EngineDatabases()
    yield it
    it.close()


@pytest.fixture
def shop(postgres: Server, databases: EngineDatabases) -> Iterator[str]:
    """The superuser's DSN of a database for which the statements ran twice; an application's role was there before."""
    dsn = postgres.create_database()
    name = dsn.rpartition("/")[2]
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE TABLE orders (id int); CREATE ROLE application LOGIN PASSWORD 'x'")
        asked = InitSource(database=name, account="asker", revoke_functions=True)
        for _ in range(2):
            databases.administer(Secret(dsn), asker_statements(asked, PASSWORD))
        yield dsn
        databases.close()
        admin.execute(f"DROP OWNED BY {ASKER}, application; DROP ROLE {ASKER}, application")


def as_asker(dsn: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(make_conninfo(dsn, user=ASKER, password=PASSWORD.reveal()), autocommit=True)


def test_the_role_reads_and_has_its_limits_by_itself(shop: str, databases: EngineDatabases) -> None:
    with as_asker(shop) as asker:
        assert asker.execute("SELECT * FROM orders").fetchall() == []
        settings = ("default_transaction_read_only", "statement_timeout", "lock_timeout",
                    "idle_in_transaction_session_timeout", "temp_file_limit")  # fmt: skip
        found = [asker.execute("SELECT current_setting(%s)", [name]).fetchone() for name in settings]
        assert found == [("on",), ("15s",), ("1s",), ("10s",), ("1GB",)]
    with databases.reader(databases.as_account(Secret(shop), ASKER, PASSWORD)) as reader:
        assert reader.facts.powers == ()


def test_dangerous_functions_are_taken_from_it_and_left_to_who_was_there(shop: str) -> None:
    with as_asker(shop) as asker:
        for call in ("pg_sleep(0)", "pg_advisory_lock(1)", "set_config('statement_timeout', '0', false)",
                     "pg_notify('x', 'y')", "query_to_xml('select 1', true, true, '')", "lo_create(0)",
                     "pg_terminate_backend(1)"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                asker.execute(f"SELECT {call}".encode())
    with psycopg.connect(shop, autocommit=True) as admin:
        names = [name for words in DANGEROUS.values() for name in words.split()]
        left = admin.execute(
            "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.proname = ANY (%s)"
            f" AND has_function_privilege('{ASKER}', p.oid, 'EXECUTE')", [names]
        ).fetchall()  # fmt: skip
        assert left == []
        admin.execute("SET ROLE application")
        assert admin.execute("SELECT pg_advisory_lock(1), set_config('work_mem', '5MB', true)").fetchone()


def test_without_being_asked_nothing_is_taken_from_anybody() -> None:
    statements = asker_statements(InitSource(database="x", account="asker"))
    assert not any("REVOKE" in statement for statement in statements)
    assert sum(":'asker_ro_password'" in statement for statement in statements) == 1


@pytest.fixture
def odd(mariadb: MariaServer, databases: EngineDatabases) -> Iterator[tuple[str, Secret]]:
    """The name of a database with a wildcard in it, for which the statements ran twice, and the account's DSN."""
    name = f"shop_{secrets.token_hex(3)}"
    root = mariadb.create_database(name)
    with mariadb.connect(name) as admin, admin.cursor() as cursor:
        cursor.execute("CREATE TABLE orders (id INT)")
        cursor.execute(f"CREATE DATABASE {name.replace('_', 'X')}")
        cursor.execute(f"CREATE TABLE {name.replace('_', 'X')}.secrets (id INT)")
        for _ in range(2):
            databases.administer(Secret(root), asker_statements(InitSource(database=name, engine="mariadb"), PASSWORD))
        yield name, databases.as_account(Secret(root), ASKER, PASSWORD)
        cursor.execute(f"DROP USER {ASKER}@'%'")
        cursor.execute(f"DROP DATABASE {name}")
        cursor.execute(f"DROP DATABASE {name.replace('_', 'X')}")


def test_the_account_of_mariadb_reads_one_database_and_writes_none(
    odd: tuple[str, Secret], mariadb: MariaServer, databases: EngineDatabases
) -> None:
    name, dsn = odd
    with databases.reader(dsn) as reader:
        assert reader.read("SELECT * FROM orders", 1).rows == () and reader.facts.powers == ()
        with pytest.raises(Refused, match="denied"):
            reader.read(f"SELECT * FROM {name.replace('_', 'X')}.secrets", 1)
    link = pymysql.connect(host="127.0.0.1", port=mariadb.port, user=ASKER, password=PASSWORD.reveal(), database=name)
    with link, link.cursor() as cursor:
        cursor.execute("SELECT @@max_statement_time")
        assert cursor.fetchall() == ((15.0,),)
        for statement in ("INSERT INTO orders VALUES (1)", "CREATE TABLE x (a INT)", "DROP TABLE orders",
                          "SELECT LOAD_FILE('/etc/passwd') INTO OUTFILE '/tmp/x'", "SET GLOBAL max_connections = 1",
                          "CREATE TEMPORARY TABLE x (a INT)", "LOCK TABLES orders WRITE"):  # fmt: skip
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                cursor.execute(statement)


def test_no_password_is_in_any_statement_and_none_is_taken_as_it_is_printed(mariadb: MariaServer) -> None:
    asked = InitSource(database="x", engine="mariadb")
    assert not any("pass-word" in statement for statement in asker_statements(asked, PASSWORD))
    with mariadb.connect() as admin, admin.cursor() as cursor, pytest.raises(pymysql.err.ProgrammingError):
        cursor.execute(asker_statements(asked)[0])


@pytest.mark.parametrize("asked", [InitSource(database="", engine="mariadb"), InitSource(schemas=(), account="asker")])
def test_what_may_be_read_is_named(asked: InitSource) -> None:
    with pytest.raises(Invalid):
        asker_statements(asked)
