"""The accounts that are made can do their work and nothing else."""

from __future__ import annotations

import base64
import json
import re
import secrets
import subprocess
from collections.abc import Iterator

import pglast.parser
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.errors import Invalid, Refused
from assay.ports.secret import Secret
from assay.sources import quoting
from assay.sources.check import check_session
from assay.sources.init import READER, ROLES, SANDBOX, init_statements, scram_verifier
from assay.sources.model import InitSource
from assay_lab.server import Server, find_binaries
from sources.conftest import Visit

PASSWORDS = {role: Secret(f"pass-word of {role}'\\") for role in ROLES}


@pytest.fixture
def shop(postgres: Server, databases: PostgresDatabases) -> Iterator[str]:
    """The superuser's DSN of a database with odd names and tables of two owners, for which init ran twice."""
    database = f'Shop\'s "{secrets.token_hex(3)}" ü'
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    dsn = make_conninfo(postgres.dsn(), dbname=database)
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("CREATE ROLE owner_of_shop")
        admin.execute('CREATE SCHEMA "It\'s ""odd"""; CREATE TABLE "It\'s ""odd"""."T" (x int)')
        admin.execute("CREATE TABLE orders (id int PRIMARY KEY, status text)")
        admin.execute("CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO owner_of_shop")
        admin.execute("GRANT CREATE ON SCHEMA public TO owner_of_shop")
        admin.execute("CREATE SCHEMA private; CREATE TABLE private.secrets (x int)")
        asked = InitSource(database=database, schemas=("public", 'It\'s "odd"', "public"))
        for _ in range(2):
            databases.administer(Secret(dsn), init_statements(asked, PASSWORDS))
        yield dsn
        databases.close()
        admin.execute("DROP OWNED BY owner_of_shop CASCADE; DROP ROLE owner_of_shop")
        for role in ROLES:
            admin.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")  # pyright: ignore[reportArgumentType]
    with psycopg.connect(postgres.dsn(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(database)))


def as_(role: str, dsn: str) -> str:
    return make_conninfo(dsn, user=role, password=PASSWORDS[role].reveal())


def test_the_reader_reads_and_plans_and_lacks_nothing(shop: str, visit: Visit) -> None:
    with psycopg.connect(shop, autocommit=True) as application:
        application.execute("SELECT 'seen by the reader' FROM orders")
    with visit(as_(READER, shop)) as session:
        found = check_session(session, "s_1")
        assert [lack.what for lack in found.lacks] == ["SELECT on 1 table or view in schema private"]
        imagined = session.imagine("CREATE INDEX ON orders (status)")
        assert imagined.bytes
        assert session.plan("SELECT * FROM orders WHERE status = $1", ["new"])["Total Cost"] > 0
        assert session.plan('SELECT * FROM "It\'s ""odd"""."T"')
        seen = session.rows("SELECT query FROM pg_stat_statements WHERE query ~ 'FROM orders'")
        assert any("SELECT $1 FROM orders" in row["query"] for row in seen), "statements of others are shown"
        own = f"SELECT 1 FROM pg_stat_statements WHERE query ~ 'EXPLAIN' AND userid = '{READER}'::regrole"
        assert not session.rows(own), "and its own are not recorded"
        assert session.facts.superuser is False
        with pytest.raises(Refused, match="permission denied"):
            session.plan("SELECT * FROM private.secrets")


def test_the_reader_cannot_write_even_when_it_lifts_its_own_read_only_setting(shop: str) -> None:
    with psycopg.connect(as_(READER, shop), autocommit=True) as reader:
        for statement in ("INSERT INTO orders VALUES (1)", "CREATE TABLE mine (x int)", "CREATE TEMP TABLE t (x int)"):
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                reader.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
        reader.execute("SET default_transaction_read_only = off")
        for statement in (
            "INSERT INTO orders VALUES (1)", "UPDATE orders SET id = 1", "DELETE FROM orders", "TRUNCATE orders",
            "CREATE TABLE mine (x int)", "CREATE TABLE public.mine (x int)", "CREATE INDEX ON orders (status)",
            "CREATE SCHEMA mine", "SELECT * FROM private.secrets", "CREATE ROLE other", "DROP TABLE orders",
            "SELECT pg_read_file('PG_VERSION')",
        ):  # fmt: skip
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.InvalidSchemaName)):
                reader.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_the_reader_has_its_limits_by_itself(shop: str) -> None:
    with psycopg.connect(as_(READER, shop)) as reader:
        row = reader.execute(
            "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout'), rolconnlimit, rolsuper, rolcreatedb,"
            " rolcreaterole, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == ("1min", "2s", "30s", 24, False, False, False, False, False)


def test_tables_made_later_can_be_read_whoever_of_the_owners_makes_them(shop: str) -> None:
    with psycopg.connect(shop, autocommit=True) as admin:
        admin.execute('CREATE TABLE later (x int); CREATE TABLE "It\'s ""odd""".later (x int)')
        admin.execute("SET ROLE owner_of_shop")
        admin.execute("CREATE TABLE theirs (x int)")
    with psycopg.connect(as_(READER, shop)) as reader:
        for name in ("later", "theirs", '"It\'s ""odd""".later'):
            assert reader.execute(f"SELECT * FROM {name}").fetchall() == []  # pyright: ignore[reportArgumentType]


def test_the_sandbox_account_may_make_temporary_tables_only(shop: str) -> None:
    with psycopg.connect(as_(SANDBOX, shop), autocommit=True) as sandbox:
        sandbox.execute("CREATE TEMP TABLE t (x int)")
        sandbox.execute("CREATE INDEX ON t (x)")
        for statement in ("SELECT * FROM orders", "INSERT INTO orders VALUES (1)", "CREATE SCHEMA mine"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                sandbox.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]


def test_no_password_is_in_any_statement(postgres: Server) -> None:
    statements = init_statements(InitSource(), PASSWORDS)
    assert not any("pass-word" in statement for statement in statements)
    assert sum("SCRAM-SHA-256$4096:" in statement for statement in statements) == 2


def test_statements_for_another_database_are_refused(shop: str, databases: PostgresDatabases) -> None:
    with pytest.raises(Refused, match="connect to postgres"):
        databases.administer(Secret(shop), init_statements(InitSource(database="postgres"), PASSWORDS))


def test_a_role_that_is_a_superuser_is_not_taken_over(shop: str, databases: PostgresDatabases) -> None:
    with psycopg.connect(shop, autocommit=True) as admin:
        admin.execute("ALTER ROLE profiler_sb SUPERUSER")
        database = str(conninfo_to_dict(shop)["dbname"])
        with pytest.raises(Refused, match="profiler_sb exists and is a superuser"):
            databases.administer(Secret(shop), init_statements(InitSource(database=database), PASSWORDS))
        admin.execute("ALTER ROLE profiler_sb NOSUPERUSER")


def test_what_is_printed_runs_in_psql_with_passwords_as_variables(shop: str) -> None:
    database = str(conninfo_to_dict(shop)["dbname"])
    script = ";\n".join(init_statements(InitSource(database=database))) + ";\n"
    assert script.count(":'profiler_ro_password'") == script.count(":'profiler_sb_password'") == 1
    ran = subprocess.run(
        [find_binaries() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", "profiler_ro_password=it's\\new",
         "-v", "profiler_sb_password=other", "-d", shop],
        input=script, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    psycopg.connect(make_conninfo(shop, user=READER, password="it's\\new")).close()


@pytest.mark.parametrize("schemas", [(), ("",), ("public", "")])
def test_at_least_one_schema_is_named(schemas: tuple[str, ...]) -> None:
    with pytest.raises(Invalid, match="schemas"):
        init_statements(InitSource(schemas=schemas))


def test_a_schema_that_does_not_exist_is_refused_by_name(shop: str, databases: PostgresDatabases) -> None:
    asked = InitSource(database=str(conninfo_to_dict(shop)["dbname"]), schemas=("nowhere",))
    with pytest.raises(Refused, match="nowhere"):
        databases.administer(Secret(shop), init_statements(asked, PASSWORDS))


def test_a_verifier_is_the_one_of_rfc_7677() -> None:
    # The exchange in RFC 7677, section 3: user "user", password "pencil".
    verifier = scram_verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    assert verifier == (
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
        "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
    )
    assert re.fullmatch(
        r"SCRAM-SHA-256\$4096:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}", scram_verifier("x")
    )


@pytest.mark.parametrize("password", ["", "pässword", "two\nlines"])
def test_a_password_that_would_need_preparation_is_refused(password: str) -> None:
    with pytest.raises(Invalid):
        scram_verifier(password)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20))
def test_quoting_never_lets_text_out(value: str) -> None:
    def parsed(statement: str) -> dict:
        (only,) = json.loads(pglast.parser.parse_sql_json(statement))["stmts"]  # pyright: ignore
        return only["stmt"]

    column = parsed(f"SELECT {quoting.text(value)} AS {quoting.name(value)}")["SelectStmt"]["targetList"][0][
        "ResTarget"
    ]
    assert column["name"] == value and column["val"]["A_Const"]["sval"].get("sval", "") == value
    assert "DoStmt" in parsed(quoting.block(f"BEGIN PERFORM {quoting.text(value)}; -- $do$ $do1$\nEND"))
