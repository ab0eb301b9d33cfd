"""The walk from a DSN to rows on every engine: connect, schema, question, SQL, rows, proof; and what each refuses."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ask.homes import Home, refused
from ask.places import ENGINES, SAME, Places, made
from assay.ask.see import kind_of
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server

DIALECTS = {
    "postgresql": ("postgresql", "postgres", "pg"),
    "mysql": ("mysql", "mariadb", "MariaDB"),
    "sqlite": ("sqlite", "sqlite3"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, postgres: Server, mariadb: MariaServer) -> Iterator[Places]:
    with made(tmp_path_factory.mktemp("engines"), postgres, mariadb) as it:
        yield it


@pytest.fixture
def engine() -> None:
    """A test that names none gets all of them."""


@pytest.fixture
def home(tmp_path: Path, places: Places, engine: str | None) -> Home:
    """A house of this test's own, with one engine or all: one process may open a house that proves only so often."""
    it = Home(tmp_path)
    for one in (engine,) if engine else ENGINES:
        it.ask("sources.connect", name=one, dsn=places.reader[one])
    return it


@pytest.mark.parametrize("engine", ENGINES)
def test_a_source_knows_its_engine_and_no_secret(home: Home, places: Places, engine: str) -> None:
    source = home.ask("sources.get", id=engine)
    assert (source.engine, source.state in ("online", "degraded")) == (engine, True) and source.server_version
    assert ":ro@" not in source.model_dump_json()
    check = home.ask("sources.check", id=engine)
    assert check.powers == () and check.state == source.state


@pytest.mark.parametrize("engine", ENGINES)
def test_the_schema_has_columns_keys_sizes_and_values(home: Home, engine: str) -> None:
    schema = home.ask("sources.schema", id=engine)
    tables = {table.name: table for table in schema.tables}
    customers, orders = tables["customers"], tables["orders"]
    assert [column.name for column in customers.columns] == ["id", "name", "city", "email"]
    assert customers.primary_key == ("id",) and 3 <= customers.rows <= 4
    (key,) = orders.foreign_keys
    assert (key.columns, key.to_table, key.to_columns) == (("customer_id",), customers.qualified, ("id",))
    assert any(index.unique and index.keys == ("email",) for index in customers.indexes)
    nullable = {column.name: column.nullable for column in customers.columns}
    assert nullable["city"] and not nullable["name"]
    city = next(column for column in customers.columns if column.name == "city")
    assert "Berlin" in (*city.common_values, *city.bounds)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("question", "rows"), SAME)
def test_a_question_gives_the_same_rows_on_every_engine(
    home: Home, engine: str, question: str, rows: set[tuple[Any, ...]]
) -> None:
    answer = home.question(question, store=engine, execute=True)
    assert answer.verdict == "assayed" and answer.dialect == engine and all(check.passed for check in answer.checks)
    assert set(answer.rows.rows) == rows, answer.sql
    assert home.ask("evidence.replay", id=answer.evidence[0]).outcome == "same"


@pytest.mark.parametrize("engine", ENGINES)
def test_each_name_of_a_dialect_is_known_and_others_are_refused(home: Home, engine: str) -> None:
    for dialect in DIALECTS[engine]:
        assert home.question("How many customers are there?", store=engine, dialect=dialect).dialect == engine
    for dialect in (DIALECTS["sqlite" if engine != "sqlite" else "mysql"][0], "oracle"):
        error = refused(lambda dialect=dialect: home.question("How many customers?", store=engine, dialect=dialect))
        assert error.code == "UNSUPPORTED_DATABASE" and engine in error.message


@pytest.mark.parametrize("engine", ENGINES)
def test_the_cost_gate_holds_and_says_how_it_was_estimated(home: Home, engine: str) -> None:
    froms = ", ".join(f"orders t{number}" for number in range(20))
    found = home.ask("ask.validate", store=engine, sql=f"SELECT count(*) FROM {froms}")
    assert not found.is_valid and found.issues[-1].code == "TOO_EXPENSIVE"
    if engine != "postgresql":
        assert found.cost is None and "rows visited" in found.checks[1].detail
    error = refused(lambda: home.ask("ask.run", store=engine, sql="DELETE FROM orders"))
    assert error.code == "SQL_REJECTED"
    ran = home.ask("ask.run", store=engine, sql="select name from customers order by id", max_rows=2)
    assert ran.rows.rows == (("Ada",), ("Bob",)) and ran.rows.more


@pytest.mark.parametrize("engine", ("mysql", "sqlite"))
def test_what_only_postgresql_can_says_so(home: Home, engine: str) -> None:
    for operation, asked in (
        ("workload.bottlenecks", {"source": engine}),
        ("workload.schedule", {"source": engine, "every_minutes": 5, "version": 0}),
    ):
        error = refused(lambda operation=operation, asked=asked: home.ask(operation, **asked))
        assert error.code == "UNSUPPORTED_DATABASE" and engine in error.message


@pytest.mark.parametrize("engine", ("postgresql", "mysql"))
def test_a_powerful_account_runs_nothing_until_it_is_named(home: Home, places: Places, engine: str) -> None:
    source = home.ask("sources.connect", name=f"{engine} owner", dsn=places.owner[engine])
    error = refused(lambda: home.ask("ask.run", store=source.id, sql="SELECT count(*) FROM orders"))
    assert error.code == "SQL_EXECUTION_DISABLED" and "allow-powerful-account" in str(error.details["cure"])
    assert error.details["powers"]
    home.ask("sources.edit", id=source.id, version=source.version, allow_powerful_account=True)
    assert home.ask("ask.run", store=source.id, sql="SELECT count(*) FROM orders").rows.rows == ((3,),)


def test_an_account_that_owns_a_table_is_powerful_though_no_superuser(
    home: Home, places: Places, postgres: Server
) -> None:
    with psycopg.connect(places.owner["postgresql"], autocommit=True) as admin:
        admin.execute("CREATE ROLE engines_owner LOGIN PASSWORD 'ro'; CREATE TABLE theirs (id int)")
        admin.execute("ALTER TABLE theirs OWNER TO engines_owner")
    try:
        owner = places.reader["postgresql"].replace("engines_ro", "engines_owner")
        home.ask("sources.connect", name="owner", dsn=owner)
        error = refused(lambda: home.ask("ask.run", store="owner", sql="SELECT count(*) FROM theirs"))
        assert error.details["powers"] == ["owner of 1 table"]
    finally:
        with psycopg.connect(places.owner["postgresql"], autocommit=True) as admin:
            admin.execute("DROP TABLE theirs; DROP ROLE engines_owner")


@pytest.mark.parametrize("engine", ENGINES)
def test_values_of_private_columns_are_not_kept(home: Home, places: Places, engine: str) -> None:
    def values(name: str) -> tuple[str, ...]:
        schema = home.ask("sources.schema", id=f"{engine} private", table="customers", fresh=True)
        column = next(column for column in schema.tables[0].columns if column.name == name)
        return (*column.common_values, *column.bounds)

    dsn = places.reader[engine]
    home.ask("sources.connect", name=f"{engine} private", dsn=dsn, private_columns=["customers.city"])
    assert values("city") == () and values("name") != ()
    slip = {"name": f"{engine} slip", "dsn": dsn, "private_columns": ["customers.ctiy"]}
    error = refused(lambda: home.ask("sources.connect", **slip))
    assert error.details["field"] == "private_columns" and "customers.ctiy" in error.message


def test_a_new_table_is_seen_without_being_told(home: Home, places: Places, mariadb: MariaServer) -> None:
    with sqlite3.connect(places.file) as lite:
        lite.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
    lite.close()
    with mariadb.connect("engines") as root, root.cursor() as cursor:
        cursor.execute("CREATE TABLE invoices (id INTEGER PRIMARY KEY)")
    for engine in ("mysql", "sqlite"):
        assert home.question("How many invoices are there?", store=engine, execute=True).rows.rows == ((0,),)


def test_comments_of_mariadb_are_read(home: Home) -> None:
    answer = home.question("How many people who buy are there?", store="mysql")
    assert "customers" in answer.sql


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        ("int(11)", "number"), ("tinyint(1)", "boolean"), ("tinyint(4)", "number"), ("decimal(10,2)", "number"),
        ("enum('print','date')", "text"), ("set('int')", "text"), ("varchar(80)", "text"), ("clob", "text"),
        ("datetime", "time"), ("json", "other"), ("blob", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_types_of_every_engine_are_sorted(type: str, kind: str) -> None:
    assert kind_of(type) == kind


def test_capabilities_and_status_list_the_three(home: Home) -> None:
    assert home.ask("ask.capabilities").databases == ENGINES
    assert home.ask("ask.status").supported_databases == ENGINES


def test_assays_own_database_cannot_be_connected(home: Home) -> None:
    own = home.settings.database
    error = refused(lambda: home.ask("sources.connect", name="own", dsn=f"sqlite://{own}"))
    assert error.code == "INVALID" and error.details["field"] == "dsn"


@pytest.mark.parametrize("engine", ("postgresql", "mysql"))
def test_the_account_that_init_makes_is_connected_and_runs(home: Home, places: Places, engine: str) -> None:
    own = places.owner[engine]
    asked = {
        "database": own.rpartition("/")[2],
        "engine": "mariadb" if engine == "mysql" else engine,
        "account": "asker",
    }
    assert not home.ask("sources.init", **asked).applied
    script = home.ask("sources.init", **asked, apply_dsn=own)
    assert script.applied and "asker_ro" in script.dsn_hint
    try:
        dsn = Path(script.password_file).read_text().strip().removeprefix("ASKER_RO_DSN=")
        home.ask("sources.connect", name="asker", dsn=dsn)
        assert home.ask("ask.run", store="asker", sql="SELECT count(*) FROM orders").rows.rows == ((3,),)
        other = {**asked, "engine": "postgresql" if engine == "mysql" else "mariadb"}
        error = refused(lambda: home.ask("sources.init", **other, apply_dsn=own))
        assert error.details["field"] == "apply_dsn"
    finally:
        places.forget(engine)
