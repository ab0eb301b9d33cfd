"""A whole scan: what counts, what does not, what is missing, and how long it takes."""

from __future__ import annotations

import pickle

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from assay.ports.databases import Session
from assay.ports.errors import Cancelled, Refused
from assay.ports.secret import Secret
from assay.ports.workers import Bench, Progress
from assay.sources.model import Schema
from assay.workload.scan import ScanResult, ScanWork, scan, scan_session
from assay.workload.snapshots import (
    first_word,
    plannable,
    read_statements,
    reads_catalogs_only,
    statistics_query,
)
from assay_lab.shop import Shop
from workload.conftest import Visit, run

Small = tuple[Session, Schema, str]


def quietly(_: Progress) -> None:
    """Nobody watches."""


def test_the_shop_is_read_planned_and_crosses_to_another_process(shop_scan: ScanResult) -> None:
    assert shop_scan.planned >= 40
    assert shop_scan.unplanned == 0
    assert shop_scan.partial == ()
    again = pickle.loads(pickle.dumps(shop_scan))
    assert again.statements[0].title == shop_scan.statements[0].title
    totals = [statement.ran.total_ms for statement in shop_scan.statements]
    assert totals == sorted(totals, reverse=True)
    assert sum(statement.ran.share for statement in shop_scan.statements) == pytest.approx(1)


def test_a_scan_does_not_find_itself(shop: Shop, bench: Bench) -> None:
    texts = [s.text for _ in range(2) for s in scan(bench, ScanWork("shop", Secret(shop.dsn), top=5)).statements]
    assert not [
        text for text in texts if "pg_stat" in text or "assay" in text or "hypopg" in text or "pg_catalog" in text
    ]


def test_other_databases_and_utility_statements_are_left_out(small: Small, shop: Shop) -> None:
    session, _, dsn = small
    run(dsn, "SELECT count(*) FROM users WHERE id < 7", "VACUUM users", "SET work_mem = '5MB'")
    snapshot = read_statements(session)
    assert any("FROM users WHERE id" in entry.text for entry in snapshot.entries)
    assert not any("order_items oi" in entry.text or "VACUUM" in entry.text for entry in snapshot.entries)
    assert snapshot.utility > 0


def test_a_role_without_rights_gets_what_it_may_see_and_is_told_what_is_missing(small: Small, visit: Visit) -> None:
    _, _, dsn = small
    run(dsn, "DROP ROLE IF EXISTS peeper", "CREATE ROLE peeper LOGIN PASSWORD 'p'",
        *["SELECT count(*) FROM orders WHERE user_id = 3"] * 3)  # fmt: skip
    mine = make_conninfo(dsn, user="peeper", password="p")
    with visit(mine) as session:
        result = scan_session(session, ScanWork("s", Secret(mine)), quietly)
    assert result.snapshot.hidden > 0
    assert any('GRANT pg_read_all_stats TO "peeper"' in sentence for sentence in result.partial)
    run(dsn, "GRANT pg_read_all_stats TO peeper")
    with visit(mine) as session:
        result = scan_session(session, ScanWork("s", Secret(mine)), quietly)
    assert result.snapshot.hidden == 0
    assert result.unplanned > 0
    assert any("GRANT SELECT ON" in sentence and "public.orders" in sentence for sentence in result.partial)


def test_without_the_extension_the_cure_is_named(database: str, visit: Visit) -> None:
    run(database, "DROP EXTENSION pg_stat_statements")
    with visit(database) as session, pytest.raises(Refused, match="pg_stat_statements") as refused:
        scan_session(session, ScanWork("s", Secret(database)), quietly)
    assert refused.value.details["cure"] == "CREATE EXTENSION pg_stat_statements"


def test_an_empty_workload_is_no_error(database: str, visit: Visit) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_stat_statements_reset(0, d.oid, 0) FROM pg_database d WHERE datname = current_database()"
        )
    with visit(database) as session:
        result = scan_session(session, ScanWork("s", Secret(database)), quietly)
    assert result.statements == ()


def test_progress_is_reported_and_a_scan_can_be_stopped(shop: Shop, bench: Bench) -> None:
    told: list[Progress] = []

    def report(progress: Progress) -> None:
        told.append(progress)
        if len(told) > 8:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        scan(Bench(bench.databases, report), ScanWork("shop", Secret(shop.dsn)))
    assert {"Connecting", "Reading pg_stat_statements"} <= {progress.step for progress in told}


def test_deltas_count_what_ran_since_the_scan_before(small: Small) -> None:
    session, _, dsn = small
    work = ScanWork("s", Secret(dsn), top=0)
    first = scan_session(session, work, quietly)
    run(dsn, *["SELECT max(id) FROM users WHERE status = 'active'"] * 5)
    known = {e.queryid: s.fingerprint for s in first.statements for e in s.entries}
    second = scan_session(
        session, ScanWork("s", Secret(dsn), top=0, previous=first.snapshot.mark(), known=known), quietly
    )
    key = next(e.key for s in second.statements for e in s.entries if "max(id)" in e.text)
    assert second.deltas.rows[key].calls == 5
    assert not second.deltas.reset


def test_five_thousand_statements_are_read_and_the_worst_of_them_planned(
    postgres: object, database: str, visit: Visit
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE wide (" + ", ".join(f"c{i} int" for i in range(80)) + ")")
        connection.execute("INSERT INTO wide (c0) SELECT i FROM generate_series(1, 2000) i")
        connection.execute("ANALYZE wide")
        connection.execute("SELECT pg_stat_statements_reset()")
        for one in range(64):
            # many statements a round trip: what is timed is the scan
            connection.execute(
                "; ".join(f"SELECT c{one} FROM wide WHERE c{two} > 1 LIMIT 1" for two in range(80) if two != one)
            )
    with visit(database) as session:
        result = scan_session(session, ScanWork("s", Secret(database)), quietly)
    assert len(result.snapshot.entries) >= 5_000
    assert [s.judged.error for s in result.statements if s.judged and s.judged.error] == []
    assert result.planned == 20


@pytest.mark.parametrize(
    ("text", "word"),
    [("SELECT 1", "select"), ("  -- c\n/* a /* b */ */ (( With x", "with"), ("", ""), ("/* open", ""), ("1", "")],
)
def test_the_first_word_is_found_behind_comments(text: str, word: str) -> None:
    assert first_word(text) == word


def test_kinds_of_statements_are_told_apart() -> None:
    assert plannable("(SELECT 1) UNION (SELECT 2)")
    assert plannable("values (1)")
    assert not plannable("EXPLAIN SELECT 1")
    assert reads_catalogs_only("SELECT relname FROM pg_class c JOIN pg_catalog.pg_namespace n ON true")
    assert reads_catalogs_only("SELECT * FROM hypopg_create_index($1)")
    assert not reads_catalogs_only("SELECT relname FROM pg_class, orders")
    assert not reads_catalogs_only("SELECT 'pg_class' FROM orders")


@pytest.mark.parametrize(
    ("version", "has", "lacks"),
    [
        ((1, 7), ("s.total_time",), ("s.toplevel", "exec_time", "s.stats_since")),
        ((1, 8), ("s.total_exec_time",), ("s.toplevel", "s.stats_since")),
        ((1, 9), ("s.total_exec_time", "s.toplevel"), ("s.stats_since",)),
        ((1, 11), ("s.total_exec_time", "s.toplevel", "s.stats_since"), ()),
    ],
)
def test_columns_are_named_as_the_extension_s_version_has_them(
    version: tuple[int, int], has: tuple[str, ...], lacks: tuple[str, ...]
) -> None:
    text = statistics_query("public", version)
    assert all(name in text for name in has)
    assert not any(name in text for name in lacks)
