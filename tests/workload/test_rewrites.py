"""A correlated sub-select written as a join gives the same rows, NULLs and duplicates included, or is left alone."""

from __future__ import annotations

from collections import Counter

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.ports.databases import Session
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.judging import Judge
from assay.workload.rules.decorrelate import decorrelate
from assay.workload.rules.draft import Ran
from assay.workload.rules.sublinks import Kept
from assay.workload.statement import fingerprint
from assay_lab.server import Server
from workload.conftest import Visit, run

OFTEN = Ran(calls=100, total_ms=5_000, rows=300, blocks=0, temp_written=0, share=0.3)

REWRITTEN = (
    "SELECT o.k, (SELECT count(*) FROM i WHERE i.k = o.k) FROM o",
    "SELECT o.k, (SELECT count(i.v) AS n FROM i WHERE o.k = i.k AND i.v > 1) AS n FROM o",
    "SELECT *, (SELECT sum(v) FROM i WHERE i.k = o.k) FROM o",
    "SELECT o.v, coalesce((SELECT max(i.v) FROM i WHERE i.k = o.k), -1) FROM o ORDER BY 1",
    "SELECT o.k FROM o WHERE o.v > (SELECT avg(i.v) FROM i WHERE i.k = o.k)",
    "SELECT o.k FROM o WHERE (SELECT count(*) FROM i WHERE i.k = o.k) = 0",
    "SELECT o.k FROM o WHERE o.v < (SELECT 2 * avg(v) + count(*) FROM i WHERE i.k = o.k AND i.w = o.v)",
    "SELECT sum(o.v), count(*) FROM o WHERE o.v >= (SELECT min(v) FROM i WHERE i.k = o.k)",
    "SELECT o.v, count(*) FROM o WHERE o.v >= (SELECT min(v) FROM i WHERE i.k = o.k) GROUP BY o.v",
    "SELECT a.k, (SELECT count(*) FROM i WHERE i.k = a.k), (SELECT min(i.v) FROM i WHERE i.k = a.k) FROM o a, o"
    " b WHERE a.k = b.v",
    "SELECT DISTINCT o.k, (SELECT bool_or(i.v > 2) FROM i WHERE i.k = o.k) FROM o",
    "SELECT o.k, (SELECT count(DISTINCT i.v) FROM i JOIN o p ON p.k = i.v WHERE i.k = o.k) FROM o LEFT JOIN i x"
    " ON x.k = o.v",
)
KEPT = (
    ("SELECT (SELECT i.v FROM i WHERE i.k = o.k LIMIT 1) FROM o", "more than compute one aggregate"),
    ("SELECT (SELECT i.v FROM i WHERE i.k = o.k) FROM o", "more than one row"),
    ("SELECT (SELECT array_agg(i.v) FROM i WHERE i.k = o.k) FROM o", "order of rows"),
    ("SELECT (SELECT count(*) FROM i WHERE i.k > o.k) FROM o", "more than equality"),
    ("SELECT (SELECT sum(i.v + o.v) FROM i WHERE i.k = o.k) FROM o", "outer columns"),
    ("SELECT (SELECT count(*) FROM i WHERE i.t = o.k) FROM o", "one type"),
    ("SELECT o.k, (SELECT count(*) FROM i WHERE i.k = o.k) FROM o GROUP BY o.k", "groups"),
    ("SELECT max((SELECT count(*) FROM i WHERE i.k = o.k)) FROM o", "aggregates"),
    ("SELECT * FROM o WHERE EXISTS (SELECT 1 FROM i WHERE i.k = o.k)", "no correlated scalar"),
    ("SELECT * FROM o WHERE k IN (SELECT k FROM i WHERE i.v = o.v)", "no correlated scalar"),
    ("SELECT (SELECT max(v) FROM i) FROM o", "no correlated scalar"),
    ("WITH i AS (SELECT k FROM o) SELECT (SELECT count(*) FROM i WHERE i.k = o.k) FROM o", "no correlated scalar"),
    ("SELECT (SELECT sum(1 / v) FROM i WHERE i.k = o.k) FROM o", "divides"),
    ("SELECT (SELECT sum(random()) FROM i WHERE i.k = o.k) FROM o", "another value each time"),
    ("SELECT (SELECT count(*) FROM i WHERE i.k = o.k) FROM o FOR UPDATE", "locks"),
    ("SELECT (SELECT count(*) FROM i WHERE i.k = a.k AND i.v = b.v) FROM o a, o b", "several items"),
)


@pytest.fixture(scope="module")
def ground(postgres: Server) -> str:
    dsn = postgres.create_database()
    run(dsn, "CREATE TABLE o (k int, v int)", "CREATE TABLE i (k int, v int, w int, t bigint)")
    return dsn


@pytest.fixture
def schema(ground: str, visit: Visit) -> Schema:
    with visit(ground) as session:
        return read_schema(session, "ground")


numbers = st.one_of(st.none(), st.integers(0, 3))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    outer=st.lists(st.tuples(numbers, numbers), max_size=7),
    inner=st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=9),
)
def test_the_join_returns_the_same_rows(
    ground: str, schema: Schema, outer: list[tuple[object, ...]], inner: list[tuple[object, ...]]
) -> None:
    with psycopg.connect(ground) as connection:
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO o VALUES (%s, %s)", outer)
        cursor.executemany("INSERT INTO i VALUES (%s, %s, %s, %s)", inner)
        for text in REWRITTEN:
            rewritten = decorrelate(text, schema).text
            one, two = (Counter(cursor.execute(sql).fetchall()) for sql in (text, rewritten))  # pyright: ignore[reportArgumentType, reportCallIssue]
            assert one == two, rewritten
        connection.rollback()


@pytest.mark.parametrize("text", REWRITTEN)
def test_no_sub_select_is_left(text: str, schema: Schema) -> None:
    assert " LEFT" in decorrelate(text, schema).text
    with pytest.raises(Kept):
        decorrelate(decorrelate(text, schema).text, schema)


@pytest.mark.parametrize(("text", "reason"), KEPT)
def test_what_might_change_its_meaning_is_left_alone(text: str, reason: str, schema: Schema) -> None:
    with pytest.raises(Kept, match=reason):
        decorrelate(text, schema)


def test_the_finding_shows_the_rewrite_with_both_costs(small: tuple[Session, Schema, str]) -> None:
    session, shop, _ = small
    text = (
        "SELECT u.id, u.email, (SELECT count(*) FROM orders o WHERE o.user_id = u.id) AS n FROM users u"
        " WHERE u.status = $1"
    )
    _, judged = Judge(session, shop).judge(fingerprint(text), text, OFTEN)
    (finding,) = [d for d in judged.drafts if d.kind == "correlated_subquery"]
    assert finding.fix is not None
    assert finding.fix.type == "correlated_subquery"
    assert (finding.fix.after_cost or 0) < 0.5 * (finding.fix.before_cost or 0)
    assert session.parameter_types(finding.fix.rewrite or "") == ("text",)
    assert "GROUP BY o.user_id" in (finding.fix.rewrite or "")
    assert "once for every row outside" in finding.rationale
