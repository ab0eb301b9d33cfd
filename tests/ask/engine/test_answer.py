"""Whole questions."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assay.ask.engine.answer import MOST_RUN, Engine, Reading
from assay.ask.engine.rank import Model, load
from assay.ask.engine.values import ValueIndex
from assay.ask.graph import Graph
from assay.ask.ir import Filter, Query, Ref, Term
from assay.ask.render import sql


@cache
def model() -> Model:
    return load()


@pytest.fixture
def engine(graph: Graph, values: ValueIndex) -> Engine:
    return Engine(graph, values, model())


def test_rows_are_counted(engine: Engine) -> None:
    best = engine.answer("How many customers are there?").candidates[0]
    assert best.query == Query((Term(Ref(0), "count"),))


def test_a_value_becomes_a_comparison_with_the_stored_text(engine: Engine) -> None:
    best = engine.answer("What are the names of customers whose home city is berlin?").candidates[0]
    assert best.query.where == ((Filter(Term(Ref(0, 2)), "=", "Berlin"),),)
    assert [best.links.spans[at].text for at in best.spans] == ["berlin"]


def test_candidates_are_many_different_and_sorted(engine: Engine) -> None:
    found = engine.answer("What is the average age of customers from New York?").candidates
    assert len(found) > 10
    assert len({one.query for one in found}) == len(found)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


def test_the_same_question_gives_the_same_answer(engine: Engine, graph: Graph, values: ValueIndex) -> None:
    again = Engine(graph, values, model())
    question = "List the name of each customer and the number of orders"
    assert engine.answer(question) == again.answer(question)


def test_most_candidates_run_on_the_database(engine: Engine, graph: Graph, shop: sqlite3.Connection) -> None:
    for question in ("names of customers older than 40", "customers without an order", "total amount by customer name"):
        for one in engine.answer(question).candidates[:10]:
            shop.execute(sql(one.query, graph))


def test_execution_is_optional_and_a_failing_candidate_costs_nothing_else(
    engine: Engine, graph: Graph, shop: sqlite3.Connection
) -> None:
    ran: list[Query] = []

    def run(query: Query) -> Sequence[Sequence[object]] | None:
        ran.append(query)
        return None if len(ran) % 3 == 0 else shop.execute(sql(query, graph)).fetchmany(100)

    question = "What is the maximum age of the customers?"
    with_rows = engine.answer(question, run)
    assert 0 < len(ran) <= MOST_RUN and with_rows.ran
    plain = engine.answer(question)
    assert not plain.ran
    assert {one.query for one in with_rows.candidates} == {one.query for one in plain.candidates}


def test_where_few_candidates_can_be_run_their_rows_do_not_count(
    engine: Engine, graph: Graph, shop: sqlite3.Connection
) -> None:
    ran: list[Query] = []

    def run(query: Query) -> Sequence[Sequence[object]] | None:
        ran.append(query)
        return shop.execute(sql(query, graph)).fetchmany(100) if len(ran) % 3 == 0 else None

    question = "What is the maximum age of the customers?"
    assert engine.answer(question, run) == engine.answer(question)


def test_a_question_about_something_else_is_believed_less(engine: Engine) -> None:
    own = engine.answer("What are the names of customers whose home city is Berlin?").sure
    assert engine.answer("Which rivers flow through the state with the most bridges?").sure < own


def test_a_database_without_tables_has_no_answer() -> None:
    assert Engine(Graph("sqlite", ()), ValueIndex.empty(), model()).answer("How many?") == Reading()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(question=st.text(max_size=80))
def test_no_text_breaks_the_engine(engine: Engine, question: str) -> None:
    engine.answer(question)
