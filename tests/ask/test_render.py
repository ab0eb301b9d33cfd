"""Queries of the IR become SQL that real servers run, and that means the same on each."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ask.shop_graph import (
    ISLAND,
    ITEM,
    LINE,
    LINE_FROM,
    LINE_TO,
    MANAGER,
    ORDER,
    ORDER_PLACE,
    PLACE,
    STAFF,
    column,
    graph,
    renamed,
    script,
)
from assay.ask.graph import Edge, Graph, Table
from assay.ask.ir import Filter, Order, Query, Ref, Term
from assay.ask.lift import lift
from assay.ask.render import Unrenderable, sql
from assay.ask.scope import Unjoinable

NAME, SIZE, PLACE_ID = Term(Ref(PLACE, 1)), Term(Ref(PLACE, 2)), Term(Ref(PLACE, 0))
STAFF_NAME, PAY, BONUS = Term(Ref(STAFF, 1)), Term(Ref(STAFF, 4)), Term(Ref(STAFF, 5))
GROUP = Term(Ref(ORDER, 3))
Ask = Callable[[Query], list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    file = sqlite3.connect(tmp_path_factory.mktemp("ask") / "shop.sqlite")
    for statement in script(graph()):
        file.execute(statement)
    return lambda query: file.execute(sql(query, graph())).fetchall()


@pytest.fixture(scope="module")
def server(postgres: Any) -> Iterator[Ask]:
    """The tables in a schema that is not on the search path, with a name to quote."""
    with psycopg.connect(postgres.create_database(), autocommit=True) as connection:
        connection.execute('CREATE SCHEMA "My Shop"')
        known = renamed("postgres", "My Shop")
        for statement in script(known):
            connection.execute(statement.encode())
        yield lambda query: connection.execute(sql(query, known).encode()).fetchall()


def joined(a: int) -> Query:
    return Query((NAME, Term(Ref(LINE), "count")), group=(Ref(PLACE, a),))


BOTH_ROLES = Query((Term(Ref(PLACE, 1, LINE_FROM)), Term(Ref(PLACE, 1, LINE_TO))))
SAME_EVERYWHERE = {
    "like whatever the case": (Query((PLACE_ID,), where=((Filter(NAME, "like", "MILL%"),),)), [(1,), (2,)]),
    "not like": (Query((PLACE_ID,), where=((Filter(NAME, "not like", "mill%"),),)), [(3,)]),
    "like over a number": (Query((PLACE_ID,), where=((Filter(SIZE, "like", "1%"),),)), [(1,)]),
    "division of whole numbers": (
        Query((Term(Ref(STAFF, 4), arithmetic=("/", Ref(STAFF, 5))),), where=((Filter(Term(Ref(STAFF, 0)), "=", 1),),)),
        [(3.5,)],
    ),
    "a number given as text": (Query((NAME,), where=((Filter(SIZE, ">=", "20"),),)), [("mill end",)]),
    "a boolean": (Query((NAME,), where=((Filter(Term(Ref(PLACE, 3)), "=", True),),)), [("Mill",)]),
    "a date": (
        Query((STAFF_NAME,), where=((Filter(Term(Ref(STAFF, 3)), "<", "2020-01-01"),),)), [("Ann",)],
    ),
    "between": (Query((NAME,), where=((Filter(SIZE, "between", (5, 15)),),)), [("Mill",)]),
    "a list": (Query((NAME,), where=((Filter(PLACE_ID, "in", (1, 3)),),)), [("Mill",), ("Quay",)]),
    "any of two groups": (
        Query((PLACE_ID,), where=((Filter(SIZE, "is null"),), (Filter(SIZE, ">", 5), Filter(SIZE, "<", 15)))),
        [(1,), (3,)],
    ),
    "null": (Query((NAME,), where=((Filter(SIZE, "is not null"), Filter(SIZE, "!=", 10)),)), [("mill end",)]),
    "grouped by the key": (joined(0), [("Mill", 2), ("mill end", 1)]),
    "grouped by what is no key": (
        Query((GROUP, Term(Ref(PLACE, 1)), Term(Ref(ORDER), "count")), group=(Ref(ORDER, 3),)),
        [("a", "Mill", 2), ("b", "mill end", 1)],
    ),
    "having": (
        replace(joined(0), having=(Filter(Term(Ref(LINE), "count"), ">", 1),)), [("Mill", 2)],
    ),
    "distinct, sorted by another column": (
        Query((Term(Ref(ORDER, 3)),), distinct=True, order=(Order(Term(Ref(ORDER, 0)), True),)), [("a",), ("b",)],
    ),
    "the largest, not the unknown": (Query((NAME,), order=(Order(SIZE, True),), limit=1), [("mill end",)]),
    "the name beside the largest": (Query((NAME, replace(SIZE, function="max"))), [("mill end", 20)]),
    "the two ends of a line": (BOTH_ROLES, [("Mill", "mill end"), ("mill end", "Quay")]),
    "the manager": (Query((STAFF_NAME, Term(Ref(STAFF, 1, MANAGER)))), [("Bo", "Ann"), ("Cy", "Ann")]),
    "a nested query": (
        Query((STAFF_NAME,), where=((Filter(Term(Ref(STAFF, 0)), "not in", Query((Term(Ref(ORDER, 1)),))),),)),
        [("Ann",)],
    ),
    "a nested query of the same table": (
        Query((STAFF_NAME,), where=((Filter(PAY, ">", Query((replace(PAY, function="min"),))),),)), [("Ann",)],
    ),
    "a nested query with a limit": (
        Query((NAME,), where=((Filter(PLACE_ID, "in", Query((PLACE_ID,), order=(Order(PLACE_ID),), limit=2)),),)),
        [("Mill",), ("mill end",)],
    ),
    "a number against a text": (
        Query((NAME,), where=((Filter(PLACE_ID, "in", Query((GROUP,))),),)), [],
    ),
    "a chain of sets from the left": (
        Query((PLACE_ID,), combine=("union", Query((Term(Ref(LINE, 0)),), combine=(
            "intersect", Query((Term(Ref(ORDER, 0)),), where=((Filter(Term(Ref(ORDER, 0)), "<", 3),),)))))),
        [(1,), (2,)],
    ),
    "a set with a limited side": (
        Query((PLACE_ID,), combine=("except", Query((PLACE_ID,), order=(Order(PLACE_ID, True),), limit=1))),
        [(1,), (2,)],
    ),
    "a sorted set": (
        Query((PLACE_ID,), order=(Order(PLACE_ID, True),), limit=2, combine=("union", Query((Term(Ref(LINE, 0)),)))),
        [(3,), (2,)],
    ),
    "counted keys": (
        Query((Term(Ref(PLACE), "count", distinct=True),), also=frozenset({LINE})), [(2,)],
    ),
    "two conditions on one table in two roles": (
        replace(BOTH_ROLES, where=((Filter(Term(Ref(PLACE, 0, LINE_TO)), "=", 3),),)), [("mill end", "Quay")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME_EVERYWHERE)
def test_a_query_means_the_same_in_sqlite_and_in_postgres(case: str, lite: Ask, server: Ask) -> None:
    query, rows = SAME_EVERYWHERE[case]
    assert Counter(lite(query)) == Counter(rows)
    assert Counter(server(query)) == Counter(rows)


@pytest.mark.parametrize("case", SAME_EVERYWHERE)
def test_the_sql_of_a_query_is_lifted_back_to_the_same_rows(case: str, lite: Ask) -> None:
    query, _ = SAME_EVERYWHERE[case]
    again = lift(sql(query, graph()), graph())
    if isinstance(again, Query):
        assert Counter(lite(again)) == Counter(lite(query))
    else:
        assert case in ("division of whole numbers", "a set with a limited side", "a nested query with a limit")


def test_names_are_quoted_where_the_dialect_would_read_them_otherwise() -> None:
    query = Query((STAFF_NAME, Term(Ref(ORDER, 3))))
    assert sql(query, graph("postgres")) == (
        'SELECT "Staff"."Full Name", "order"."group" FROM "Staff" JOIN "order" ON "Staff".id = "order".staff_id'
    )
    assert sql(Query((SIZE,)), graph("mysql")) == "SELECT `Größe` FROM place"
    tables = (Table('a"b`c', (column("x"), column("Y"), column("select"))),)
    odd = Query(tuple(Term(Ref(0, at)) for at in range(3)))
    assert sql(odd, Graph("postgres", tables)) == 'SELECT x, "Y", "select" FROM "a""b`c"'
    assert sql(odd, Graph("mysql", tables)) == 'SELECT x, Y, `select` FROM `a"b``c`'


def test_an_alias_is_given_only_to_a_table_that_stands_there_twice() -> None:
    assert sql(BOTH_ROLES, graph()) == (
        "SELECT from_id.name, to_id.name FROM place AS from_id JOIN line ON from_id.id = line.from_id "
        "JOIN place AS to_id ON line.to_id = to_id.id"
    )


def test_tables_of_one_name_in_two_schemas_are_told_apart() -> None:
    twins = (
        Table("t", (column("id"), column("up")), schema="one", primary_key=(0,)),
        Table("t", (column("id"),), schema="two", primary_key=(0,)),
    )
    made = sql(Query((Term(Ref(0, 0)), Term(Ref(1, 0)))), Graph("postgres", twins, (Edge(0, (1,), 1, (0,)),)))
    assert made == "SELECT one_t.id, two_t.id FROM one.t AS one_t JOIN two.t AS two_t ON one_t.up = two_t.id"


def test_the_group_of_a_key_is_enough_in_postgres_and_spelt_out_in_mysql() -> None:
    assert sql(joined(0), graph("postgres")).endswith("GROUP BY place.id")
    assert sql(joined(0), graph("mysql")).endswith("GROUP BY place.id, place.name")


def test_a_table_that_two_keys_meet_in_is_left_out_unless_it_is_asked_for() -> None:
    query = Query((GROUP, Term(Ref(LINE, 0))), edges=frozenset({ORDER_PLACE, LINE_FROM}))
    assert "place " not in sql(query, graph())
    assert " JOIN place " in sql(replace(query, also=frozenset({PLACE})), graph())


def test_other_edges_take_the_place_of_those_of_the_query() -> None:
    assert sql(joined(0), graph(), {LINE_TO}) != sql(joined(0), graph(), {LINE_FROM})


def test_mysql_has_its_own_words_for_sets_and_limits_inside_of_in() -> None:
    inner = Query((PLACE_ID,), order=(Order(PLACE_ID),), limit=2)
    made = sql(Query((NAME,), where=((Filter(PLACE_ID, "in", inner),),)), graph("mysql"))
    assert "IN (SELECT * FROM (SELECT id FROM place ORDER BY id LIMIT 2) AS picked)" in made
    assert " INTERSECT " in sql(Query((PLACE_ID,), combine=("intersect", Query((PLACE_ID,)))), graph("mysql"))


def test_what_means_nothing_is_refused() -> None:
    sides = Query((PLACE_ID,), combine=("union", Query((PLACE_ID, NAME))))
    with pytest.raises(Unrenderable, match="different numbers"):
        sql(sides, graph())
    with pytest.raises(Unrenderable, match="sorted"):
        sql(Query((PLACE_ID,), order=(Order(NAME),), combine=("union", Query((PLACE_ID,)))), graph())
    with pytest.raises(Unrenderable, match="no key"):
        sql(Query((Term(Ref(ITEM), "count", distinct=True),)), graph())
    with pytest.raises(Unjoinable, match="island"):
        sql(Query((NAME, Term(Ref(ISLAND, 0)))), graph())
    with pytest.raises(ValueError, match="two values"):
        sql(Query((NAME,), where=((Filter(SIZE, "between", (1,)),),)), graph())
    with pytest.raises(ValueError, match="nan"):
        sql(Query((NAME,), where=((Filter(SIZE, "=", float("nan")),),)), graph())


def test_a_text_is_never_more_than_a_text(lite: Ask, server: Ask) -> None:
    for words in ("'; DROP TABLE place; --", "O'Hara", "\\", '"', "é\u2019", "%_"):
        query = Query((NAME,), where=((Filter(NAME, "=", words),),))
        assert lite(query) == server(query) == []
        for dialect in ("sqlite", "postgres", "mysql"):
            assert len(sqlglot.parse(sql(query, graph(dialect)), read=dialect)) == 1


COLUMNS = st.sampled_from([(t, c) for t in (PLACE, LINE, STAFF, ORDER, ITEM) for c in range(3)])
TERMS = st.builds(lambda at: Term(Ref(*at)), COLUMNS)
COUNTED = st.builds(lambda at, f: Term(Ref(*at), f), COLUMNS, st.sampled_from(["count", "min", "max"]))
FILTERS = st.builds(Filter, TERMS, st.sampled_from(["=", "!=", "<", ">="]), st.sampled_from([1, "1", "a", 2.5, -3]))
QUERIES = st.builds(
    Query,
    select=st.lists(TERMS | COUNTED, min_size=1, max_size=3).map(tuple),
    distinct=st.booleans(),
    where=st.lists(st.lists(FILTERS, min_size=1, max_size=2).map(tuple), max_size=2).map(tuple),
    group=st.lists(COLUMNS.map(lambda at: Ref(*at)), max_size=1).map(tuple),
    order=st.lists(st.builds(Order, TERMS | COUNTED, st.booleans()), max_size=2).map(tuple),
    limit=st.none() | st.just(1000),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(QUERIES)
def test_whatever_the_ir_says_both_servers_run_and_agree_on_how_many_rows(lite: Ask, server: Ask, query: Query) -> None:
    functions = {term.function for term in (*query.select, *(key.term for key in query.order)) if term.function}
    rows, others = lite(query), server(query)
    if not functions & {"min", "max"}:
        assert len(rows) == len(others)


def test_the_files_need_nothing_but_the_graph(tmp_path: Path) -> None:
    empty = sqlite3.connect(tmp_path / "empty.sqlite")
    empty.execute("CREATE TABLE island (id INTEGER PRIMARY KEY)")
    query = Query((Term(Ref(ISLAND), "count"), Term(Ref(ISLAND, 0), "max")))
    assert empty.execute(sql(query, graph())).fetchall() == [(0, None)]
