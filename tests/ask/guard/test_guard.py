"""What comes out of the guard: capped, bound, written anew, the same when it is checked again."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ask.guard.schema import graph
from assay.ask.graph import Column, Dialect, Graph, Table
from assay.ask.guard.check import guard
from assay.ask.guard.model import Rejected

ALL: tuple[Dialect, ...] = ("postgres", "mysql", "sqlite")


def codes(text: str, dialect: Dialect) -> list[str]:
    with pytest.raises(Rejected) as refused:
        guard(text, graph(dialect))
    return [one.code for one in refused.value.violations]


@pytest.mark.parametrize("dialect", ALL)
@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("SELECT id FROM orders", " LIMIT 50"),
        ("SELECT id FROM orders LIMIT 7", " LIMIT 7"),
        ("SELECT id FROM orders LIMIT 51 OFFSET 3", " LIMIT 50 OFFSET 3"),
        ("SELECT id FROM orders UNION SELECT id FROM customers LIMIT 99999", " LIMIT 50"),
        ("(SELECT id FROM orders)", "FROM orders LIMIT 50"),
        ("WITH o AS (SELECT id FROM orders LIMIT 99) SELECT id FROM o", " LIMIT 50"),
    ],
)
def test_rows_are_capped_and_a_smaller_limit_stays(text: str, ending: str, dialect: Dialect) -> None:
    assert guard(text, graph(dialect), cap=50).sql.replace("public.", "").endswith(ending)


@pytest.mark.parametrize("limit", ["LIMIT ALL", "LIMIT NULL", "FETCH FIRST 5000 ROWS ONLY", "OFFSET 2"])
def test_postgres_ways_of_asking_for_all_rows_are_capped(limit: str) -> None:
    assert " LIMIT 1000" in guard(f"SELECT id FROM orders {limit}", graph("postgres")).sql


def test_fetch_with_ties_keeps_its_ties_below_the_cap() -> None:
    sql = guard("SELECT total FROM orders ORDER BY 1 FETCH FIRST 1 ROW WITH TIES", graph("postgres"), cap=9).sql
    assert sql.endswith("WITH TIES) AS capped LIMIT 9")


def test_a_negative_limit_of_sqlite_is_capped() -> None:
    assert guard("SELECT id FROM orders LIMIT -1", graph("sqlite")).sql == "SELECT id FROM orders LIMIT 1000"


def test_a_lowered_limit_is_said() -> None:
    assert "LIMIT 5000 was lowered to 1000" in guard("SELECT 1 LIMIT 5000", graph("sqlite")).warnings


def test_a_join_without_a_condition_is_said() -> None:
    assert any(
        "without a condition" in one for one in guard("SELECT 1 FROM orders, customers", graph("sqlite")).warnings
    )


@pytest.mark.parametrize("dialect", ALL)
def test_places_of_tables_and_columns_are_told(dialect: Dialect) -> None:
    text = "SELECT c.name FROM customers c WHERE EXISTS (SELECT 1 FROM orders WHERE customer_id = c.id AND total > 5)"
    passed = guard(text, graph(dialect))
    assert passed.tables == (0, 1)
    assert passed.columns == ((0, 0), (0, 1), (1, 1), (1, 4))


@pytest.mark.parametrize("dialect", ALL)
def test_a_star_reads_every_column_and_counting_rows_reads_none(dialect: Dialect) -> None:
    assert guard("SELECT * FROM order_items", graph(dialect)).columns == tuple((2, place) for place in range(4))
    assert guard("SELECT COUNT(*) FROM order_items", graph(dialect)).columns == ()


def test_tables_are_written_with_their_schema() -> None:
    assert "FROM crm.leads" in guard("SELECT value FROM leads", graph("postgres")).sql
    assert 'FROM public."user"' in guard('SELECT id FROM "user"', graph("postgres")).sql


def test_a_name_in_two_schemas_must_say_which() -> None:
    twice = Graph("postgres", tuple(Table("t", (Column("a", "text", "text"),), schema) for schema in ("x", "y")))
    assert guard("SELECT a FROM y.t", twice).tables == (1,)
    with pytest.raises(Rejected, match="several tables"):
        guard("SELECT a FROM t", twice)


def test_mysql_is_given_the_spelling_of_the_schema() -> None:
    assert "FROM `Order Notes`" in guard("SELECT text FROM `order notes`", graph("mysql")).sql
    passed = guard("WITH Secrets AS (SELECT 1 AS x) SELECT x FROM secrets", graph("mysql"))
    assert "FROM `Secrets`" in passed.sql


def test_no_comment_of_the_input_is_run() -> None:
    assert guard("SELECT /* a */ 1 -- b", graph("sqlite")).sql == "SELECT 1 LIMIT 1000"


def test_violations_have_codes_and_places() -> None:
    assert codes("SELECT pg_sleep(1), lo_import('x')", "postgres") == ["function.pg_sleep", "function.lo_import"]
    assert codes("SELECT nothing, name FROM customers", "mysql") == ["column.unknown"]
    with pytest.raises(Rejected) as refused:
        guard("SELECT 1; \0", graph("sqlite"))
    assert (refused.value.violations[0].code, refused.value.violations[0].start) == ("raw.nul", 10)
    assert refused.value.details["field"] == "sql"


def test_two_hundred_alternatives_are_no_depth() -> None:
    many = " OR ".join(f"id = {number}" for number in range(200))
    assert guard(f"SELECT name FROM customers WHERE {many}", graph("postgres")).columns == ((0, 0), (0, 1))


def test_a_cap_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        guard("SELECT 1", graph("sqlite"), cap=0)


WORDS = (
    "SELECT FROM WHERE ( ) , * customers orders id name total = 'x' 1 AND UNION WITH AS a LIMIT ORDER BY count "
    "JOIN ON . ; -- /* */ ' \" ` [ ] $$ :: -> @ ? \\ sleep pg_sleep DELETE INTO"
)


@pytest.mark.parametrize("dialect", ALL)
@settings(max_examples=150, deadline=None)
@given(words=st.lists(st.sampled_from(WORDS.split()), max_size=25))
def test_any_jumble_is_refused_or_reads_the_same_when_written_anew(words: list[str], dialect: Dialect) -> None:
    try:
        passed = guard(" ".join(["SELECT", *words]), graph(dialect))
    except Rejected as refusal:
        assert refusal.violations[0].code != "guard.failed"
        return
    assert guard(passed.sql, graph(dialect)).sql == passed.sql


@pytest.mark.parametrize("dialect", ALL)
@settings(max_examples=150, deadline=None)
@given(value=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_any_text_may_stand_in_a_literal(value: str, dialect: Dialect) -> None:
    bare = value.replace("\r", "").replace("'", "''")
    written = bare.replace("\\", "\\\\") if dialect == "mysql" else bare
    passed = guard(f"SELECT name FROM customers WHERE name = '{written}'", graph(dialect))
    assert f"'{written}'" in passed.sql or dialect == "mysql"
