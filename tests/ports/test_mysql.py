"""What readers of somebody else's MariaDB promise, on a real server."""

# ruff: noqa: E501
from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable, Iterator

import pytest

from assay.adapters.databases.door import EngineDatabases
from assay.adapters.databases.mysql.powers import powers
from assay.ports.databases import Limits, Reader
from assay.ports.errors import Invalid, Refused, TimedOut, Unavailable, UnsupportedDatabase
from assay.ports.secret import Secret
from assay_lab.mariadb import MariaServer

Until = Callable[[Callable[[], object]], None]
TABLES = (
    "CREATE TABLE users (id INT PRIMARY KEY, name VARCHAR(80), city VARCHAR(40))",
    "INSERT INTO users VALUES (1, 'Ada', 'Berlin'), (2, 'Zoë 日本 😀', 'Paris'), (3, NULL, 'Berlin')",
    "CREATE TABLE odd (big BIGINT UNSIGNED, exact DECIMAL(30, 10), at DATETIME(6), day DATE, raw VARBINARY(10), bits BIT(3),"
    " f DOUBLE, span TIME, doc JSON, kind ENUM('a', 'b'))",
    "INSERT INTO odd VALUES (18446744073709551615, 0.1234567891, '0000-00-00 00:00:00', '2024-02-29', x'ff00', b'101',"
    " 1e300, '-838:59:59', '{\"a\": 1}', 'b'), (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
)


@pytest.fixture(scope="module")
def dsn(mariadb: MariaServer) -> Secret:
    found = mariadb.create_database()
    with mariadb.connect(found.rpartition("/")[2]) as root, root.cursor() as cursor:
        cursor.execute("SET sql_mode = ''")
        for statement in TABLES:
            cursor.execute(statement)
    return Secret(found)


@pytest.fixture
def databases() -> EngineDatabases:
    return EngineDatabases()


@pytest.fixture
def reader(databases: EngineDatabases, dsn: Secret) -> Iterator[Reader]:
    with databases.reader(dsn, Limits(statement_ms=500)) as it:
        yield it


def test_a_reader_knows_where_it_is_and_reads(reader: Reader) -> None:
    facts = reader.facts
    assert facts.engine == "mysql" and facts.version.endswith("-MariaDB") and facts.version_num >= 100_300
    assert facts.superuser and "ALL PRIVILEGES on *.*" in facts.powers
    found = reader.read("SELECT id, name FROM users ORDER BY id", 2)
    assert found.columns == ("id", "name") and found.types == ("int", "text")
    assert found.rows == ((1, "Ada"), (2, "Zoë 日本 😀")) and found.more
    assert reader.rows("SELECT name FROM users WHERE id = %s AND city = %s", (1, "Berlin")) == [{"name": "Ada"}]
    assert reader.rows("SELECT '100%' AS percent") == [{"percent": "100%"}]


def test_values_that_json_cannot_say_are_text(reader: Reader) -> None:
    found = reader.read("SELECT * FROM odd", 5)
    assert found.rows[0] == (
        18446744073709551615, "0.1234567891", "0000-00-00 00:00:00.000000", "2024-02-29", "\\xff00", "\\x05", 1e300,
        "-838:59:59", '{"a": 1}', "b",
    )  # fmt: skip
    assert found.rows[1] == (None,) * 10
    assert found.types[:3] == ("bigint", "decimal", "datetime")


@pytest.mark.parametrize(
    "text",
    [
        "DELETE FROM users", "INSERT INTO users VALUES (9, 'x', 'y')", "SELECT 1; SELECT 2", "SET @x = 1", "CREATE TABLE x (a INT)",
        "CREATE TEMPORARY TABLE x (a INT)", "DROP TABLE users", "COMMIT", "LOCK TABLES users WRITE", "FLUSH TABLES", "CALL x()",
        "WITH d AS (SELECT 1 AS id) DELETE FROM users WHERE id IN (SELECT id FROM d)", "", "/* nothing */", "SELECT '\ud800'",
        "SELECT nothing FROM users", "SELECT 1 \0",
    ],
)  # fmt: skip
def test_what_does_more_than_read_is_refused_and_the_session_goes_on(reader: Reader, text: str) -> None:
    with pytest.raises(Refused):
        reader.read(text, 10)
    assert reader.read("SELECT count(*) FROM users", 1).rows == ((3,),)


def test_the_transaction_itself_is_read_only(reader: Reader) -> None:
    for statement in ("DELETE FROM users", "CREATE TABLE x (a INT)"):
        with pytest.raises(Refused, match="READ ONLY"):
            reader.rows(statement)


def test_the_server_ends_a_statement_that_takes_too_long(reader: Reader) -> None:
    for text in (
        "SELECT SLEEP(60)",
        "SELECT count(*) FROM seq_1_to_1000000 a, seq_1_to_1000000 b WHERE a.seq + b.seq = -1",
    ):
        with pytest.raises(TimedOut):
            reader.read(text, 1)
    assert reader.read("SELECT 1", 1).rows == ((1,),)


def test_a_text_means_the_same_whatever_mode_the_server_has(
    mariadb: MariaServer, databases: EngineDatabases, dsn: Secret
) -> None:
    with mariadb.connect() as root, root.cursor() as cursor:
        cursor.execute("SET GLOBAL sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES,ONLY_FULL_GROUP_BY'")
        try:
            with databases.reader(dsn) as reader:
                assert reader.read("SELECT \"text\", 'a\\'b', 1 || 0", 1).rows == (("text", "a'b", 1),)
                assert "ONLY_FULL_GROUP_BY" in str(reader.rows("SELECT @@sql_mode AS m")[0]["m"])
        finally:
            cursor.execute("SET GLOBAL sql_mode = DEFAULT")


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT * FROM users a, users b, users c", 27),
        ("SELECT * FROM (SELECT count(*) AS n FROM users a, users b) q", 9),
        ("SELECT id FROM users UNION SELECT a.id FROM users a, users b", 9),
        ("SELECT 1", 1),
    ],
)
def test_the_estimate_multiplies_the_tables_that_are_joined(reader: Reader, query: str, rows: float) -> None:
    found = reader.estimate(query)
    assert found.most_rows == rows and found.rows is None and "statistics" in found.says


def test_a_killed_or_stopped_server_is_unavailable_and_named(databases: EngineDatabases) -> None:
    with MariaServer() as server:
        dsn = Secret(server.create_database())
        where = databases.whereabouts(dsn).where
        with databases.reader(dsn, Limits(statement_ms=300)) as reader:
            os.kill(server.pid, signal.SIGSTOP)
            try:
                with pytest.raises(Unavailable, match="does not answer"):
                    reader.rows("SELECT 1")
            finally:
                os.kill(server.pid, signal.SIGCONT)
            with pytest.raises(Unavailable):
                reader.read("SELECT 1", 1)
        with databases.reader(dsn) as reader:
            assert reader.read("SELECT 1", 1).rows == ((1,),)
            server.kill()
            with pytest.raises(Unavailable, match=where):
                reader.read("SELECT 1", 1)
        with pytest.raises(Unavailable, match="Cannot connect"), databases.reader(dsn):
            pass


def test_a_session_that_the_server_killed_is_unavailable(
    mariadb: MariaServer, databases: EngineDatabases, dsn: Secret
) -> None:
    with databases.reader(dsn) as reader:
        own = reader.rows("SELECT CONNECTION_ID() AS id")[0]["id"]
        with mariadb.connect() as root, root.cursor() as cursor:
            cursor.execute(f"KILL {int(own)}")
        with pytest.raises(Unavailable):
            reader.read("SELECT 1", 1)


@pytest.mark.parametrize(
    ("text", "where", "account"),
    [
        ("mysql://me:s3cret@db.example/shop", "db.example:3306/shop", "me"),
        ("mariadb://m%C3%BC:p%40ss@db.example:3307/sh%20op", "db.example:3307/sh op", "mü"),
        ("mysql://me@[2001:db8::1]/shop?ssl-mode=REQUIRED", "[2001:db8::1]:3306/shop", "me"),
        ("mysql://me@localhost/shop?socket=/run/mysqld.sock", "/run/mysqld.sock/shop", "me"),
    ],
)
def test_a_dsn_is_described_without_its_secret(databases: EngineDatabases, text: str, where: str, account: str) -> None:
    found = databases.whereabouts(Secret(text))
    assert (found.where, found.account, found.engine) == (where, account, "mysql")
    other = databases.as_account(Secret(text), "reader", Secret("it's @/ new"))
    again = databases.whereabouts(other)
    assert (again.where, again.account) == (where, "reader") and "new" not in repr(other)


@pytest.mark.parametrize(
    "text",
    [
        "mysql://me:s3cret@cret@db/shop", "mysql://me:s3/cret@db/shop", "mysql://me:s3cret@db", "mysql://:s3cret@db/shop",
        "mysql://me:s3cret@db:port/shop", "mysql://me:s3cret@db/shop?local_infile=1", "mysql://me:s3cret@db/shop?ssl-mode=cret",
        "mysql://me:s3cret@db/shop?ssl-mode=VERIFY_CA", "mysql://me:s3#cret@db/shop",
    ],
)  # fmt: skip
def test_a_dsn_that_cannot_be_read_is_invalid_and_no_part_of_it_is_shown(databases: EngineDatabases, text: str) -> None:
    with pytest.raises(Invalid) as invalid, databases.reader(Secret(text)):
        pass
    assert "cret" not in str(invalid.value) and invalid.value.details["field"] == "dsn"
    assert "cret" not in "".join(traceback.format_exception(invalid.value, limit=0))


def test_a_wrong_password_names_the_account_and_not_the_password(
    databases: EngineDatabases, mariadb: MariaServer, dsn: Secret
) -> None:
    wrong = Secret(mariadb.dsn("shop", password="s3cret-wröng"))
    with (
        pytest.raises(Unavailable, match=r"as root: Access denied.*Check the account") as failed,
        databases.reader(wrong),
    ):
        pass
    assert "s3cret" not in str(failed.value)
    with pytest.raises(UnsupportedDatabase, match="mysql"):
        databases.session(dsn)


@pytest.mark.parametrize(
    ("grant", "found"),
    [
        ("GRANT USAGE ON *.* TO `a`@`%` IDENTIFIED BY PASSWORD '*X'", ()),
        ("GRANT SELECT, SHOW VIEW ON `shop\\_1`.* TO `a`@`%`", ()),
        ("GRANT SELECT (id, name) ON `shop`.`users` TO `a`@`%`", ()),
        ("GRANT SELECT, INSERT, FILE ON *.* TO `a`@`%`", ("INSERT on *.*", "FILE on *.*")),
        ("GRANT ALL PRIVILEGES ON `shop`.* TO `a`@`%`", ("ALL PRIVILEGES on `shop`.*",)),
        ("GRANT EXECUTE ON PROCEDURE `shop`.`p` TO `a`@`%`", ("EXECUTE on `shop`.`p`",)),
        ("GRANT `reader`@`%` TO `a`@`%`", ()),
        ("GRANT SELECT ON `shop`.* TO `a`@`%` WITH GRANT OPTION", ("GRANT OPTION on `shop`.*",)),
        ("SOMETHING ELSE", ("a grant that is not known",)),
    ],
)
def test_grants_beyond_reading_are_powers(grant: str, found: tuple[str, ...]) -> None:
    assert powers([grant]) == found
