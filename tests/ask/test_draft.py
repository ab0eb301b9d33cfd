"""Questions about a database that is not connected: an estimate that fits the schema that was told, or a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ask.homes import Home, refused

TABLES = """
CREATE TABLE users (id integer PRIMARY KEY, email text NOT NULL, city text);
CREATE TABLE orders (id integer PRIMARY KEY, user_id integer REFERENCES users (id), total numeric);
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("home"))


def draft(home: Home, words: str, schema: str = TABLES, dialect: str = "sqlite", **options: Any) -> Any:
    return home.ask("ask.draft", natural_language=words, schema_text=schema, dialect=dialect, options=options)


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "sqlite3"])
def test_a_question_about_told_tables_gives_an_estimate_that_says_what_was_not_checked(
    home: Home, dialect: str
) -> None:
    answer = draft(home, "How many users are there?", dialect=dialect, confidence_threshold=0.0)
    assert answer.verdict == "estimate" and "users" in answer.sql and "COUNT(*)" in answer.sql.upper()
    assert any(words.startswith("a plan:") for words in answer.missing)
    assert [check.passed for check in answer.checks] == [True], "nothing else than the guard can have run"
    assert 0 < answer.confidence <= 0.7 and answer.explanation and answer.model == "embedded"
    entry = home.ask("evidence.get", id=answer.evidence[0])
    assert entry.kind == "ask.draft"


def test_an_estimate_is_refused_where_more_is_wanted_than_an_estimate_can_be(home: Home) -> None:
    error = refused(lambda: draft(home, "How many users are there?", confidence_threshold=0.71))
    assert error.code == "CONFIDENCE_TOO_LOW" and error.details["threshold"] == 0.71


def test_no_name_that_was_not_told_is_ever_in_the_answer(home: Home) -> None:
    answer = draft(home, "How many invoices are there?", confidence_threshold=0.0)
    assert "invoice" not in answer.sql.lower()


def test_what_is_no_schema_or_no_dialect_is_an_error_with_its_field(home: Home) -> None:
    assert refused(lambda: draft(home, "How many users?", schema="hello")).details["field"] == "schema_text"
    error = refused(lambda: draft(home, "How many users?", dialect="oracle"))
    assert (error.code, error.details["field"]) == ("UNSUPPORTED_DATABASE", "dialect")


def test_a_draft_reads_no_database_and_connects_none(home: Home, tmp_path: Path) -> None:
    draft(home, "How many users are there?", confidence_threshold=0.0)
    assert home.ask("sources.list").total == 0
