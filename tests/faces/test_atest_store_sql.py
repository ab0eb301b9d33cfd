"""The store plugin for SQL, in its own process on a real socket, on every engine with real servers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc

from assay.adapters.stores.answer import unique
from assay.adapters.stores.asked import store_of
from assay.adapters.stores.duration import duration
from assay.adapters.stores.place import place_of
from assay.ports.deadline import Deadline
from assay.ports.errors import AssayError, Forbidden, Invalid, NotFound, TimedOut, Unavailable, UnsupportedDatabase
from assay.ports.loader import DataQuery, DataResult, Loader, PluginVersion, Readiness, Store
from assay.ports.secret import Secret
from assay_lab.mariadb import MariaServer
from assay_lab.server import Server
from doubles.sql_plugin import EVER, SqlPlugin, ask, label, over, store

ENGINES = ("postgresql", "mysql", "sqlite")
MANY = 10_000
STATEMENTS = (
    "CREATE TABLE odd (id INTEGER PRIMARY KEY, words VARCHAR(80), ratio DOUBLE PRECISION, exact DECIMAL(20, 4),"
    " made TIMESTAMP NULL)",
    "INSERT INTO odd VALUES (1, 'Zoë 日本 🐘', 0.1, 12345678901234.5000, '2024-02-29 12:30:00'),"
    " (2, NULL, NULL, NULL, NULL), (3, 'null', 1e22, 0, NULL), (4, '', 2, 1, NULL),"
    " (5, 'a; DROP TABLE odd; --', 0.30000000000000004, 1, NULL)",
    "CREATE TABLE many (n INTEGER PRIMARY KEY)",
    "CREATE VIEW seen AS SELECT id FROM odd",
)
MIXED = "Mixed Case"
ENDLESS = {
    "postgresql": "SELECT pg_sleep(60)",
    "mysql": "SELECT SLEEP(60)",
    "sqlite": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
}
QUOTES = {"postgresql": '"', "mysql": "`", "sqlite": '"'}


@pytest.fixture(scope="module")
def plugin() -> Iterator[SqlPlugin]:
    with SqlPlugin() as it:
        yield it


@pytest.fixture(scope="module")
def stores(
    tmp_path_factory: pytest.TempPathFactory, postgres: Server, mariadb: MariaServer
) -> Iterator[dict[str, Store]]:
    """The owner's stores, with leave; and, on servers, those of an account that may only read."""
    file = tmp_path_factory.mktemp("store") / "Größe 1.db"
    owned = {"postgresql": postgres.create_database(), "mysql": mariadb.create_database(), "sqlite": ""}
    rows = ", ".join(f"({n})" for n in range(MANY))
    for engine in ENGINES:
        named = f"CREATE TABLE {QUOTES[engine]}{MIXED}{QUOTES[engine]} (a INTEGER)"
        statements = (*STATEMENTS, named, f"INSERT INTO many VALUES {rows}")
        if engine == "postgresql":
            with psycopg.connect(owned[engine], autocommit=True) as owner:
                for statement in statements:
                    owner.execute(statement.encode())
                owner.execute(
                    "CREATE SCHEMA side; CREATE TABLE side.apart (b INTEGER); CREATE ROLE store_ro LOGIN PASSWORD 'ro'"
                )
                owner.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO store_ro")
        elif engine == "mysql":
            with mariadb.connect(owned[engine].rpartition("/")[2]) as root, root.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                cursor.execute("CREATE USER store_ro@'%' IDENTIFIED BY 'ro'")
                cursor.execute(f"GRANT SELECT ON {owned[engine].rpartition('/')[2]}.* TO store_ro@'%'")
        else:
            with sqlite3.connect(file) as lite:
                for statement in statements:
                    lite.execute(statement)
            lite.close()
    name = owned["postgresql"].rpartition("/")[2]
    made = {engine: store(owned[engine], allow_powerful_account="true") for engine in ("postgresql", "mysql")}
    made["sqlite"] = Store("shop", "atest-store-sql", properties={"driver": "sqlite", "database": str(file)})
    made["postgresql-ro"] = store(f"postgresql://store_ro:ro@127.0.0.1:{postgres.port}/{name}")
    made["mysql-ro"] = store(mariadb.dsn(owned["mysql"].rpartition("/")[2], "store_ro", "ro"))
    made["postgresql-root"], made["mysql-root"] = store(owned["postgresql"]), store(owned["mysql"])
    yield made
    with psycopg.connect(owned["postgresql"], autocommit=True) as owner:
        owner.execute("DROP OWNED BY store_ro; DROP ROLE store_ro")


def rows(answer: DataResult) -> list[dict[str, str]]:
    """The values of each row by their names."""
    return [{pair.key: pair.value for pair in row} for row in answer.rows]


def refused(plugin: SqlPlugin, store: Store, sql: str, **more: Any) -> AssayError:
    with pytest.raises(AssayError) as caught:
        ask(plugin, store, sql, **more)
    return caught.value


# rows -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_are_text_with_types_and_a_null_is_told_from_the_text_null(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    found = ask(plugin, stores[engine], "SELECT id, words, ratio FROM odd ORDER BY id")
    assert [(row[0].value, row[1].value, row[1].description, row[2].value) for row in found.items] == [
        ("1", "Zoë 日本 🐘", "", "0.1"), ("2", "", "NULL", ""), ("3", "null", "", "1e+22"), ("4", "", "", "2.0"),
        ("5", "a; DROP TABLE odd; --", "", "0.30000000000000004"),
    ]  # fmt: skip
    assert json.loads(label(found, "_columns")) == ["id", "words", "ratio"]
    assert json.loads(label(found, "_types")) == {
        "postgresql": ["int4", "varchar", "float8"], "mysql": ["int", "text", "double"],
        "sqlite": ["integer", "text", "real"],
    }[engine]  # fmt: skip
    assert label(found, "_native_sql") == "SELECT id, words, ratio FROM odd ORDER BY id"
    assert label(found, "_more") == "false"
    assert found.meta.duration.endswith(("ms", "s")) and {"odd", "many", "seen", MIXED} <= set(found.meta.tables)


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_exact_numbers_and_times_are_what_the_server_writes(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    row = rows(ask(plugin, stores[engine], "SELECT exact, made FROM odd WHERE id = 1"))[0]
    assert row == {"exact": "12345678901234.5000", "made": "2024-02-29 12:30:00"}


def test_a_value_of_another_type_than_its_column_says_so(plugin: SqlPlugin, stores: dict[str, Store]) -> None:
    found = ask(plugin, stores["sqlite"], "SELECT 1 AS v UNION ALL SELECT '2' UNION ALL SELECT 2.5")
    assert {(row[0].value, row[0].description) for row in found.items} == {("1", ""), ("2", "text"), ("2.5", "real")}


def test_two_columns_of_one_name_are_told_apart(plugin: SqlPlugin, stores: dict[str, Store]) -> None:
    found = ask(plugin, stores["postgresql"], "SELECT 1 AS a, 2 AS a, 3 AS a_2")
    assert [[(one.key, one.value) for one in row] for row in found.items] == [
        [("a", "1"), ("a_2", "2"), ("a_2_2", "3")]
    ]
    assert unique(["a", "b", "a", "a"]) == ("a", "b", "a_2", "a_3")


@pytest.mark.parametrize("engine", ENGINES)
def test_ten_thousand_rows_come_in_pages_of_at_most_a_thousand(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    async def scene(loader: Loader) -> list[str]:
        seen: list[str] = []
        more = "true"
        while more == "true":
            page = await loader.query(
                DataQuery(sql="SELECT n FROM many ORDER BY n", offset=len(seen), limit=5_000), EVER
            )
            assert 0 < len(page.items) <= 1_000
            seen += [row["n"] for row in rows(page)]
            more = label(page, "_more")
        return seen

    assert over(plugin, stores[engine], scene) == [str(n) for n in range(MANY)]
    short = ask(plugin, stores[engine], "SELECT n FROM many ORDER BY n", offset=9_998, limit=7)
    assert [row["n"] for row in rows(short)] == ["9998", "9999"] and label(short, "_more") == "false"
    assert ask(plugin, stores[engine], "SELECT n FROM many", offset=10**9).items == ()
    assert len(ask(plugin, stores[engine], "SELECT n FROM many").items) == 1_000


@pytest.mark.parametrize("wrong", [{"limit": -1}, {"offset": -1}, {"offset": 10**9 + 1}, {"type": "AI"}])
def test_a_question_that_makes_no_sense_is_refused(
    plugin: SqlPlugin, stores: dict[str, Store], wrong: dict[str, Any]
) -> None:
    assert isinstance(refused(plugin, stores["sqlite"], "SELECT 1", **wrong), Invalid)


# what is refused ------------------------------------------------------------------------------------------------------


WRITES = (
    "DELETE FROM odd", "INSERT INTO odd (id) VALUES (9)", "UPDATE odd SET id = 9", "DROP TABLE odd", "COMMIT",
    "CREATE TABLE x (a INT)", "SELECT 1; DELETE FROM odd", "SELECT 1; SELECT 2", "SELECT 1; COMMIT; DROP TABLE odd",
    "-- nothing",
)  # fmt: skip
BY_ENGINE = {
    "postgresql": ("WITH d AS (DELETE FROM odd RETURNING id) SELECT * FROM d", "SELECT * INTO x FROM odd",
                   "EXPLAIN ANALYZE DELETE FROM odd", "EXPLAIN (ANALYZE true) SELECT 1",
                   "COPY odd TO '/tmp/assay-never'",
                   "SET default_transaction_read_only = off", "SELECT * FROM odd FOR UPDATE",
                   "SHOW all; DROP TABLE odd"),
    "mysql": ("SELECT 'x' INTO OUTFILE '/tmp/assay-never'", "SELECT id FROM odd INTO DUMPFILE '/tmp/assay-never'",
              "SET SESSION TRANSACTION READ WRITE", "CALL nothing()", "SHOW TABLES; DROP TABLE odd",
              "SELECT 1) AND (SELECT 'x' INTO OUTFILE '/tmp/assay-never'", "LOAD DATA INFILE 'x' INTO TABLE odd"),
    "sqlite": ("PRAGMA schema_version = 7", "PRAGMA user_version = 7", "ATTACH '/tmp/assay-never' AS x",
               "VACUUM INTO '/tmp/assay-never'", "EXPLAIN QUERY PLAN DELETE FROM odd",
               "SELECT load_extension('x')", "SELECT writefile('/tmp/assay-never', 'y')"),
}  # fmt: skip


@pytest.mark.parametrize("engine", ENGINES)
def test_whatever_writes_or_is_not_one_statement_is_refused_even_for_the_owner(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    for text in (*WRITES, *BY_ENGINE[engine]):
        error = refused(plugin, stores[engine], text)
        assert error.details["grpc"] in ("INVALID_ARGUMENT", "PERMISSION_DENIED"), text
    assert rows(ask(plugin, stores[engine], "SELECT count(*) AS n FROM odd")) == [{"n": "5"}]
    assert not Path("/tmp/assay-never").exists()


@pytest.mark.parametrize("engine", ["postgresql", "mysql"])
def test_an_account_over_the_server_and_its_files_runs_nothing_unless_the_store_allows_it(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    error = refused(plugin, stores[f"{engine}-root"], "SELECT 1")
    assert isinstance(error, Forbidden) and "allow_powerful_account = true" in error.message
    assert ask(plugin, stores[f"{engine}-root"]).meta.tables  # what there is may be shown
    assert rows(ask(plugin, stores[f"{engine}-ro"], "SELECT 1 AS one")) == [{"one": "1"}]


@pytest.mark.parametrize("engine", ENGINES)
def test_semicolons_in_texts_and_comments_are_no_ends_of_statements(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    sql = (
        "-- first; a comment\n/* and; another */ SELECT words /* ; */ FROM odd"
        " WHERE words = 'a; DROP TABLE odd; --' -- ; the end"
    )
    assert rows(ask(plugin, stores[engine], sql)) == [{"words": "a; DROP TABLE odd; --"}]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_statement_that_hangs_is_ended_by_its_server_within_the_callers_time(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    error = refused(plugin, stores[engine], ENDLESS[engine], deadline=Deadline.after(20))
    assert isinstance(error, TimedOut)
    assert any(words in str(error.details["says"]) for words in ("cancel", "stopped", "too long"))
    assert rows(ask(plugin, stores[engine], "SELECT 1 AS one")) == [{"one": "1"}]


# commands of atest's page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_the_commands_of_the_page_work_on_every_engine(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    here = stores[engine]
    current = rows(ask(plugin, here, "@currentDB"))[0]["name"]
    assert current == here.properties["database"] == ask(plugin, here).meta.current_database
    assert current in [row["name"] for row in rows(ask(plugin, here, "@showDatabases"))]
    tables = [row["name"] for row in rows(ask(plugin, here, "@showTables"))]
    assert {"odd", "many", "seen", MIXED} <= set(tables)
    described = rows(ask(plugin, here, "@describeTable_odd"))
    assert [row["Field"] for row in described] == ["id", "words", "ratio", "exact", "made"]
    assert described[0]["Key"] == "PRI" and described[1]["Null"] == "YES" and "char" in described[1]["Type"].lower()
    assert len(ask(plugin, here, "@selectTable_many", limit=3).items) == 3
    assert len(ask(plugin, here, "@selectTableLImit100_many").items) == 100
    assert len(ask(plugin, here, "@selectTableLImit100_many", offset=95).items) == 5
    assert ask(plugin, here, f"@selectTable_{MIXED}").items == ()
    assert QUOTES[engine] + MIXED + QUOTES[engine] in label(ask(plugin, here, f"@selectTable_{MIXED}"), "_native_sql")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_table_is_found_in_the_catalogue_whatever_its_case_and_is_never_sql(
    plugin: SqlPlugin, stores: dict[str, Store], engine: str
) -> None:
    assert len(ask(plugin, stores[engine], "@selectTable_MANY", limit=2).items) == 2
    for name in ("nothing", "many; DROP TABLE many", 'many" --', "many` --"):
        assert isinstance(refused(plugin, stores[engine], f"@selectTable_{name}"), NotFound)
    assert isinstance(refused(plugin, stores[engine], "@dropTable_many"), Invalid)


def test_a_table_of_another_schema_is_named_with_it(plugin: SqlPlugin, stores: dict[str, Store]) -> None:
    found = ask(plugin, stores["postgresql"])
    assert "side.apart" in found.meta.tables and found.items == () and found.meta.labels == ()
    assert [row["Field"] for row in rows(ask(plugin, stores["postgresql"], "@describeTable_side.apart"))] == ["b"]


def test_a_question_may_name_another_database(plugin: SqlPlugin, stores: dict[str, Store], postgres: Server) -> None:
    other = postgres.create_database().rpartition("/")[2]
    assert rows(ask(plugin, stores["postgresql"], "SELECT current_database() AS name", key=other)) == [{"name": other}]
    assert ask(plugin, stores["postgresql"], key=other).meta.current_database == other


def test_a_question_may_name_another_file_only_beside_the_stores_own(
    plugin: SqlPlugin, tmp_path: Path, stores: dict[str, Store]
) -> None:
    (tmp_path / "in").mkdir()
    for name in ("in/a.db", "in/b.db", "out.db"):
        link = sqlite3.connect(tmp_path / name)
        link.execute(f"CREATE TABLE {name[-4]} (x)")
        link.close()
    mine = Store("s", "k", properties={"driver": "sqlite", "database": str(tmp_path / "in" / "a")})
    assert ask(plugin, mine).meta.tables == ("a",)
    assert ask(plugin, mine, key="b").meta.tables == ("b",)
    for key in ("../out", str(tmp_path / "out.db"), "..", ".b"):
        assert isinstance(refused(plugin, mine, "SELECT 1", key=key), Invalid)
    assert isinstance(refused(plugin, mine, "SELECT 1", key="c"), Unavailable)
    assert not (tmp_path / "in" / "c.db").exists()


# stores ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", [*ENGINES, "postgresql-ro", "mysql-ro"])
def test_verify_signs_in(plugin: SqlPlugin, stores: dict[str, Store], engine: str) -> None:
    said = over(plugin, stores[engine], lambda loader: loader.verify(EVER))
    assert said.ready and said.readonly and said.version and engine.removesuffix("-ro") in said.message
    version = over(plugin, stores[engine], lambda loader: loader.version(EVER))
    assert version == PluginVersion(said.version, "", "")
    assert over(plugin, stores[engine], lambda loader: loader.menus(EVER)) == ()


def test_a_store_that_cannot_be_used_says_why_and_never_its_password(
    plugin: SqlPlugin, stores: dict[str, Store], postgres: Server, tmp_path: Path
) -> None:
    right = stores["postgresql"]
    wrong = [
        Store("s", "k", url=right.url, username="postgres", password=Secret("hunter2-ü"), properties=right.properties),
        Store("s", "k", url="127.0.0.1:1", username="a", password=Secret("hunter2-ü"), properties=right.properties),
        Store("s", "k", url="a b/c@hunter2-ü", username="a", password=Secret("hunter2-ü"), properties=right.properties),
        Store("s", "k", url=right.url, password=Secret("hunter2-ü"), properties=right.properties),
        Store("s", "k", properties={"driver": "tdengine"}), Store("s", "k", properties={"driver": "greptime"}),
        Store("s", "k", properties={"driver": "sqlite", "database": str(tmp_path / "none")}),
        Store("s", "k", properties={"driver": "sqlite"}),
    ]  # fmt: skip
    for one in wrong:
        said: Readiness = over(plugin, one, lambda loader: loader.verify(EVER))
        assert not said.ready and said.message and "hunter2" not in said.message
        assert "hunter2" not in refused(plugin, one, "SELECT 1").message
    assert "tdengine" in refused(plugin, wrong[4], "SELECT 1").message
    assert "hunter2" not in plugin.log.read_text()


@pytest.mark.parametrize("driver", ["tdengine", "greptime", "oracle"])
def test_a_driver_that_is_not_read_here_is_named(driver: str) -> None:
    with pytest.raises(UnsupportedDatabase) as caught:
        place_of(Store("s", "k", properties={"driver": driver}), "")
    assert driver in caught.value.message and "atest-store-orm" in str(caught.value.details["cure"])


@pytest.mark.parametrize(
    ("url", "dsn"),
    [
        ("db", "mysql://me:p%40ss%2F@db/shop"), ("db:3307", "mysql://me:p%40ss%2F@db:3307/shop"),
        ("[::1]:3307", "mysql://me:p%40ss%2F@[::1]:3307/shop"),
    ],
)  # fmt: skip
def test_the_address_is_a_host_with_a_port_or_without(url: str, dsn: str) -> None:
    here = Store("s", "k", url=url, username="me", password=Secret("p@ss/"), properties={"database": "shop"})
    assert place_of(here, "").dsn.reveal() == dsn


@pytest.mark.parametrize("url", ["", "a b", "db:x", "user@db", "db/x", "db?x=1", "mysql://db"])
def test_an_address_that_is_more_than_that_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        place_of(Store("s", "k", url=url, username="me"), "")


def test_entries_that_are_exact_come_before_those_that_are_escaped() -> None:
    found = store_of(
        [("password", "p%C3%A4"), ("password-bin", "pä".encode()), ("pro.database", "x"), ("odd", b"\xff")]
    )
    assert found.password == Secret("pä") and found.properties == {"database": "x"}


# the process ----------------------------------------------------------------------------------------------------------


def test_a_plugin_that_is_killed_while_it_is_asked_is_an_error_and_starts_again_on_the_same_socket(
    stores: dict[str, Store],
) -> None:
    with SqlPlugin() as own:

        async def scene(loader: Loader) -> None:
            hanging = asyncio.create_task(loader.query(DataQuery(sql=ENDLESS["postgresql"]), Deadline.after(30)))
            await loader.verify(EVER)
            own.process.kill()
            with pytest.raises(Unavailable):
                await hanging
            own.process.wait()
            await asyncio.to_thread(own.start)
            async with asyncio.timeout(20):
                while True:
                    try:
                        assert (await loader.verify(EVER)).ready
                        return
                    except Unavailable:
                        await asyncio.sleep(0.05)

        over(own, stores["postgresql"], scene)


def test_a_plugin_that_is_told_to_stop_takes_its_socket_away(stores: dict[str, Store]) -> None:
    with SqlPlugin() as own:
        assert own.socket.stat().st_mode & 0o777 == 0o600
        own.process.send_signal(signal.SIGTERM)
        assert own.process.wait(20) == 0 and not own.socket.exists()


def test_it_is_healthy_and_says_what_it_serves(plugin: SqlPlugin) -> None:
    async def scene() -> None:
        async with aio.insecure_channel(plugin.address) as channel:
            check: Any = health_pb2_grpc.HealthStub(channel).Check
            said = await check(health_pb2.HealthCheckRequest(service="remote.Loader"))
            assert said.status == health_pb2.HealthCheckResponse.SERVING

    asyncio.run(scene())


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assay.atest_store_sql", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_flags_say_the_version_and_what_is_wrong(tmp_path: Path) -> None:
    assert run("--version").stdout.strip()
    nowhere = run("--unknown", "x")
    assert nowhere.returncode == 2 and "--socket PATH" in nowhere.stderr
    file = tmp_path / "file"
    file.write_text("mine")
    kept = run(f"--socket={file}")
    assert kept.returncode == 5 and file.read_text() == "mine"
    assert run("--socket", f"/tmp/{'x' * 120}").returncode == 2


def test_a_socket_on_which_another_plugin_listens_is_left_alone(plugin: SqlPlugin) -> None:
    second = run("--socket", str(plugin.socket))
    assert second.returncode == 5 and "another process listens" in second.stderr
    assert plugin.socket.exists()


def test_flags_of_a_later_host_are_passed_over_and_a_port_will_do(stores: dict[str, Store]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "assay.atest_store_sql", "--port", str(port), "--later", "x"]
    own = subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ)
    try:
        assert own.stdout is not None and str(port).encode() in own.stdout.readline()
    finally:
        own.terminate()
        assert own.wait(20) == 0
        own.stdout.close()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (1e-9, "1ns"), (1.5e-6, "1.5µs"), (0.0015, "1.5ms"), (0.25, "250ms"), (1, "1s"), (61.5, "1m1.5s"),
     (3_600, "1h0m0s"), (3_661.25, "1h1m1.25s"), (59.999999999, "59.999999999s")],
)  # fmt: skip
def test_a_time_is_written_as_go_does(seconds: float, text: str) -> None:
    assert duration(seconds) == text
