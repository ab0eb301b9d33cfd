"""A statement about tables of which nothing is known: all of the guard that needs no schema."""

from __future__ import annotations

import pytest

from ask.guard.attacks import ALL, attacks
from ask.guard.schema import graph
from ask.guard.test_benign import FOR
from assay.ask.graph import Dialect, Graph
from assay.ask.guard.check import guard
from assay.ask.guard.model import Rejected

NAMES = {"table.unknown", "table.ambiguous", "column.unknown", "column.ambiguous"}
"""Codes of what only a schema can tell."""
THERE: dict[Dialect, list[str]] = {
    "postgres": ["pg_shadow", "pg_catalog.pg_authid", "information_schema.tables", "PG_CLASS"],
    "mysql": ["mysql.user", "information_schema.tables", "`performance_schema`.threads", "SYS.processlist"],
    "sqlite": ["sqlite_master", "'sqlite_schema'", "main.SQLITE_MASTER", "dbstat"],
}


def refusal(text: str, of: Graph) -> str | None:
    """The code of the first reason why a text does not pass; None: it passes."""
    try:
        guard(text, of)
    except Rejected as error:
        return error.violations[0].code
    return None


def untold(dialect: Dialect) -> Graph:
    return Graph(dialect, (), known=False)


@pytest.mark.parametrize("dialect", ALL)
def test_an_attack_passes_only_where_a_name_was_all_that_was_wrong_with_it(dialect: Dialect) -> None:
    through = [text for _, text in attacks(dialect) if refusal(text, untold(dialect)) is None]
    assert {text: code for text in through if (code := refusal(text, graph(dialect))) not in NAMES} == {}
    kinds = {kind for kind, text in attacks(dialect) if text in through}
    assert kinds <= {"unknown names", "catalogue", "operators and types"}


@pytest.mark.parametrize("dialect", ALL)
def test_what_people_ask_for_passes_and_says_the_same(dialect: Dialect) -> None:
    assert {text: code for text in FOR[dialect] if (code := refusal(text, untold(dialect)))} == {}
    passed = guard("SELECT s.city, COUNT(*) FROM shops s JOIN b USING (x) GROUP BY s.city", untold(dialect))
    assert passed.sql.endswith("LIMIT 1000") and (passed.tables, passed.columns) == ((), ())


def test_a_counter_behind_columns_that_nobody_knows_is_no_bound() -> None:
    steps = "UNION ALL SELECT depth + 1, depth FROM t WHERE depth < 10"
    endless = f"WITH RECURSIVE t AS (SELECT *, 0 AS depth FROM x {steps}) SELECT * FROM t"
    assert {refusal(endless, untold(dialect)) for dialect in ALL} == {"cte.endless"}
    told = "SELECT 0 AS depth, 1 AS before UNION ALL SELECT depth + 1, depth FROM t WHERE depth < 10"
    bounded = f"WITH RECURSIVE t AS ({told}) SELECT * FROM t"
    assert {refusal(bounded, untold(dialect)) for dialect in ALL} == {None}


@pytest.mark.parametrize(("dialect", "name"), [(dialect, name) for dialect in ALL for name in THERE[dialect]])
def test_no_table_of_the_server_s_own_is_read(dialect: Dialect, name: str) -> None:
    assert refusal(f"SELECT * FROM {name}", untold(dialect)) == "table.own"
    assert refusal(f"SELECT a FROM t WHERE EXISTS (SELECT 1 FROM {name} x)", untold(dialect)) == "table.own"


@pytest.mark.parametrize("dialect", ALL)
def test_what_a_statement_itself_names_is_known(dialect: Dialect) -> None:
    for text, code in (
        ("SELECT q.b FROM (SELECT a FROM t) q", "column.unknown"), ("SELECT z.a FROM t", "alias.unknown"),
        ("WITH q AS (SELECT a FROM t) SELECT b FROM q", "column.unknown"),
        ("SELECT a FROM t x JOIN u x ON 1 = 1", "alias.twice"),
        ("SELECT a, b FROM t UNION SELECT a FROM u", "query.columns"),
    ):  # fmt: skip
        assert refusal(text, untold(dialect)) == code, text
    for text in (
        "WITH q AS (SELECT * FROM t) SELECT b, q.c FROM q", "SELECT * FROM t UNION SELECT a FROM u",
        "SELECT q.b FROM (SELECT t.* FROM t) q",
        "SELECT o.a FROM shop.o o WHERE o.b > (SELECT AVG(c) FROM p WHERE p.d = o.d)",
        "WITH RECURSIVE up(id, boss) AS (SELECT id, boss FROM e UNION"
        " SELECT e.id, e.boss FROM e JOIN up ON e.id = up.boss) SELECT id FROM up",
    ):  # fmt: skip
        assert refusal(text, untold(dialect)) is None, text
