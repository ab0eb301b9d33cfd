"""Databases that a plugin reads, as sources: the real plugin on a real socket, asked by the house that ships."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

from ask.homes import Home, refused
from ask.places import ENGINES, SAME, Places, made
from assay.ports.errors import Invalid, NotFound, Unavailable, UnsupportedDatabase
from assay.ports.loader import Store
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server
from doubles.sql_plugin import SqlPlugin, store

KIND = "sql-of-the-test"
"""The name of no program, so that nobody starts one in place of the plugin that the test has started."""


class Stores:
    """A stores.yaml of a home: stores whose plugin is started by the test, and listens where the file says."""

    def __init__(self, home: Path) -> None:
        self._file = home / "stores.yaml"
        self._known: list[Store] = []

    def add(self, *stores: Store) -> None:
        self._known += stores

    def served_by(self, plugin: SqlPlugin) -> None:
        """Write the file."""
        kind = {"name": KIND, "url": plugin.address}
        stores = [
            {"name": one.name, "kind": kind, "url": one.url, "username": one.username,
             "password": one.password.reveal() if one.password else "", "properties": dict(one.properties)}
            for one in self._known
        ]  # fmt: skip
        self._file.parent.mkdir(mode=0o700, exist_ok=True)
        self._file.write_text(yaml.safe_dump({"stores": stores}, allow_unicode=True))
        self._file.chmod(0o600)


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory, postgres: Server, mariadb: MariaServer) -> Iterator[Places]:
    with made(tmp_path_factory.mktemp("plugin"), postgres, mariadb) as it:
        yield it


@pytest.fixture(scope="module")
def plugin() -> Iterator[SqlPlugin]:
    with SqlPlugin() as it:
        yield it


@pytest.fixture
def stores(plugin: SqlPlugin, places: Places, tmp_path: Path) -> Stores:
    it = Stores(tmp_path / "home")
    for engine in ENGINES:
        it.add(store(places.reader[engine], engine))
        it.add(store(places.owner[engine], f"{engine}-owner", allow_powerful_account="true"))
    it.served_by(plugin)
    return it


@pytest.fixture
def home(tmp_path: Path, stores: Stores) -> Home:
    return Home(tmp_path / "home")


def connect(home: Home, name: str, **more: Any) -> Any:
    return home.ask("sources.connect", name=name, dsn=f"plugin://{name}", **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_questions_are_answered_with_the_rows_that_a_direct_connection_gives(home: Home, engine: str) -> None:
    source = connect(home, engine)
    assert (source.engine, source.where, source.state) == (engine, f"plugin://{engine}", source.state)
    for words, rows in SAME:
        found = home.question(words, store=engine, execute=True)
        assert set(found.rows.rows) == rows, words
        assert any(KIND in words and "promise" in words for words in found.warnings)
        assert found.evidence and found.verdict == "assayed"


@pytest.mark.parametrize("engine", ENGINES)
def test_the_schema_is_the_one_that_a_direct_connection_reads(home: Home, places: Places, engine: str) -> None:
    connect(home, engine)
    home.ask("sources.connect", name="direct", dsn=places.reader[engine])
    through, direct = (home.ask("sources.schema", id=name).model_dump(mode="json") for name in (engine, "direct"))
    for one in (through, direct):
        del one["source"], one["read_at"]
    if engine == "postgresql":  # counters that go on counting
        for table in (*through["tables"], *direct["tables"]):
            table["seq_scans"] = 0
    assert through == direct


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_an_account_that_may_do_more_than_read_runs_nothing_unless_it_was_allowed_by_name(
    home: Home, engine: str
) -> None:
    name = f"{engine}-owner"
    source = connect(home, name)
    error = refused(lambda: home.question("How many customers are there?", store=name, execute=True))
    assert error.code == "SQL_EXECUTION_DISABLED" and error.details["powers"]
    assert home.question("How many customers are there?", store=name).sql
    home.ask("sources.edit", id=source.id, version=source.version, allow_powerful_account=True)
    assert set(home.question("How many customers are there?", store=name, execute=True).rows.rows) == {(3,)}


def test_an_account_that_may_change_tables_may_do_more_than_read_since_no_session_of_ours_stops_it(
    home: Home, places: Places
) -> None:
    with psycopg.connect(places.owner["postgresql"], autocommit=True) as owner:
        owner.execute("GRANT UPDATE (status) ON orders TO engines_ro")
        try:
            connect(home, "postgresql")
            assert home.ask("sources.check", id="postgresql").powers == ("changes to 1 table",)
            error = refused(lambda: home.question("How many customers are there?", "postgresql", execute=True))
            assert error.details["powers"] == ["changes to 1 table"]
        finally:
            owner.execute("REVOKE UPDATE (status) ON orders FROM engines_ro")


def test_a_workload_is_read_and_what_needs_a_session_says_that_costing_needs_a_direct_connection(
    home: Home, places: Places
) -> None:
    connect(home, "postgresql-owner")
    with psycopg.connect(places.owner["postgresql"], autocommit=True) as owner:
        for _ in range(3):
            owner.execute("SELECT name FROM customers WHERE city = 'Berlin' ORDER BY name")
    check = home.ask("sources.check", id="postgresql-owner")
    assert [lack.what for lack in check.lacks if "connection" in lack.what] == ["a direct connection"]
    report = home.job("workload.scan", source="postgresql-owner")
    assert any("costing needs a direct connection" in said for said in report.partial) and report.planned == 0
    page = home.ask("workload.bottlenecks", source="postgresql-owner", show="all")
    slow = next(one for one in page.items if "customers" in one.sql.text and "city" in one.sql.text)
    assert slow.calls == 3 and not any("json_agg" in one.sql.text for one in page.items)
    error = refused(lambda: home.ask("workload.measure", id=slow.query_id))
    assert isinstance(error, UnsupportedDatabase) and "Costing needs a direct connection" in error.message
    failed = refused(lambda: home.job("workload.advise", source="postgresql-owner"))
    assert "Costing needs a direct connection" in failed.message


def test_a_store_that_is_not_there_and_a_name_that_is_none_are_refused(home: Home) -> None:
    assert isinstance(refused(lambda: connect(home, "nobody")), NotFound)
    for dsn in ("plugin://", "plugin:///x", "plugin://a/b/c", "plugin://a?b"):
        error = refused(lambda dsn=dsn: home.ask("sources.connect", name="x", dsn=dsn))
        assert isinstance(error, Invalid) and error.details["field"] == "dsn"


def test_a_program_without_plugins_has_no_store(tmp_path: Path) -> None:
    error = refused(lambda: Home(tmp_path).ask("sources.connect", name="x", dsn="plugin://shop"))
    assert isinstance(error, NotFound) and "'shop'" in error.message


def test_a_plugin_that_was_killed_is_an_error_and_after_that_answers_again(home: Home, stores: Stores) -> None:
    with SqlPlugin() as own:
        stores.served_by(own)
        connect(home, "sqlite")
        own.process.kill()
        own.process.wait()
        error = refused(lambda: home.ask("sources.schema", id="sqlite"))
        assert isinstance(error, Unavailable) and f"{KIND} is stopped: nobody listens at {own.address}" in error.message
        assert home.ask("sources.check", id="sqlite").state == "offline"
        own.start()
        assert set(home.question("How many customers are there?", "sqlite", execute=True).rows.rows) == {(3,)}


# a plugin with the ways of atest-store-orm ----------------------------------------------------------------------------


@pytest.fixture
def orm(home: Home, stores: Stores) -> Iterator[Home]:
    with SqlPlugin(sys.executable, "-m", "doubles.orm") as it:
        stores.served_by(it)
        yield home


def test_a_plugin_without_types_gives_the_same_schema_and_says_what_is_lost(orm: Home, places: Places) -> None:
    connect(orm, "postgresql")
    orm.ask("sources.connect", name="direct", dsn=places.reader["postgresql"])
    through, direct = (orm.ask("sources.schema", id=name) for name in ("postgresql", "direct"))
    assert [table.columns for table in through.tables] == [table.columns for table in direct.tables]
    assert [table.foreign_keys for table in through.tables] == [table.foreign_keys for table in direct.tables]
    found = orm.question("List the names of customers in Berlin", "postgresql", execute=True)
    assert set(found.rows.rows) == {("Ada",), ("Zoë",)}
    assert any("does not say types" in words for words in found.warnings)


def test_a_file_is_not_asked_through_a_plugin_that_does_not_say_that_it_only_reads(orm: Home) -> None:
    source = connect(orm, "sqlite")
    error = refused(lambda: orm.question("How many customers are there?", "sqlite", execute=True))
    assert error.code == "SQL_EXECUTION_DISABLED" and "changes to the file" in error.message
    orm.ask("sources.edit", id=source.id, version=source.version, allow_powerful_account=True)
    assert set(orm.question("How many customers are there?", "sqlite", execute=True).rows.rows) == {("3",)}


def test_a_text_with_a_semicolon_never_reaches_a_plugin_that_would_cut_it_in_two(orm: Home, places: Places) -> None:
    connect(orm, "postgresql-owner", allow_powerful_account=True)
    evil = "SELECT name FROM customers WHERE name = 'a; DELETE FROM orders; --'"
    checked = orm.ask("ask.validate", store="postgresql-owner", sql=evil)
    assert not checked.is_valid and any("semicolon" in one.message for one in checked.issues)
    with psycopg.connect(places.owner["postgresql"]) as owner:
        assert owner.execute("SELECT count(*) FROM orders").fetchone() == (3,)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_text_with_a_semicolon_is_run_whole_by_a_plugin_that_does_not_cut(home: Home, engine: str) -> None:
    connect(home, engine)
    ran = home.ask("ask.run", store=engine, sql="SELECT name FROM customers WHERE name <> 'a; DELETE FROM orders; --'")
    assert len(ran.rows.rows) == 3
