"""What joins do to rows is said where it matters, and only there."""

from __future__ import annotations

from dataclasses import replace

from ask.shop_graph import ITEM, ORDER, ORDER_STAFF, STAFF, graph
from assay.ask.cautions import cautions
from assay.ask.ir import Query, Ref, Term

STAFF_NAME, ORDER_GROUP = Term(Ref(STAFF, 1)), Term(Ref(ORDER, 3))


def test_one_table_needs_no_caution() -> None:
    assert cautions(Query((Term(Ref(STAFF), "count"),)), graph()) == ()


def test_a_sum_over_the_one_side_is_counted_several_times() -> None:
    said = cautions(Query((Term(Ref(STAFF, 4), "sum"), ORDER_GROUP), group=(Ref(ORDER, 3),)), graph())
    assert "A row of Staff may meet several of order, and is then counted several times." in said
    assert "Rows of Staff without any order are left out." in said


def test_a_count_of_the_many_side_is_right_and_loses_what_refers_to_nothing() -> None:
    said = cautions(Query((Term(Ref(ORDER), "count"), STAFF_NAME), group=(Ref(STAFF, 1),)), graph())
    assert said == ("Rows of order that refer to no Staff are left out.",)


def test_a_key_that_cannot_be_null_loses_nothing() -> None:
    assert cautions(Query((Term(Ref(ITEM), "count"), ORDER_GROUP), group=(Ref(ORDER, 3),)), graph()) == ()


def test_a_guessed_key_says_that_nothing_vouches_for_it() -> None:
    known = graph()
    columns = list(known.tables[ORDER].columns)
    columns[1] = replace(columns[1], nullable=False)
    tables = list(known.tables)
    tables[ORDER] = replace(tables[ORDER], columns=tuple(columns))
    edges = list(known.edges)
    edges[ORDER_STAFF] = replace(edges[ORDER_STAFF], inferred=True)
    guessed = replace(known, tables=tuple(tables), edges=tuple(edges))
    assert cautions(Query((ORDER_GROUP, STAFF_NAME)), guessed) == (
        "No constraint says that each order has its Staff: rows without one are left out.",
    )
