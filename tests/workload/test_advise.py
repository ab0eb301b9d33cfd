"""Advice over a real workload on a real server: what is shown is used, pays, harms nothing, leaves nothing."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.databases import Session
from assay.ports.errors import Cancelled, Refused
from assay.ports.secret import Secret
from assay.ports.workers import Bench, Progress
from assay.sources.introspect import read_schema
from assay.workload.advice_model import AdviceResult, AdviceStatement, AdviceWork
from assay.workload.advise import advise
from assay.workload.prepare import prepared, relations_of
from assay.workload.recheck import recheck
from assay.workload.whatif import WhatIf, hypothetical_left

TABLES = """
CREATE SCHEMA "Büro";
CREATE TABLE people (id bigint PRIMARY KEY, email text NOT NULL, city text, born date, "Wert" int, data jsonb);
CREATE TABLE "Büro"."Order" (id bigint PRIMARY KEY, person bigint, at timestamptz, state text, total numeric);
CREATE TABLE parts (id int, at date, who int) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2022-01-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2022-01-01') TO ('2024-01-01');
INSERT INTO people SELECT i, 'p' || i || '@example.org', 'c' || i % 20, date '1970-01-01' + i % 9000, i % 97,
    jsonb_build_object('k', i % 500) FROM generate_series(1, 20000) i;
INSERT INTO "Büro"."Order" SELECT i, 1 + (i * 7919) % 20000, timestamptz '2020-01-01' + i * interval '7 minutes',
    CASE WHEN i % 100 = 0 THEN 'open' ELSE 'done' END, i % 1000 FROM generate_series(1, 60000) i;
INSERT INTO parts SELECT i, date '2020-01-01' + i % 1400, (i * 31) % 20000 FROM generate_series(1, 40000) i;
CREATE EXTENSION IF NOT EXISTS hypopg;
"""

WORK = (
    AdviceStatement("email", "SELECT id, city FROM people WHERE email = $1", 500),
    AdviceStatement("orders", 'SELECT id, total FROM "Büro"."Order" WHERE person = $1 ORDER BY at DESC LIMIT $2', 300),
    AdviceStatement(
        "join", 'SELECT p.email, o.total FROM people p JOIN "Büro"."Order" o ON o.person = p.id WHERE p.id = $1', 200
    ),
    AdviceStatement("partitioned", "SELECT id FROM parts WHERE who = $1", 100),
    AdviceStatement("key", "SELECT email FROM people WHERE id = $1", 5_000),
    AdviceStatement("insert", 'INSERT INTO "Büro"."Order" VALUES ($1, $2, $3, $4, $5)', 50),
    AdviceStatement("update", 'UPDATE "Büro"."Order" SET state = $1 WHERE id = $2', 50),
    AdviceStatement("gone", "SELECT * FROM no_such_table WHERE x = $1", 10),
    AdviceStatement("broken", "SELECT FROM WHERE", 10),
    AdviceStatement("constant", "SELECT 1", 10),
)


@pytest.fixture(scope="module")
def dsn(postgres) -> str:
    name = postgres.create_database()
    with psycopg.connect(name, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute("VACUUM ANALYZE")
    return name


@pytest.fixture
def databases() -> Iterator[PostgresDatabases]:
    it = PostgresDatabases()
    yield it
    it.close()


@pytest.fixture
def session(databases: PostgresDatabases, dsn: str) -> Iterator[Session]:
    with databases.session(Secret(dsn)) as it:
        yield it


def advised(databases: PostgresDatabases, dsn: str, work=WORK, **more) -> AdviceResult:
    with databases.session(Secret(dsn)) as session:
        schema = read_schema(session, "s")
    return advise(Bench(databases, lambda progress: None), AdviceWork(Secret(dsn), schema, work, **more))


@pytest.fixture(scope="module")
def result(dsn: str) -> AdviceResult:
    databases = PostgresDatabases()
    try:
        return advised(databases, dsn)
    finally:
        databases.close()


def test_every_index_that_pays_is_found_with_its_quoted_names(result: AdviceResult) -> None:
    found = {draft.title for draft in result.drafts if draft.outcome == "assayed"}
    assert any("people (email)" in title for title in found)
    assert any("Order (person" in title for title in found)
    assert any("parts (who)" in title for title in found)
    ddl = next(draft.ddl for draft in result.drafts if "Order (person" in draft.title)
    assert ddl is not None and 'ON "Büro"."Order" (person' in ddl


def test_what_is_shown_passed_every_check_and_what_is_withheld_says_why(result: AdviceResult) -> None:
    for draft in result.drafts:
        if draft.outcome == "assayed":
            assert draft.checks and all(check.passed for check in draft.checks)
            assert draft.helps and draft.dearer == 0 and draft.ddl and draft.undo
            assert 0 < draft.confidence <= 0.95 and draft.improvement_pct is not None and draft.improvement_pct >= 10
        elif draft.outcome == "withheld":
            assert draft.withheld_reason and not all(check.passed for check in draft.checks)
    assert all(check.passed for check in result.checks)
    assert result.dearer == 0


def test_a_statement_that_cannot_be_planned_stops_nothing_and_is_named(result: AdviceResult) -> None:
    assert {one.id for one in result.unplanned} == {"gone", "broken"}
    assert all(one.reason for one in result.unplanned)
    assert result.planned == len(WORK) - 2


def test_the_curve_falls_and_its_bytes_rise(result: AdviceResult) -> None:
    costs = [step.relative_cost for step in result.steps]
    sizes = [step.bytes for step in result.steps]
    assert costs == sorted(costs, reverse=True) and sizes == sorted(sizes)
    assert costs[-1] == pytest.approx(result.cost / result.base_cost, abs=1e-3)


def test_a_budget_is_kept_and_what_did_not_fit_is_shown_as_such(databases: PostgresDatabases, dsn: str) -> None:
    small = advised(databases, dsn, budget_bytes=1_500_000)
    assert 0 < small.used_bytes <= 1_500_000
    assert any(not step.chosen and step.key is None for step in small.steps)


def test_the_same_workload_gives_the_same_advice_and_travels_between_processes(
    databases: PostgresDatabases, dsn: str, result: AdviceResult
) -> None:
    again = advised(databases, dsn)
    assert [draft.key for draft in again.drafts] == [draft.key for draft in result.drafts]
    assert pickle.loads(pickle.dumps(again)) == again


def test_a_partitioned_table_is_told_to_use_the_runbook(result: AdviceResult) -> None:
    draft = next(draft for draft in result.drafts if "parts (who)" in draft.title)
    assert "CONCURRENTLY" not in (draft.ddl or "") and "runbook" in draft.risk_reason


def test_an_index_that_is_already_there_is_not_proposed(databases: PostgresDatabases, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE INDEX people_email ON people (email)")
    try:
        found = advised(databases, dsn, WORK[:1])
        assert not [draft for draft in found.drafts if draft.outcome == "assayed" and "email" in draft.title]
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP INDEX people_email")


def test_an_empty_workload_is_an_empty_advice(databases: PostgresDatabases, dsn: str) -> None:
    found = advised(databases, dsn, ())
    assert found.base_cost == 0 and not [draft for draft in found.drafts if draft.type != "unused_index"]


def test_a_cancelled_advice_stops_at_once_and_leaves_no_hypothetical_index(
    databases: PostgresDatabases, dsn: str
) -> None:
    def stop(progress: Progress) -> None:
        if progress.step.startswith(("Costing", "Choosing", "Improving")):
            raise Cancelled("Somebody stopped it.")

    with databases.session(Secret(dsn)) as session:
        schema = read_schema(session, "s")
    with pytest.raises(Cancelled):
        advise(Bench(databases, stop), AdviceWork(Secret(dsn), schema, WORK))
    with databases.session(Secret(dsn)) as session:
        assert hypothetical_left(session) == 0


def test_without_hypopg_the_refusal_names_the_cure(databases: PostgresDatabases, postgres) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("DROP EXTENSION IF EXISTS hypopg; CREATE TABLE t (a int)")
    with pytest.raises(Refused) as caught:
        advised(databases, dsn, (AdviceStatement("a", "SELECT a FROM t WHERE a = $1", 1),))
    assert caught.value.details["cure"] == "CREATE EXTENSION hypopg"


def test_what_the_memory_derives_is_what_the_planner_would_say(session: Session) -> None:
    schema = read_schema(session, "s")
    ready, _ = prepared(session, schema, WORK, relations=relations_of(session), samples=3)
    from assay.workload.candidates import candidates

    whatif = WhatIf(session, ready)
    whatif.base()
    bits = [bit for w in ready for draft in candidates(w.facts, schema) if (bit := whatif.bit(draft))]
    draw = random.Random(5)
    for _ in range(60):
        mask = 0
        for bit in draw.sample(bits, min(len(bits), draw.randint(0, 8))):
            mask |= bit
        place = draw.choice(whatif.plannable())
        remembered = whatif.cost(place, mask).mean
        assert remembered == pytest.approx(whatif.ask(place, mask).mean, rel=0.011)
    assert whatif.close() == 0


def test_a_proof_can_be_run_again_and_fails_when_the_reason_is_gone(
    session: Session, dsn: str, result: AdviceResult
) -> None:
    draft = next(draft for draft in result.drafts if "people (email)" in draft.title)
    again = recheck(session, "workload.missing_index", draft.replay)
    assert again.passed and set(again.facts) == set(draft.facts)
    assert again.facts["after"] == pytest.approx(draft.facts["after"], rel=0.05)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("CREATE INDEX people_email ON people (email)")
    try:
        assert not recheck(session, "workload.missing_index", draft.replay).passed
    finally:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP INDEX people_email")
    assert hypothetical_left(session) == 0


def test_an_index_with_which_another_statement_would_touch_more_blocks_is_an_estimate_that_says_so(
    databases: PostgresDatabases, postgres
) -> None:
    dsn = postgres.create_database()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("""CREATE EXTENSION IF NOT EXISTS hypopg;
            CREATE TABLE wide (id int, k int, filler text); CREATE TABLE few (n int, k int);
            INSERT INTO wide SELECT i, (i * 7919) % 60000, repeat('x', 80) FROM generate_series(1, 60000) i;
            INSERT INTO few SELECT i, (i * 31) % 60000 FROM generate_series(1, 6000) i""")
        connection.execute("VACUUM ANALYZE")
        # The planner believes that every page stays in memory once read: that is where cost and blocks part.
        connection.execute(
            "ALTER DATABASE " + psycopg.conninfo.conninfo_to_dict(dsn)["dbname"] + " SET random_page_cost = 2"
        )
    join = "SELECT sum(length(w.filler)) FROM few f JOIN wide w ON w.k = f.k WHERE f.n < {}"

    def uses(session: Session, most: int) -> bool:
        return "Index Name" in repr(session.plan(join.format(most)))

    with databases.session(Secret(dsn)) as session:
        session.imagine("CREATE INDEX ON wide (k)")
        low, high = 1, 6_000
        assert uses(session, low) and not uses(session, high)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if uses(session, middle) else (low, middle)
        session.forget()
    lookup = AdviceStatement("lookup", "SELECT id FROM wide WHERE k = $1", 100)
    report = AdviceStatement("report", join.format(low), 1)
    alone = advised(databases, dsn, (lookup,))
    assert [draft.title for draft in alone.drafts if draft.outcome == "assayed"] == ["Create an index on wide (k)"]
    both = advised(databases, dsn, (lookup, report), max_width=1)
    traded = next(draft for draft in both.drafts if draft.title == "Create an index on wide (k)")
    assert traded.outcome == "estimate" and "statement report" in traded.missing[0]
    assert "would touch about" in traded.missing[0] and all(check.passed for check in both.checks)
