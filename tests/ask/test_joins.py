"""The smallest trees over the keys, their alternatives, and what each join does to the rows."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from ask.shop_graph import (
    ISLAND,
    ITEM,
    ITEM_LINE,
    ITEM_ORDER,
    LINE,
    LINE_FROM,
    LINE_TO,
    MANAGER,
    ORDER,
    ORDER_PLACE,
    ORDER_STAFF,
    PLACE,
    STAFF,
    column,
    graph,
)  # fmt: skip
from assay.ask.graph import Edge, Graph, Table
from assay.ask.joins import step, steps, trees


def test_one_table_needs_no_join_and_no_table_no_tree() -> None:
    assert trees(graph(), [PLACE])[0].edges == frozenset()
    assert trees(graph(), []) == ()


def test_two_keys_between_the_same_tables_are_two_trees() -> None:
    found = trees(graph(), [PLACE, LINE], 2)
    assert [tree.edges for tree in found] == [{LINE_FROM}, {LINE_TO}]


def test_the_tree_passes_tables_that_nobody_named() -> None:
    found = trees(graph(), [STAFF, LINE], 3)
    assert {frozenset(tree.edges) for tree in found} == {
        frozenset({ORDER_STAFF, ITEM_ORDER, ITEM_LINE}),
        frozenset({ORDER_STAFF, ORDER_PLACE, LINE_FROM}),
        frozenset({ORDER_STAFF, ORDER_PLACE, LINE_TO}),
    }
    assert {PLACE, STAFF, LINE, ORDER} in [tree.tables for tree in found]


def test_tables_that_no_key_reaches_have_no_tree() -> None:
    assert trees(graph(), [PLACE, ISLAND]) == ()


def test_a_declared_key_goes_before_a_guessed_one() -> None:
    tables = tuple(Table(name, (column("id"),), primary_key=(0,)) for name in "abc")
    edges = (Edge(0, (0,), 2, (0,), inferred=True), Edge(0, (0,), 1, (0,)), Edge(1, (0,), 2, (0,)))
    assert trees(Graph("sqlite", tables, edges), [0, 2], 1)[0].edges == {1, 2}


def test_joining_the_children_fans_out_and_may_lose_the_childless() -> None:
    down = step(graph(), ORDER_STAFF, STAFF, ORDER)
    assert (down.fans_out, down.loses) == (True, "childless")


def test_joining_a_parent_loses_rows_only_where_the_reference_may_be_null() -> None:
    assert (step(graph(), LINE_FROM, LINE, PLACE).fans_out, step(graph(), LINE_FROM, LINE, PLACE).loses) == (
        False,
        "none",
    )
    assert step(graph(), LINE_TO, LINE, PLACE).loses == "null"


def test_steps_begin_at_the_root_and_each_meets_what_is_there() -> None:
    made = steps(graph(), {ORDER_STAFF, ITEM_ORDER, ITEM_LINE}, LINE)
    assert [one.adds for one in made] == [ITEM, ORDER, STAFF]
    assert all(one.edge != MANAGER for one in made)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Graph, list[int]]:
    size = draw(st.integers(2, 6))
    tables = tuple(Table(f"t{at}", (column("id"),), primary_key=(0,)) for at in range(size))
    ends = draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=8))
    edges = tuple(Edge(one, (0,), to, (0,)) for one, to in ends)
    return Graph("sqlite", tables, edges), draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5, unique=True))


def connected(graph: Graph, edges: tuple[int, ...], wanted: list[int]) -> bool:
    reached = {wanted[0]}
    for _ in edges:
        for number in edges:
            edge = graph.edges[number]
            if {edge.table, edge.to} & reached:
                reached |= {edge.table, edge.to}
    return set(wanted) <= reached


@given(graphs())
def test_the_trees_are_the_cheapest_of_all_sets_of_edges(case: tuple[Graph, list[int]]) -> None:
    graph, wanted = case
    numbers = range(len(graph.edges))
    right = [
        frozenset(edges)
        for size in range(len(graph.edges) + 1)
        for edges in combinations(numbers, size)
        if connected(graph, edges, wanted)
    ]
    minimal = [edges for edges in right if not any(other < edges for other in right)]
    found = trees(graph, wanted, 4)
    assert all(tree.edges in minimal for tree in found)
    assert [len(tree.edges) for tree in found] == sorted(len(edges) for edges in minimal)[:4]


def test_more_terminals_than_the_exact_search_takes_are_still_connected() -> None:
    size = 12
    tables = tuple(Table(f"t{at}", (column("id"),), primary_key=(0,)) for at in range(size + 1))
    star = Graph("sqlite", tables, tuple(Edge(at, (0,), size, (0,)) for at in range(size)))
    best = trees(star, range(size), 1)[0]
    assert best.edges == frozenset(range(size))
