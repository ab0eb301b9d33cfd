"""What an index costs writes is counted from the server's own counters, and HOT updates are not forgotten."""

from __future__ import annotations

import pytest

from assay.sources.model import Table
from assay.workload.facts import StatementFacts
from assay.workload.index import draft_of
from assay.workload.whatif import Weighed
from assay.workload.writes import overhead, price, touched_share


def table(**counts: int) -> Table:
    return Table(
        schema_name="public", name="t", kind="table", rows=100, bytes=8192, pages=1, columns=(), **counts
    )  # fmt: skip


def writing(kind, columns: frozenset[str] = frozenset(), rows: int = 10) -> Weighed:
    facts = StatementFacts(kind, writes="public.t", written_columns=columns)
    return Weighed("w", "…", float(rows), facts, ((),), (1.0,), rows=rows)


def test_a_table_without_writes_has_no_overhead() -> None:
    one = table()
    assert overhead([draft_of(one, ("a",))], {"public.t": one}, []) is None


def test_an_insert_writes_one_more_entry_beside_the_row() -> None:
    one = table(inserts=100)
    assert overhead([draft_of(one, ("a",))], {"public.t": one}, []) == pytest.approx(100.0)


def test_an_update_that_stays_hot_costs_nothing_until_an_index_holds_what_it_changes() -> None:
    one = table(updates=100, hot_updates=100)
    tables, update = {"public.t": one}, [writing("update", frozenset({"b"}))]
    assert overhead([draft_of(one, ("a",))], tables, update) == 0
    assert overhead([draft_of(one, ("b",))], tables, update) == pytest.approx(100.0)
    assert overhead([draft_of(one, ("a",), ("b",))], tables, update) == pytest.approx(100.0)
    assert touched_share(draft_of(one, ("a",)), update) == 0


def test_only_statements_that_change_what_it_holds_pay_for_an_index() -> None:
    one = draft_of(table(), ("a",))
    assert price(one, [writing("insert")]) > 0
    assert price(one, [writing("update", frozenset({"a"}))]) > 0
    assert price(one, [writing("update", frozenset({"b"})), writing("delete")]) == 0
