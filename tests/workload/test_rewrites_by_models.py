"""A statement that a model writes otherwise is read, costed, and compared on made-up databases before it is shown."""

from __future__ import annotations

import psycopg
import pytest

from assay.adapters.databases.postgres import PostgresDatabases
from assay.kernel.values import now
from assay.ports.secret import Secret
from assay.ports.workers import Bench
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.advice_model import AdviceResult, AdviceStatement, AdviceWork
from assay.workload.advise import advise
from assay.workload.keeping import recommendation_of
from assay.workload.made_up import WORLDS
from assay.workload.runbook import runbook
from assay.workload.suggest.rewrite import MOST, Unlike, read, rewritten

TABLES = """
CREATE EXTENSION IF NOT EXISTS hypopg;
CREATE TABLE clients (id int PRIMARY KEY, country text, since date NOT NULL);
CREATE TABLE bills (id int PRIMARY KEY, client int NOT NULL REFERENCES clients (id), amount numeric, state text);
INSERT INTO clients SELECT i, 'c' || i % 20, date '2020-01-01' + i % 900 FROM generate_series(1, 2000) i;
INSERT INTO bills SELECT i, 1 + i % 2000, i % 97, 's' || i % 3 FROM generate_series(1, 20000) i;
"""
COUNTED = "(SELECT count(*) FROM bills b WHERE b.client = c.id AND b.state = $1)"
SLOW = f"SELECT c.id, c.country FROM clients c WHERE {COUNTED} > 0"
RIGHT = "SELECT c.id, c.country FROM clients c WHERE c.id IN (SELECT b.client FROM bills b WHERE b.state = $1)"
WRONG = {
    "doubles rows": "SELECT c.id, c.country FROM clients c JOIN bills b ON b.client = c.id WHERE b.state = $1",
    "forgets a condition": RIGHT.replace("WHERE b.state = $1", "WHERE $1 <> ''"),
    "turns it round": RIGHT.replace(" IN ", " NOT IN "),
    "names a column otherwise": RIGHT.replace("c.country", "c.country AS land"),
    "has another type": RIGHT.replace("c.id, c", "c.id::bigint, c"),
    "drops a NULL": RIGHT + " AND c.country IS NOT NULL",
}


@pytest.fixture(scope="module")
def dsn(postgres) -> str:
    name = postgres.create_database()
    with psycopg.connect(name, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute("VACUUM ANALYZE")
    return name


@pytest.fixture(scope="module")
def schema(dsn: str) -> Schema:
    databases = PostgresDatabases()
    with databases.session(Secret(dsn)) as session:
        found = read_schema(session, "s")
    databases.close()
    return found


def advised(dsn: str, schema: Schema, *texts: str, statement: str = SLOW) -> AdviceResult:
    """Advise with these rewrites of one statement as a model's proposals."""
    work = AdviceStatement("slow", statement, 100)
    said = [{"statement": "s1", "sql": text} for text in texts]
    proposals = read(said, {"s1": (work, {})}, schema, by="m", after=0)
    databases = PostgresDatabases()
    try:
        asked = AdviceWork(Secret(dsn), schema, (work,), proposals=proposals, drops=False, seconds=20)
        return advise(Bench(databases, lambda _: None), asked)
    finally:
        databases.close()


def test_a_rewrite_that_pays_and_that_nothing_tells_apart_is_shown_as_an_estimate(dsn: str, schema: Schema) -> None:
    result = advised(dsn, schema, RIGHT)
    assert [one.refused for one in result.proposals] == [None]
    (draft,) = [one for one in result.drafts if one.type == "rewrite"]
    assert draft.outcome == "estimate" and "no proof" in draft.missing[0] and draft.proposed_by == ("m",)
    assert draft.rewrite is not None and "IN (" in draft.rewrite.text and draft.ddl is None
    assert all(check.passed for check in draft.checks) and draft.facts["worlds"] == WORLDS
    assert draft.improvement_pct is not None and draft.improvement_pct >= 30
    rec = recommendation_of("s", draft, "E-1", now())
    assert (rec.type, rec.verdict, rec.rewrite, rec.helps) == ("rewrite", "estimate", draft.rewrite, ("slow",))
    assert runbook(rec).steps[0].title == "Change the statement in the application"


def test_one_that_gives_other_rows_is_refused_however_cheap_it_is(dsn: str, schema: Schema) -> None:
    result = advised(dsn, schema, *list(WRONG.values())[:MOST])
    more = advised(dsn, schema, *list(WRONG.values())[MOST:])
    judged = dict(zip(WRONG, (*result.proposals, *more.proposals), strict=True))
    for how, one in judged.items():
        assert one.refused in (
            "it gives other rows on a small made-up database",
            "it has other columns, or fails where the statement does not",
        ), how
    assert not [draft for one in (result, more) for draft in one.drafts if draft.type == "rewrite"]


def test_the_same_rewrite_twice_is_shown_once(dsn: str, schema: Schema) -> None:
    result = advised(dsn, schema, RIGHT, RIGHT.lower())
    assert [one.refused for one in result.proposals] == [None, "it was proposed before"]
    assert len([draft for draft in result.drafts if draft.type == "rewrite"]) == 1


def test_one_that_does_not_pay_is_refused(dsn: str, schema: Schema) -> None:
    (one,) = advised(dsn, schema, SLOW.replace("> 0", ">= 1")).proposals
    assert one.refused is not None and "at least 30 % is shown" in one.refused.replace("30%", "30 %")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("DROP TABLE bills", "it is not one SELECT"),
        (f"{RIGHT}; DROP TABLE bills", "it is not one SELECT"),
        ("SELECT c.id, c.country INTO x FROM clients c WHERE c.country = $1", "a part that is not looked through"),
        (f"{RIGHT} FOR UPDATE", "a part that is not looked through"),
        ("WITH d AS (DELETE FROM bills WHERE state = $1 RETURNING client) SELECT id, country FROM clients",
         "a part that is not looked through"),
        (f"{RIGHT} AND pg_sleep(9) IS NULL", "a function that is not"),
        ("SELECT c.id, c.country FROM clients c WHERE evil.lower(c.country) = $1", "a function that is not"),
        ("SELECT c.id, c.country FROM clients c, generate_series(1, 9) WHERE c.country = $1", "a part that is not"),
        ("SELECT c.id, $1::regclass::text AS country FROM clients c", "a type that is not looked through"),
        ("SELECT c.id, c.country FROM clients c, pg_shadow s WHERE s.usename = $1", "no table of this database"),
        (f"{RIGHT} LIMIT 5", "LIMIT"),
        (f"{RIGHT} ORDER BY c.id", "its ORDER BY is not the same"),
        ("SELECT c.id, c.country FROM clients c", "it does not take the same values"),
        ("SELECT c.id, c.land FROM clients c WHERE c.country = $1", "a column that its tables do not have"),
        (SLOW, "it is the same statement"),
        (f"WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) {RIGHT}", "a part that is not looked through"),
        ("WITH clients AS (SELECT 1 AS id, $1 AS country) SELECT c.id, c.country FROM clients c", "no table of this"),
    ],
)  # fmt: skip
def test_what_is_no_plain_select_over_the_same_tables_is_never_run(schema: Schema, text: str, why: str) -> None:
    with pytest.raises(Unlike) as caught:
        rewritten(text, SLOW, schema)
    assert why in str(caught.value)


@pytest.mark.parametrize("statement", ["UPDATE bills SET state = $1", "SELECT now() FROM bills WHERE state = $1"])
def test_a_statement_that_cannot_be_compared_is_left_as_it_is(schema: Schema, statement: str) -> None:
    with pytest.raises(Unlike):
        rewritten(RIGHT, statement, schema)


def test_only_a_few_are_looked_at_and_only_of_statements_that_were_told(schema: Schema) -> None:
    said = [{"statement": "s9", "sql": RIGHT}] + [{"statement": "s1", "sql": RIGHT}] * MOST
    found = read(said, {"s1": (AdviceStatement("slow", SLOW, 1), {})}, schema, by="m", after=3)
    assert [one.place for one in found] == [4, 5, 6, 7, 8]
    assert found[0].refused == "it is for a statement that was not told" and found[1].refused is None
    deep = read([{"statement": "s1", "sql": RIGHT + " AND " + "NOT " * 4_000 + "true"}],
                {"s1": (AdviceStatement("slow", SLOW, 1), {})}, schema, by="m", after=0)  # fmt: skip
    assert deep[0].refused is not None
    assert found[-1].refused == f"only the first {MOST} rewrites are looked at"


def test_literals_that_were_hidden_stand_in_the_rewrite_again(schema: Schema) -> None:
    work = AdviceStatement("slow", SLOW.replace("$1", "'s1'"), 1)
    (one,) = read([{"statement": "s1", "sql": RIGHT}], {"s1": (work, {1: "'s1'"})}, schema, by="m", after=0)
    assert one.rewrite is not None and "state = 's1'" in one.rewrite
