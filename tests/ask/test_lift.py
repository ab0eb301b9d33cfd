"""SQL is read into the IR, or the reason is said."""

from __future__ import annotations

import pytest

from ask.shop_graph import ITEM, LINE, LINE_FROM, LINE_TO, MANAGER, ORDER, ORDER_PLACE, PLACE, STAFF, graph
from assay.ask.ir import Filter, Order, Query, Ref, Term
from assay.ask.lift import Unliftable, lift


def lifted(sql: str) -> Query:
    query = lift(sql, graph())
    assert isinstance(query, Query), query
    return query


def test_a_plain_select_keeps_its_clauses() -> None:
    assert lifted("SELECT DISTINCT name FROM place WHERE Größe > 5 ORDER BY name DESC LIMIT 3;") == Query(
        (Term(Ref(PLACE, 1)),), distinct=True, where=((Filter(Term(Ref(PLACE, 2)), ">", 5),),),
        order=(Order(Term(Ref(PLACE, 1)), True),), limit=3,
    )  # fmt: skip


def test_and_binds_tighter_than_or_and_parentheses_are_multiplied_out() -> None:
    size, name = Term(Ref(PLACE, 2)), Term(Ref(PLACE, 1))
    one, two, three = Filter(name, "=", "a"), Filter(name, "=", "b"), Filter(size, "<", -1)
    assert lifted("SELECT id FROM place WHERE name = 'a' OR name = 'b' AND Größe < -1").where == ((one,), (two, three))
    assert lifted("SELECT id FROM place WHERE (name = 'a' OR name = 'b') AND -1 > Größe").where == (
        (one, three), (two, three),
    )  # fmt: skip


def test_a_double_quoted_word_that_is_no_column_is_a_text_in_sqlite() -> None:
    assert lifted('SELECT id FROM place WHERE name = "Mill"').where == ((Filter(Term(Ref(PLACE, 1)), "=", "Mill"),),)


def test_the_only_tree_needs_no_edges_and_a_second_role_is_named_by_its_edge() -> None:
    assert lifted("SELECT name FROM place p JOIN line l ON l.from_id = p.id").edges is None
    assert lifted("SELECT name FROM place p JOIN line l ON l.to_id = p.id").edges == {LINE_TO}
    both = lifted("SELECT a.name, b.name FROM line JOIN place a ON from_id = a.id JOIN place b ON to_id = b.id")
    assert both.select == (Term(Ref(PLACE, 1, LINE_FROM)), Term(Ref(PLACE, 1, LINE_TO)))


def test_the_manager_is_the_referenced_row_of_the_same_table() -> None:
    query = lifted('SELECT b."Full Name" FROM Staff a, Staff b WHERE a.manager = b.id AND a.id = 2')
    assert query.select == (Term(Ref(STAFF, 1, MANAGER)),)
    assert query.where == ((Filter(Term(Ref(STAFF, 0)), "=", 2),),)


def test_a_table_that_is_only_joined_is_kept() -> None:
    assert lifted('SELECT name FROM place JOIN "order" ON place_id = place.id').also == {ORDER}


def test_counted_rows_are_those_of_the_table_that_refers() -> None:
    query = lifted('SELECT name, count(*) FROM place JOIN "order" ON place_id = place.id GROUP BY place.id')
    assert query.select[1] == Term(Ref(ORDER), "count")


def test_two_children_joined_without_their_parent_meet_in_it() -> None:
    query = lifted('SELECT count(*) FROM "order" JOIN line ON place_id = from_id')
    assert query.edges is None or query.edges == {LINE_FROM, ORDER_PLACE}


def test_set_operations_chain_from_the_left() -> None:
    query = lifted(
        "SELECT id FROM place UNION SELECT id FROM line EXCEPT SELECT order_id FROM item ORDER BY id LIMIT 2"
    )
    assert query.combine is not None and query.combine[0] == "union"
    assert query.combine[1].combine == ("except", Query((Term(Ref(ITEM, 0)),)))
    assert (query.order, query.limit) == ((Order(Term(Ref(PLACE, 0))),), 2)


def test_negation_turns_the_operator() -> None:
    query = lifted("SELECT id FROM line WHERE NOT to_id IS NULL AND id NOT IN (SELECT line_id FROM item)")
    assert [one.operator for one in query.where[0]] == ["is not null", "not in"]
    assert query.where[0][1].value == Query((Term(Ref(ITEM, 1)),))
    assert query.select[0].ref.table == LINE


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT FROM WHERE", "does not parse"),
        ("", "does not parse"),
        ("SELECT 1", "no table"),
        ("DELETE FROM place", "delete instead of a SELECT"),
        ("SELECT id FROM place; SELECT id FROM line", "does not parse"),
        ("SELECT nothing FROM place", "a column that does not exist here"),
        ("SELECT id FROM nowhere", "a table that does not exist"),
        ("SELECT p.id FROM place p LEFT JOIN line l ON l.from_id = p.id", "a left join"),
        ("SELECT place.id FROM place, island WHERE name = 'x'", "tables that no key joins"),
        ("SELECT place.id FROM place JOIN line ON place.id = line.id", "joined on what is no key"),
        ("SELECT id FROM (SELECT id FROM place)", "a query in FROM"),
        ("WITH a AS (SELECT 1) SELECT id FROM place", "a with clause"),
        ("SELECT id FROM place UNION ALL SELECT id FROM line", "union all"),
        ("SELECT id FROM place LIMIT 1 OFFSET 2", "an offset"),
        ("SELECT upper(name) FROM place", "upper where a column stands"),
        ("SELECT id FROM place WHERE EXISTS (SELECT 1)", "the condition exists"),
        ("SELECT place.id FROM place, line WHERE place.* = line.id", "tables that no key joins"),
        (f"SELECT id FROM place WHERE {'(' * 5000}id = 1{')' * 5000}", "nested too deeply"),
    ],
)
def test_what_is_outside_is_refused_with_a_reason(sql: str, reason: str) -> None:
    found = lift(sql, graph())
    assert isinstance(found, Unliftable)
    assert found.reason.startswith(reason)
