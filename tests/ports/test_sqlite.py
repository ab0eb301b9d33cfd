"""What readers of somebody else's SQLite file promise, on real files."""

# ruff: noqa: E501
from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from assay.adapters.databases.door import EngineDatabases
from assay.adapters.databases.sqlite.allowed import FUNCTIONS
from assay.ask.guard.functions import ALLOWED
from assay.ports.databases import Limits, Reader
from assay.ports.errors import Invalid, Refused, TimedOut, Unavailable, UnsupportedDatabase
from assay.ports.secret import Secret

SCRIPT = """
CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
INSERT INTO users VALUES (1, 'Ada', 'Berlin'), (2, 'Zoë 日本', 'Paris'), (3, NULL, 'Berlin');
CREATE TABLE odd (v);
INSERT INTO odd VALUES (9223372036854775807), (1.5), (9e999), (-9e999), (x'ff00'), (NULL), ('a' || char(0) || 'b'),
  (CAST(x'fffe41' AS TEXT));
CREATE TABLE keyed (k TEXT PRIMARY KEY) WITHOUT ROWID;
INSERT INTO keyed VALUES ('a'), ('b');
"""
ENDLESS = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "Sh öp #1 100%?.db"
    with sqlite3.connect(found) as connection:
        connection.executescript(SCRIPT)
    connection.close()
    return found


@pytest.fixture
def databases() -> EngineDatabases:
    return EngineDatabases()


def dsn(path: Path) -> Secret:
    return Secret(f"sqlite://{quote(str(path))}")


@pytest.fixture
def reader(databases: EngineDatabases, path: Path) -> Iterator[Reader]:
    with databases.reader(dsn(path), Limits(statement_ms=300, lock_ms=50)) as it:
        yield it


def test_a_reader_knows_where_it_is_and_reads(databases: EngineDatabases, reader: Reader, path: Path) -> None:
    there = databases.whereabouts(dsn(path))
    assert (there.where, there.account, there.engine) == (str(path), "", "sqlite")
    assert (reader.facts.engine, reader.facts.version, reader.facts.powers) == ("sqlite", sqlite3.sqlite_version, ())
    found = reader.read("SELECT id, name FROM users ORDER BY id", 2)
    assert found.columns == ("id", "name") and found.types == ("integer", "text")
    assert found.rows == ((1, "Ada"), (2, "Zoë 日本")) and found.more
    assert not reader.read("SELECT 1", 1).more
    assert reader.rows("SELECT name FROM users WHERE id = ?", (2,)) == [{"name": "Zoë 日本"}]


def test_values_that_json_cannot_say_are_text(reader: Reader) -> None:
    found = [row[0] for row in reader.read("SELECT v FROM odd", 20).rows]
    assert found == [9223372036854775807, 1.5, "Infinity", "-Infinity", "\\xff00", None, "a\0b", "\ufffd\ufffdA"]


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM users", "SELECT 1; SELECT 2", "ATTACH '/tmp/x' AS x", "VACUUM INTO '/tmp/x'", "PRAGMA query_only = OFF",
        "SELECT load_extension('x')", "SELECT * FROM sqlite_master", "SELECT * FROM pragma_table_info('users')",
        "CREATE TEMP TABLE x (a)", "BEGIN IMMEDIATE", "", "-- nothing", "SELECT randomblob(10)", "SELECT '\ud800'",
        "SELECT replace(hex(zeroblob(1000)), '0', 'x')", "SELECT 1 \0", "REINDEX", "ANALYZE", "SELECT ?",
    ],
)  # fmt: skip
def test_what_does_more_than_read_tables_is_refused_and_the_session_goes_on(
    reader: Reader, path: Path, text: str
) -> None:
    before = hashlib.sha256(path.read_bytes()).hexdigest(), sorted(os.listdir(path.parent))  # noqa: PTH208
    with pytest.raises(Refused):
        reader.read(text, 10)
    assert reader.read("SELECT count(*) FROM users", 1).rows == ((3,),)
    assert (hashlib.sha256(path.read_bytes()).hexdigest(), sorted(os.listdir(path.parent))) == before  # noqa: PTH208


@pytest.mark.parametrize("text", ["SELECT * FROM locked", "SELECT * FROM json_each('x')", "SELECT * FROM interrupted"])
def test_words_of_a_statement_do_not_make_its_error_another(reader: Reader, text: str) -> None:
    with pytest.raises(Refused):
        reader.read(text, 1)


def test_our_own_statement_is_not_run_again_as_somebody_elses(reader: Reader) -> None:
    own = "SELECT name FROM main.sqlite_schema"
    assert reader.rows(own)
    with pytest.raises(Refused):
        reader.read(own, 10)


def test_the_clock_ends_a_statement_that_would_never_end(reader: Reader) -> None:
    with pytest.raises(TimedOut):
        reader.read(ENDLESS, 1)
    with pytest.raises(TimedOut):
        reader.rows(ENDLESS)
    assert reader.read("SELECT 1", 1).rows == ((1,),)


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM users", 3),
        ("SELECT * FROM users a, users b", 9),
        ("SELECT * FROM users a, keyed", 6),
        ("SELECT * FROM users a JOIN users b ON a.id = b.id", 3),
        ("SELECT * FROM (SELECT count(*) FROM users a, users b, users c) q", 1_000),
        ("SELECT 1", 1),
    ],
)
def test_the_estimate_multiplies_the_tables_that_are_looped_over(reader: Reader, query: str, rows: float) -> None:
    found = reader.estimate(query)
    assert (found.most_rows, found.cost, found.rows) == (rows, None, None) and "no cost" in found.says


def test_every_function_that_the_guard_lets_pass_is_known_to_the_authorizer() -> None:
    tables = {"json_each", "json_tree", "jsonb_each", "jsonb_tree", "generate_series"}
    words = {"cast"}  # no functions, though brackets follow
    assert ALLOWED["sqlite"] - FUNCTIONS - tables - words == set()


def test_a_file_that_is_missing_or_none_or_locked_is_named(
    databases: EngineDatabases, path: Path, tmp_path: Path
) -> None:
    def opened(where: Path) -> None:
        with databases.reader(dsn(where), Limits(lock_ms=50)) as reader:
            reader.read("SELECT count(*) FROM users", 1)

    with pytest.raises(Unavailable, match="does not exist"):
        opened(tmp_path / "nowhere.db")
    (tmp_path / "text.db").write_text("this is no database, and it is long enough to have a header of its own" * 20)
    with pytest.raises(Unavailable, match="no SQLite database"):
        opened(tmp_path / "text.db")
    with pytest.raises(Invalid, match="no regular file"):
        opened(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="no regular file"):
        opened(tmp_path / "pipe")
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(TimedOut, match="locked"):
            opened(path)
        other.execute("ROLLBACK")
    other.close()
    opened(path)


def test_a_database_in_wal_mode_is_read_while_somebody_writes(databases: EngineDatabases, path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN IMMEDIATE")
        other.execute("INSERT INTO users VALUES (4, 'new', 'Rome')")
        with databases.reader(dsn(path)) as reader:
            assert reader.read("SELECT count(*) FROM users", 1).rows == ((3,),)
        other.execute("COMMIT")
        with databases.reader(dsn(path)) as reader:
            assert reader.read("SELECT count(*) FROM users", 1).rows == ((4,),)
    other.close()


@pytest.mark.parametrize("text", ["sqlite://relative.db", "sqlite:///", "sqlite:file.db", "sqlite:///x.db?mode=rwc"])
def test_a_dsn_without_an_absolute_path_is_invalid(databases: EngineDatabases, text: str) -> None:
    with pytest.raises(Invalid) as invalid:
        databases.whereabouts(Secret(text))
    assert invalid.value.details["field"] == "dsn"


def test_the_programs_own_files_are_off_limits_also_through_a_link(path: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    path.rename(home / "assay.db")
    (tmp_path / "link.db").symlink_to(home / "assay.db")
    databases = EngineDatabases(off_limits=(home,))
    for where in (home / "assay.db", tmp_path / "link.db"):
        with pytest.raises(Invalid, match="Assay itself"), databases.reader(dsn(where)):
            pass


def test_what_only_postgresql_can_is_refused_by_name(databases: EngineDatabases, path: Path) -> None:
    with pytest.raises(UnsupportedDatabase, match="sqlite"):
        databases.session(dsn(path))
    with pytest.raises(UnsupportedDatabase, match="no accounts"):
        databases.administer(dsn(path), ["SELECT 1"])
