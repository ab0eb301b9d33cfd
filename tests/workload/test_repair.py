"""Texts of pg_stat_statements that the server cannot prepare, written so that it can, on a real server."""

from __future__ import annotations

import psycopg
import pytest

from assay.ports.databases import Session
from assay.ports.secret import Secret
from assay.sources.model import Schema
from assay.workload.scan import ScanWork, scan_session
from assay.workload.statement import repair, unplannable
from workload.conftest import run

Small = tuple[Session, Schema, str]

NORMALISED = (
    "SELECT * FROM orders WHERE order_date > now() - interval $1",
    "SELECT * FROM orders WHERE order_date > now() - interval $1 day",
    "SELECT * FROM orders WHERE order_date > date $1 AND order_date < date $2 + interval $3 month",
    "SELECT timestamp with time zone $1, time $2",
    "SELECT extract($1 from order_date) FROM orders",
    "SELECT total_amount::numeric($1) FROM orders WHERE id = $2",
    "SELECT date_trunc($1, order_date), count(*) FROM orders GROUP BY date_trunc($2, order_date) ORDER BY"
    " date_trunc($3, order_date)",
    "SELECT coalesce(status, $1) FROM orders GROUP BY coalesce(status, $2)",
    "SELECT sum(CASE WHEN status = $1 THEN $2 ELSE $3 END) FROM orders",
    "SELECT * FROM orders WHERE total_amount BETWEEN $1 - $2 AND $3 + $4",
    "SELECT * FROM orders WHERE order_date > current_date - $1",
    "SELECT order_date + $1 FROM orders",
    "SELECT * FROM orders WHERE $1 IS NULL OR status = $2",
    "SELECT jsonb_build_object($1, id, $2, status) FROM orders",
    "SELECT $1 AS kind, id FROM orders UNION ALL SELECT id, user_id FROM events",
    "WITH RECURSIVE r AS (SELECT $1 AS n UNION ALL SELECT n + $2 FROM r WHERE n < $3) SELECT n FROM r",
    "WITH a AS (SELECT total_amount::numeric($1) AS x FROM orders) SELECT * FROM a",
    "SELECT * FROM orders WHERE user_id = ANY(ARRAY[$1, $2])",
    "SELECT * FROM orders WHERE status IN ($1 /*, ... */)",
    "SELECT * FROM orders LIMIT $1 OFFSET $2",
    "SELECT abs($1), round($2, $3), $4 || $5",
    "SELECT 'keep $1 and date $2', \"status\" FROM orders WHERE status = $1",
    "INSERT INTO orders (id, order_date) VALUES ($1, date $2)",
    "UPDATE orders SET order_date = order_date + $1 WHERE id = $2",
    "SELECT * FROM generate_series($1, $2) AS n",
    "SELECT generate_series($1, $2, $3)",
    "SELECT * FROM pg_catalog.generate_series($1,$2) AS n LEFT JOIN orders ON id = n AND status = $3",
    "SELECT * FROM generate_series($1, $2, interval $3) AS at",
)  # fmt: skip


@pytest.mark.parametrize("text", NORMALISED)
def test_a_normalised_text_can_be_prepared_after_repair(small: Small, text: str) -> None:
    session, schema, dsn = small
    repaired = repair(text, schema)
    types = session.parameter_types(repaired)
    with psycopg.connect(dsn) as connection:
        connection.execute(f"PREPARE it AS {repaired}")  # pyright: ignore[reportArgumentType, reportCallIssue]
    numbers = {int(part[0]) for part in text.split("$")[1:] if part[:1].isdigit() and "keep" not in text}
    assert len(types) >= max(numbers, default=0)
    assert session.plan(repaired, (None,) * len(types))["Total Cost"] >= 0


def test_a_series_between_bare_parameters_counts_in_bigint(small: Small) -> None:
    session, schema, _ = small
    for text in ("SELECT * FROM generate_series($1, $2) AS n", "SELECT * FROM generate_series($1, $2, $3) AS n"):
        assert set(session.parameter_types(repair(text, schema))) == {"bigint"}
    assert session.plan(repair("SELECT * FROM generate_series($1, $2)"), ("1", "400"))["Plan Rows"] == 400
    text = "SELECT * FROM generate_series($1, now(), $2) AS at"
    assert repair(text, schema) == text


def test_what_was_repaired_is_planned_and_measured_with_values(small: Small) -> None:
    session, schema, _ = small
    text = "SELECT extract($1 FROM order_date) FROM orders WHERE order_date > date $2 - interval $3 day LIMIT $4"
    values = ("year", "1900-01-01", "3", "2")
    repaired = repair(text, schema)
    assert session.plan(repaired, values)["Plan Rows"] > 0
    assert session.measure(repaired, values)["Actual Rows"] == 2


def test_what_was_repaired_needs_no_further_repair(small: Small) -> None:
    repaired = [repair(text, small[1]) for text in NORMALISED]
    assert [repair(text) for text in repaired] == repaired


def test_a_text_that_needs_nothing_stays_as_it_is() -> None:
    text = "SELECT  *\nFROM t -- hm\nWHERE a = $1"
    assert repair(text) == text
    assert repair("SELECT 'open") == "SELECT 'open"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("SELECT * FROM orders WHERE status = 'pa", "cut off"),
        ("SELECT * FROM orders WHERE (a = 1 AND", "cut off"),
        ("SELECT * FORM orders", "cannot be parsed"),
        ("VACUUM orders", "utility"),
    ],
)
def test_what_cannot_be_planned_says_why(text: str, reason: str) -> None:
    assert reason in (unplannable(text) or "")


def test_a_kept_parameter_costs_nothing(small: Small) -> None:
    session, schema, _ = small
    plain = session.plan("SELECT total_amount::numeric FROM orders")
    kept = session.plan(repair("SELECT total_amount::numeric($1) FROM orders", schema), ("3",))
    assert kept["Total Cost"] == plain["Total Cost"]


def test_one_statement_that_cannot_be_planned_never_stops_a_scan(small: Small) -> None:
    session, _, dsn = small
    run(dsn, "CREATE TABLE gone (a int)", "SELECT a FROM gone WHERE a = 1", "DROP TABLE gone",
        "SELECT count(*) FROM orders WHERE status = 'paid'", "SELECT sum(total_amount) FROM orders")  # fmt: skip
    result = scan_session(session, ScanWork("small", Secret(dsn), top=50), lambda _: None)
    by_text = {s.text: s.judged for s in result.statements if s.judged}
    broken = next(judged for text, judged in by_text.items() if "gone" in text)
    assert "gone" in (broken.error or "")
    assert [draft.kind for draft in broken.drafts] == ["unplannable"]
    assert all(judged.plan for text, judged in by_text.items() if "count(*)" in text and "status" in text)
