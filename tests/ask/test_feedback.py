"""What people say of answers is kept and used; follow-up questions and SQL of others are understood."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ask.test_operations import Home, home, refused
from assay.ask._store import kept
from assay.ask.calibrate import ENOUGH
from assay.kernel.values import now
from assay.ports.errors import Invalid, NotFound

__all__ = ["home"]
COUNT = "How many products are there?"


def test_a_correction_is_checked_kept_and_given_when_the_question_comes_again(home: Home) -> None:
    first = home.question("How many categories of products are there?")
    assert first.id.startswith("a_") and first.read_as == first.natural_language
    wrong = refused(lambda: home.ask("ask.judge", id=first.id, right=False, corrected_sql="DELETE FROM products"))
    assert wrong.code == "SQL_REJECTED" and wrong.details["field"] == "corrected_sql"
    right = "SELECT count(DISTINCT category) AS categories FROM products"
    said = home.ask("ask.judge", id=first.id, right=False, corrected_sql=right)
    assert not said.right and "COUNT(DISTINCT" in said.corrected_sql
    again = home.question("how many categories of products are there?", execute=True)
    assert again.proposed_by == ("feedback",) and again.sql == said.corrected_sql
    assert again.confidence == 0.97 and "this very question" in again.calibrated_on
    assert all(check.passed for check in again.checks) and again.rows is not None and len(again.rows.rows) == 1


def test_what_was_called_right_needs_no_correction_and_must_exist(home: Home) -> None:
    answer = home.question(COUNT)
    both = refused(lambda: home.ask("ask.judge", id=answer.id, right=True, corrected_sql="SELECT 1"))
    assert isinstance(both, Invalid) and both.details["field"] == "corrected_sql"
    assert isinstance(refused(lambda: home.ask("ask.judge", id="a_none", right=True)), NotFound)


def test_from_fifty_judged_answers_on_confidence_rests_on_them(home: Home) -> None:
    answer = home.question(COUNT)

    async def judge_many() -> Any:
        async with home.open() as (house, token):
            row = {
                "source": answer.source, "question": "?", "sql": "SELECT 1", "model": "embedded", "confidence": 0.9,
                "public": 0.9, "asked_by": "user:t", "asked_at": now(), "right": False, "judged_at": now(),
            }  # fmt: skip
            rows = [kept({"id": f"a_{at}", **row}) for at in range(ENOUGH)]
            await house.desk.ports.store.commit(rows)
            return await house.call("ask.judge", {"id": answer.id, "right": False}, credential=token)

    said = asyncio.run(judge_many())
    assert said.judged > ENOUGH and f"{said.judged} answers about this database" in said.calibrated_on
    after = home.question("How many users are there?")
    assert after.calibrated_on == said.calibrated_on and after.confidence < 0.2, "they were all wrong"


def test_a_question_may_lean_on_the_one_before(home: Home) -> None:
    asked = {"natural_language": "only those in Berlin", "earlier": ["List the emails of users"],
             "database_target": {"store": "reader"}, "options": {"confidence_threshold": 0.0}}  # fmt: skip
    answer = home.ask("ask.generate", **asked)
    assert answer.read_as == "List the emails of users, only those in Berlin"
    assert "'Berlin'" in answer.sql and "email" in answer.sql
    words = [one for clause in answer.explanation for one in clause.because]
    assert words and all(answer.read_as[one.start : one.end] == one.text for one in words)


def test_sql_of_others_is_explained_and_what_its_joins_do_is_said(home: Home) -> None:
    said = home.ask(
        "ask.explain", store="reader",
        sql="SELECT city, count(*) FROM users JOIN orders ON orders.user_id = users.id GROUP BY city ORDER BY 2 DESC",
    )  # fmt: skip
    assert said.verdict == "assayed" and set(said.tables) == {"users", "orders"}
    assert {clause.part for clause in said.explanation} >= {"select", "from", "group"}
    assert not any(clause.because for clause in said.explanation), "no question was asked"


def test_sql_outside_of_the_form_is_named_by_its_tables(home: Home) -> None:
    said = home.ask(
        "ask.explain", store="reader", sql="WITH u AS (SELECT id FROM users) SELECT u.id, row_number() OVER () FROM u"
    )
    assert said.explanation == () and said.tables == ("users",)
    assert any("not explained clause by clause" in words for words in said.warnings)


def test_sql_that_may_not_run_is_not_explained(home: Home) -> None:
    assert refused(lambda: home.ask("ask.explain", store="reader", sql="DROP TABLE users")).code == "SQL_REJECTED"


@pytest.mark.parametrize("text", ["", "   "])
def test_an_earlier_question_has_words(home: Home, text: str) -> None:
    asked = {"natural_language": "x", "earlier": [text.strip()], "database_target": {"store": "reader"}}
    assert isinstance(refused(lambda: home.ask("ask.generate", **asked)), Invalid)


def test_a_later_no_ends_what_an_earlier_yes_began(home: Home) -> None:
    first = home.question("How many events are there?")
    home.ask("ask.judge", id=first.id, right=True)
    again = home.question("How many events are there?")
    assert again.proposed_by == ("feedback",)
    home.ask("ask.judge", id=again.id, right=False)
    assert home.question("How many events are there?").proposed_by == ("embedded",)
