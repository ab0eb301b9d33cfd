"""Runbooks are really run with psql, on a real server, also after a build that was cancelled half-way."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from assay.kernel.assayed import Verdict
from assay.workload.model import Recommendation, Runbook
from assay.workload.runbook import runbook
from assay_lab.server import find_binaries


def recommended(ddl: str, table: str, *, undo: str | None = None, type: str = "missing_index") -> Recommendation:
    return Recommendation.model_validate(
        {
            "id": "r_1", "source": "s_1", "type": type, "title": "A change", "table": table, "ddl": ddl, "undo": undo,
            "rationale": "r", "risk": "low", "risk_reason": "r", "confidence": 0.5, "confidence_reason": "r",
            "verdict": Verdict.ESTIMATE, "missing": ("m",), "created_at": datetime.now(UTC),
        }
    )  # fmt: skip


def run(script: str, dsn: str, folder: Path) -> subprocess.CompletedProcess[str]:
    file = folder / "runbook.sql"
    file.write_text(script)
    return subprocess.run(
        [find_binaries() / "psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", str(file), dsn],
        capture_output=True, text=True, timeout=90, env={**os.environ, "PGOPTIONS": "-c client_min_messages=warning"},
    )  # fmt: skip


def undone(book: Runbook) -> str:
    return "\n".join(step.sql for step in book.undo)


def valid(connection: psycopg.Connection, index: str) -> bool | None:
    row = connection.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)", (index,)).fetchone()
    return row[0] if row else None


@pytest.fixture
def connection(database: str):
    with psycopg.connect(database, autocommit=True) as it:
        it.execute("""CREATE SCHEMA "Über"; CREATE TABLE "Über"."Order" (id int, "user" int, "Straße" text);
                      INSERT INTO "Über"."Order" SELECT i, i % 100, 's' || i FROM generate_series(1, 2000) i""")
        yield it


DDL = 'CREATE INDEX CONCURRENTLY "Order_user_idx" ON "Über"."Order" ("user", "Straße")'


def test_the_script_builds_the_index_and_says_that_it_is_valid(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    book = runbook(recommended(DDL, "Über.Order"))
    ran = run(book.script, database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, '"Über"."Order_user_idx"') is True
    assert "ERROR" not in ran.stderr


def test_the_script_runs_twice_and_changes_nothing_the_second_time(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    script = runbook(recommended(DDL, "Über.Order")).script
    for _ in range(2):
        ran = run(script, database, tmp_path)
        assert ran.returncode == 0, ran.stderr
    assert valid(connection, '"Über"."Order_user_idx"') is True


def test_the_script_drops_the_invalid_index_of_a_cancelled_build_and_builds_it_anew(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    with psycopg.connect(database) as open_one:
        open_one.execute('INSERT INTO "Über"."Order" VALUES (0, 0, NULL)')  # keeps the build waiting until it times out
        connection.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute(DDL)
    assert valid(connection, '"Über"."Order_user_idx"') is False
    ran = run(runbook(recommended(DDL, "Über.Order")).script, database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, '"Über"."Order_user_idx"') is True


def test_the_script_ends_with_an_error_when_the_index_cannot_be_built(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    impossible = DDL.replace('"Straße"', '"nowhere"')
    book = runbook(recommended(impossible, "Über.Order"))
    ran = run(
        book.script.replace("pg_sleep(5)", "pg_sleep(0)").replace("pg_sleep(10)", "pg_sleep(0)"), database, tmp_path
    )
    assert ran.returncode != 0
    assert "is not there, or not valid" in ran.stderr


def test_the_way_back_drops_what_was_built(connection: psycopg.Connection, database: str, tmp_path: Path) -> None:
    book = runbook(recommended(DDL, "Über.Order"))
    run(book.script, database, tmp_path)
    ran = run(undone(book), database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, '"Über"."Order_user_idx"') is None


def test_an_index_is_dropped_and_can_be_built_again_from_its_definition(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    connection.execute('CREATE INDEX "Alt" ON "Über"."Order" ("Straße" text_pattern_ops) WHERE id > 5')
    row = connection.execute("""SELECT pg_get_indexdef('"Über"."Alt"'::regclass)""").fetchone()
    assert row is not None
    book = runbook(recommended('DROP INDEX CONCURRENTLY "Über"."Alt"', "Über.Order", undo=row[0], type="unused_index"))
    ran = run(book.script, database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, '"Über"."Alt"') is None
    ran = run(undone(book), database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    again = connection.execute("""SELECT pg_get_indexdef('"Über"."Alt"'::regclass)""").fetchone()
    assert again == row


def test_a_partitioned_table_gets_its_index_partition_by_partition(
    connection: psycopg.Connection, database: str, tmp_path: Path
) -> None:
    connection.execute("""CREATE TABLE parts (id int, at date, "Wer" text) PARTITION BY RANGE (at);
        CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE "Über".parts_2 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
            PARTITION BY LIST (id);
        CREATE TABLE "Teil b" PARTITION OF "Über".parts_2 DEFAULT;
        INSERT INTO parts SELECT i, date '2024-01-01' + i % 700, 'w' FROM generate_series(1, 500) i""")
    from assay.adapters.databases.postgres import PostgresDatabases
    from assay.ports.secret import Secret
    from assay.sources.introspect import read_schema

    with PostgresDatabases(keep=0).session(Secret(database)) as session:
        table = read_schema(session, "s").find("parts", "public")
    ddl = 'CREATE INDEX CONCURRENTLY "parts_Wer_idx" ON public.parts ("Wer", at DESC) INCLUDE (id)'
    book = runbook(recommended(ddl, "public.parts"), table)
    ran = run(book.script, database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, 'public."parts_Wer_idx"') is True
    rows = connection.execute("""SELECT count(*), bool_and(indisvalid) FROM pg_index
                                 WHERE indrelid IN (SELECT relid FROM pg_partition_tree('parts'))""").fetchone()
    assert rows == (4, True)
    ran = run(undone(book), database, tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert valid(connection, 'public."parts_Wer_idx"') is None


def test_every_step_says_what_it_locks_and_how_long_it_takes() -> None:
    for ddl, type in ((DDL, "expression_index"), ("DROP INDEX CONCURRENTLY a.b", "unused_index")):
        book = runbook(recommended(ddl, "a.t", undo="CREATE INDEX b ON a.t USING btree (c)", type=type))
        assert all(step.locks and step.takes and step.sql for step in (*book.steps, *book.undo))
        assert all(step.sql in book.script for step in book.steps)
