"""The workload shows every planted problem, and each of them is what the manifest says it is."""

from __future__ import annotations

import threading
import time
from typing import Any

import pglast
import psycopg
import pytest

from assay_lab.facts import Draw, read_facts
from assay_lab.planted import KEEP, PLANTED, Planted
from assay_lab.shop import Shop
from assay_lab.workload import STATEMENTS, Workload, has_run

BY_NAME = {statement.name: statement for statement in STATEMENTS}
HISTORY = """SELECT query, calls FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
    WHERE d.datname = current_database()"""


def histories(shop: Shop) -> dict[str, int]:
    """Calls by fingerprint."""
    found: dict[str, int] = {}
    with psycopg.connect(shop.dsn, options="-c pg_stat_statements.track=none") as connection:
        for query, calls in connection.execute(HISTORY):
            mark = pglast.fingerprint(query)
            found[mark] = found.get(mark, 0) + calls
    return found


def explain(connection: psycopg.Connection, name: str, *, analyze: bool = False) -> list[dict[str, Any]]:
    """Every node of the plan of a statement, with values that the workload would use."""
    statement = BY_NAME[name]
    values = statement.values(Draw(read_facts(connection), seed=3))
    options = "ANALYZE, TIMING OFF, FORMAT JSON" if analyze else "FORMAT JSON"
    asked = f"EXPLAIN ({options}) {statement.sql}".encode()
    row = psycopg.ClientCursor(connection).execute(asked, values or None).fetchone()
    assert row is not None
    nodes = [row[0][0]["Plan"]]
    for node in nodes:
        nodes.extend(node.get("Plans", ()))
    return nodes


def of_kind(*kinds: str) -> list[Any]:
    return [pytest.param(it, id=f"{it.kind}-{it.table}-{it.columns[-1]}") for it in PLANTED if it.kind in kinds]


def test_every_statement_of_the_workload_has_been_called_often_enough_to_be_judged(shop: Shop) -> None:
    calls = histories(shop)
    rare = [s.name for s in STATEMENTS if calls.get(pglast.fingerprint(s.text), 0) < 5]
    assert rare == []
    assert len(STATEMENTS) >= 38
    assert len({s.name for s in STATEMENTS}) == len(STATEMENTS)


def test_nothing_of_the_filling_is_in_the_history(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        found = connection.execute(
            f"{HISTORY} AND query ~* 'create (table|index|function)|vacuum|generate_series|pg_temp'"
        ).fetchall()
    assert found == []


def test_some_statements_are_asked_both_with_parameters_and_with_their_values_in_the_text(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        twice = connection.execute(
            "SELECT count(*) FROM pg_stat_statements WHERE query = %s", [BY_NAME["user-by-email"].text]
        ).fetchone()
    assert twice == (2,), "one query id each, for the same text"


def test_all_kinds_of_problem_of_the_contract_are_planted() -> None:
    assert {it.kind for it in PLANTED} >= {
        "missing_index", "composite_index", "join_index", "correlated_subquery", "cardinality_skew",
        "redundant_index", "unused_index", "leading_wildcard", "json_containment", "unindexed_expression",
    }  # fmt: skip
    assert {name for it in PLANTED for name in it.queries} <= set(BY_NAME)


@pytest.mark.parametrize("planted", of_kind("missing_index", "composite_index", "join_index", "unindexed_expression"))
def test_hypopg_agrees_that_the_fix_of_a_missing_index_helps(shop: Shop, planted: Planted) -> None:
    with psycopg.connect(shop.dsn, autocommit=True) as connection:
        before = explain(connection, planted.queries[0])[0]["Total Cost"]
        connection.execute("SELECT hypopg_create_index(%s)", [planted.fix])
        nodes = explain(connection, planted.queries[0])
        connection.execute("SELECT hypopg_reset()")
    assert any("<" in node.get("Index Name", "") for node in nodes), "the imagined index is used"
    assert nodes[0]["Total Cost"] < 0.7 * before


@pytest.mark.parametrize("planted", of_kind("cardinality_skew"))
def test_the_planner_is_wrong_by_ten_times_about_a_skewed_pair_until_it_has_statistics(
    shop: Shop, planted: Planted
) -> None:
    with psycopg.connect(shop.dsn) as connection:
        before = [wrongness(node) for node in explain(connection, planted.queries[0], analyze=True)]
        for statement in planted.fix.split(", then "):
            connection.execute(statement.encode())
        after = [wrongness(node) for node in explain(connection, planted.queries[0], analyze=True)]
        connection.rollback()
    assert max(before) >= 10
    assert max(after) < 3


def wrongness(node: dict[str, Any]) -> float:
    return node["Actual Rows"] * node["Actual Loops"] / max(node["Plan Rows"], 1)


@pytest.mark.parametrize("planted", of_kind("redundant_index", "unused_index"))
def test_an_index_to_be_dropped_was_never_scanned_and_enforces_nothing(shop: Shop, planted: Planted) -> None:
    with psycopg.connect(shop.dsn) as connection:
        row = connection.execute(
            """SELECT coalesce(idx_scan, 0), indisunique FROM pg_index JOIN pg_stat_user_indexes USING (indexrelid)
            WHERE indexrelname = %s""",
            [planted.index],
        ).fetchone()
    assert row is not None
    assert row[1] is False
    twin = planted.index == "users_created_at_idx1"  # which of two equal ones is scanned is the planner's whim
    assert twin or row[0] == 0


def test_the_indexes_to_keep_are_there(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        there = {row[0] for row in connection.execute("SELECT indexrelname FROM pg_stat_user_indexes")}
    assert set(KEEP) <= there


@pytest.mark.parametrize("planted", of_kind("json_containment", "leading_wildcard"))
def test_hypopg_cannot_imagine_the_index_that_would_help(shop: Shop, planted: Planted) -> None:
    with psycopg.connect(shop.dsn) as connection, pytest.raises(psycopg.Error):
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        connection.execute("SELECT hypopg_create_index(%s)", [planted.fix])


def test_it_ticks_over_until_told_to_stop_and_survives_a_lost_connection(shop: Shop) -> None:
    stop = threading.Event()
    background = threading.Thread(target=Workload(shop.dsn).keep_running, args=(stop,))
    before = sum(histories(shop).values())
    background.start()
    try:
        for _ in range(2):
            deadline = time.monotonic() + 30
            while sum(histories(shop).values()) < before + 3:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            before = sum(histories(shop).values())
            with psycopg.connect(shop.dsn, autocommit=True) as admin:
                admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^shop'")
    finally:
        stop.set()
        background.join(20)
    assert not background.is_alive()
    assert has_run(shop.dsn)
