"""Keys that nobody declared are guessed from names and kinds, and only where one table can be meant."""

from __future__ import annotations

from dataclasses import replace

from ask.shop_graph import ITEM, ITEM_LINE, LINE, ORDER, ORDER_PLACE, PLACE, STAFF, column, graph
from assay.ask.graph import Edge, Graph, Table
from assay.ask.infer import infer
from assay.ask.joins import trees


def test_a_column_named_like_a_table_and_its_key_refers_to_it() -> None:
    bare = replace(graph(), edges=())
    found = {(edge.table, edge.columns, edge.to) for edge in infer(bare).edges}
    assert found == {(ORDER, (1,), STAFF), (ORDER, (2,), PLACE), (ITEM, (0,), ORDER), (ITEM, (1,), LINE)}
    assert all(edge.inferred for edge in infer(bare).edges)


def test_declared_keys_keep_their_numbers_and_are_not_guessed_again() -> None:
    assert infer(graph()).edges == graph().edges
    without = replace(graph(), edges=graph().edges[:ORDER_PLACE])
    assert infer(without).edges[:ORDER_PLACE] == without.edges
    assert infer(without).edges[ORDER_PLACE] == replace(graph().edges[ORDER_PLACE], inferred=True)


def test_a_name_that_fits_two_keys_or_another_kind_is_left_alone() -> None:
    owner = Table("Person", (column("person_id", "number"), column("x")), primary_key=(0,))
    child = Table("visit", (column("PersonID", "number"), column("x")))
    assert infer(Graph("mysql", (owner, child))).edges == (Edge(1, (0,), 0, (0,), inferred=True),)
    assert infer(Graph("mysql", (owner, replace(owner, name="Again"), child))).edges == ()
    other = replace(child, columns=(column("PersonID", "text"),))
    assert infer(Graph("mysql", (owner, other))).edges == ()


def test_what_the_rows_contradict_is_no_key() -> None:
    assert infer(replace(graph(), edges=()), lambda edge: edge.to == PLACE).edges[0].to == PLACE
    assert len(infer(replace(graph(), edges=()), lambda edge: edge.to == PLACE).edges) == 1


def test_a_guess_is_taken_only_where_declared_keys_lead_nowhere() -> None:
    known = graph()
    guessed = replace(known, edges=(*known.edges, Edge(ITEM, (0,), PLACE, (0,), inferred=True)))
    assert (
        ITEM_LINE in trees(guessed, [ITEM, PLACE], 1)[0].edges
        or ORDER_PLACE in trees(guessed, [ITEM, PLACE], 1)[0].edges
    )
