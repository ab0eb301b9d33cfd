"""A question about the shop, asked of the house that ships: SQL with proof, rows, refusals that help."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from ask.homes import Home, refused
from assay.ports.errors import AssayError
from assay_lab.shop import Shop


def administering(shop: Shop) -> psycopg.Connection[tuple[Any, ...]]:
    """A superuser's connection that leaves nothing in the shop's statistics, which other tests read."""
    return psycopg.connect(shop.dsn, autocommit=True, options="-c pg_stat_statements.track=none")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, shop: Shop) -> Iterator[Home]:
    """The shop connected twice: as its superuser, and as somebody who may only read."""
    with administering(shop) as connection:
        connection.execute("CREATE ROLE asks LOGIN PASSWORD 'asks'")
        connection.execute("ALTER ROLE asks SET pg_stat_statements.track = 'none'")
        connection.execute("GRANT USAGE ON SCHEMA public TO asks; GRANT SELECT ON ALL TABLES IN SCHEMA public TO asks")
    it = Home(tmp_path_factory.mktemp("home"))
    it.ask("sources.connect", name="owner", dsn=shop.dsn)
    parts = psycopg.conninfo.conninfo_to_dict(shop.dsn)
    reader = f"postgresql://asks:asks@{parts['host']}:{parts['port']}/{parts['dbname']}"
    it.ask("sources.connect", name="reader", dsn=reader)
    yield it
    with administering(shop) as connection:
        connection.execute("DROP OWNED BY asks; DROP ROLE asks")


def test_a_question_becomes_sql_that_runs_with_its_reasons_and_its_proof(home: Home, shop: Shop) -> None:
    answer = home.question("List the emails of users in Berlin", execute=True, max_rows=3)
    assert answer.verdict == "assayed" and answer.dialect == "postgresql" and answer.model == "embedded"
    assert all(check.passed for check in answer.checks) and len(answer.checks) == 3
    where = next(clause for clause in answer.explanation if clause.part == "where")
    assert "Berlin" in where.says and any("Berlin" in words.text for words in where.because)
    for clause in answer.explanation:
        for words in clause.because:
            assert answer.natural_language[words.start : words.end] == words.text
    assert answer.rows.columns == ("email",) and len(answer.rows.rows) <= 3
    with administering(shop) as connection:
        real = {row[0] for row in connection.execute("SELECT email FROM users WHERE city = 'Berlin'")}
    assert {row[0] for row in answer.rows.rows} <= real and real
    assert 0 < answer.confidence < 1 and "public data" in answer.calibrated_on
    again = home.ask("evidence.replay", id=answer.evidence[0])
    assert again.outcome == "same"


def test_counting_gives_the_number_that_a_person_would_count(home: Home, shop: Shop) -> None:
    answer = home.question("How many users are there?", execute=True)
    with administering(shop) as connection:
        assert answer.rows.rows == tuple(connection.execute("SELECT count(*) FROM users"))


def test_below_the_threshold_the_sql_stands_under_details_only_and_other_readings_are_offered(home: Home) -> None:
    error = refused(lambda: home.question("show me the blorks of Zanzibar", confidence_threshold=0.97))
    assert (error.code, error.status) == ("CONFIDENCE_TOO_LOW", 422)
    assert "Zanzibar" in error.message and error.details["did_you_mean"]
    assert str(error.details["sql"]).startswith("SELECT") and "SELECT" not in error.message


def test_the_wrong_dialect_is_named(home: Home) -> None:
    error = refused(lambda: home.ask("ask.generate", natural_language="how many users",
                                     database_target={"store": "reader", "dialect": "mysql"}))  # fmt: skip
    assert error.code == "UNSUPPORTED_DATABASE" and "postgresql" in error.message


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM users", "delete"),
        ("SELECT pg_sleep(10)", "pg_sleep"),
        ("SELECT nme FROM users", "nme"),
        ("SELECT 1; SELECT 2", "statements"),
        ("SELECT * FROM users a, users b, users c, orders d", "cost too much"),
    ],
)
def test_what_may_not_run_is_withheld_with_the_reason_and_not_run(home: Home, sql: str, says: str) -> None:
    found = home.ask("ask.validate", sql=sql, store="reader")
    assert not found.is_valid and found.sql is None and found.verdict == "withheld"
    assert any(says in issue.message.lower() for issue in found.issues if issue.level == "error")
    error = refused(lambda: home.ask("ask.run", sql=sql, store="reader"))
    assert error.code == "SQL_REJECTED" and error.details["issues"]


def test_what_may_run_says_what_it_costs_and_its_rows_come_capped(home: Home) -> None:
    found = home.ask("ask.validate", sql="select id, email from users order by id", store="reader")
    assert found.is_valid and found.cost > 0 and "LIMIT 1000" in found.sql
    ran = home.ask("ask.run", sql="select id, email from users order by id", store="reader", max_rows=2)
    assert ran.verdict == "assayed" and len(ran.rows.rows) == 2 and ran.rows.more


def test_a_superuser_is_shown_sql_and_runs_none(home: Home) -> None:
    assert home.question("How many users are there?", store="owner").verdict == "assayed"
    for run in (
        lambda: home.question("How many users are there?", store="owner", execute=True),
        lambda: home.ask("ask.run", sql="SELECT count(*) FROM users", store="owner"),
    ):
        error = refused(run)
        assert error.code == "SQL_EXECUTION_DISABLED" and "assay init" in str(error.details["cure"])


@pytest.mark.parametrize(
    ("operation", "asked", "decision", "outcome"),
    [
        ("ask.generate", {"natural_language": "how many users are there?"}, "query_generated", "OK"),
        ("ask.generate", {"natural_language": "how many users are there?", "options": {"execute": True}},
         "query_executed", "OK"),
        ("ask.generate", {"natural_language": "which users live in Atlantis?"}, "low_confidence_query",
         "CONFIDENCE_TOO_LOW"),
        ("ask.run", {"sql": "DELETE FROM users WHERE email = 'x'"}, "query_blocked", "SQL_REJECTED"),
        ("ask.run", {"sql": "SELECT count(*) FROM users WHERE first_name = 'token=abc'"}, "query_executed", "OK"),
        ("ask.validate", {"sql": "SELECT 1"}, "query_validated", "OK"),
    ],
)  # fmt: skip
def test_the_audit_holds_the_question_the_sql_and_the_decision(
    home: Home, operation: str, asked: dict[str, Any], decision: str, outcome: str
) -> None:
    where = {"database_target": {"store": "reader"}} if operation == "ask.generate" else {"store": "reader"}
    if outcome == "OK":
        home.ask(operation, **asked, **where)
    else:
        assert refused(lambda: home.ask(operation, **asked, **where)).code == outcome
    entry = home.ask("house.audit", operation=operation, limit=1).items[0]
    assert (entry.noted["decision"], entry.outcome) == (decision, outcome)
    text = str(asked.get("natural_language") or asked["sql"])
    assert text[:20] in entry.asked and entry.noted["source"].startswith("s_")
    assert "users" in entry.noted["sql"] or entry.noted["sql"].startswith("SELECT 1")
    assert "abc" not in entry.noted["sql"] + entry.asked
    if operation == "ask.generate":
        assert 0 < entry.noted["confidence"] <= 1 and entry.noted["model"] == "embedded"


def test_sql_that_a_superuser_may_not_run_is_written_down_as_blocked(home: Home) -> None:
    refused(lambda: home.ask("ask.run", sql="SELECT count(*) FROM users", store="owner"))
    entry = home.ask("house.audit", operation="ask.run", limit=1).items[0]
    assert (entry.noted["decision"], entry.outcome) == ("query_blocked", "SQL_EXECUTION_DISABLED")


def test_every_named_limit_is_enforced(home: Home) -> None:
    limits = home.ask("ask.capabilities").limits
    long = "how many users are there " * 100
    assert len(long) > limits.max_question_characters
    assert refused(lambda: home.question(long)).code == "INVALID"
    assert home.ask("ask.status").available

    async def hurry() -> AssayError | None:
        async with home.open() as (house, token):
            for _ in range(limits.burst + 5):
                try:
                    wrong = {"natural_language": "how many", "database_target": {"store": "reader", "dialect": "db2"}}
                    await house.call("ask.generate", wrong, credential=token)
                except AssayError as error:
                    if error.code != "UNSUPPORTED_DATABASE":
                        return error
        return None

    error = asyncio.run(hurry())
    assert error is not None and error.code == "RATE_LIMITED" and "60 a minute, 10 at once" in error.message
