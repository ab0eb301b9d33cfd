"""Candidates put keys in the order in which a B-tree can use them, and never propose what cannot be built."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assay.sources.model import Column, Index, Schema, Table
from assay.workload.candidates import candidates, merged, relevant
from assay.workload.facts import StatementFacts
from assay.workload.index import IndexDraft, IndexKey, draft_of
from assay.workload.statement import facts


def column(name: str, type: str = "integer", distinct: float = 100, width: int = 4) -> Column:
    return Column(name=name, type=type, nullable=True, n_distinct=distinct, avg_width=width)


ORDERS = Table(
    schema_name="public", name="orders", kind="table", rows=1e6, bytes=10**8, pages=10_000,
    columns=(
        column("id", "bigint", -1), column("user_id", "bigint", 50_000), column("status", "text", 6, 8),
        column("order_date", "timestamp with time zone", -0.9), column("total", "numeric", 5_000, 6),
        column("note", "text", -0.5, 900), column("doc", "jsonb", -1, 200), column("where", "point", -1, 16),
        column("code", "character varying(20)", 1_000, 10),
    ),
)  # fmt: skip
USERS = Table(
    schema_name="public", name="users", kind="table", rows=1e5, bytes=10**7, pages=1_000,
    columns=(column("id", "bigint", -1), column("email", "text", -1, 25)),
)  # fmt: skip
SCHEMA = Schema(source="s", tables=(ORDERS, USERS), search_path=("public",), read_at=datetime.now(UTC))


def bodies(sql: str, **more) -> list[str]:
    return [draft.body() for draft in candidates(facts(sql, SCHEMA), SCHEMA, **more)]


def test_equality_comes_before_a_range_and_before_the_sort_order() -> None:
    found = bodies("SELECT id FROM orders WHERE status = $1 AND user_id = $2 ORDER BY order_date DESC")
    assert "ON public.orders (user_id, status, order_date DESC)" in found
    found = bodies("SELECT id FROM orders WHERE order_date > $1 AND status = $2", max_width=2)
    assert "ON public.orders (status, order_date)" in found


def test_nulls_and_directions_are_those_of_the_sort() -> None:
    found = bodies("SELECT id FROM orders ORDER BY total DESC NULLS LAST, order_date LIMIT 5")
    assert "ON public.orders (total DESC NULLS LAST, order_date)" in found


def test_no_index_is_wider_than_asked_for() -> None:
    sql = "SELECT id FROM orders WHERE status = $1 AND user_id = $2 AND total = $3 ORDER BY order_date"
    for width in (1, 2, 3):
        drafts = candidates(facts(sql, SCHEMA), SCHEMA, max_width=width)
        assert drafts and max(len(draft.keys) for draft in drafts) <= width


def test_all_columns_that_are_read_are_carried_when_they_are_few_and_narrow() -> None:
    assert "ON public.orders (user_id) INCLUDE (total)" in bodies("SELECT total FROM orders WHERE user_id = $1")
    assert not [b for b in bodies("SELECT note, total FROM orders WHERE user_id = $1") if "INCLUDE" in b]
    assert not [b for b in bodies("SELECT doc FROM orders WHERE user_id = $1") if "INCLUDE" in b]


def test_both_sides_of_a_join_get_candidates() -> None:
    found = bodies("SELECT u.email FROM users u JOIN orders o ON o.user_id = u.id WHERE o.status = $1")
    assert "ON public.orders (user_id)" in found and "ON public.users (id)" in found
    assert "ON public.orders (status, user_id)" in found


def test_types_that_no_btree_holds_and_columns_too_wide_for_one_are_left_out() -> None:
    sql = 'SELECT id FROM orders WHERE doc = $1 AND note = $2 AND "where" IS NULL'
    assert not [b for b in bodies(sql) if "(doc" in b or "(note" in b or '("where"' in b]


def test_a_prefix_search_gets_the_pattern_operator_class_unless_text_sorts_by_bytes() -> None:
    sql = "SELECT id FROM orders WHERE code LIKE 'ab%'"
    assert "ON public.orders (code text_pattern_ops)" in bodies(sql)
    assert "ON public.orders (code)" in bodies(sql, c_locale=True)


def test_an_expression_is_a_candidate_but_not_one_whose_literal_is_unknown() -> None:
    assert any("((doc ->> 'k'" in b for b in bodies("SELECT id FROM orders WHERE doc ->> 'k' = $1"))
    assert not [b for b in bodies("SELECT id FROM orders WHERE doc ->> $1 = $2") if "$" in b]


def test_a_partial_index_needs_a_condition_that_is_the_same_for_every_call() -> None:
    assert any("WHERE total IS NULL" in b for b in bodies("SELECT id FROM orders WHERE total IS NULL AND user_id = $1"))
    assert any("WHERE status = 'x'" in b for b in bodies("SELECT id FROM orders WHERE status = 'x' AND user_id = $1"))
    assert not [b for b in bodies("SELECT id FROM orders WHERE status = $1 AND user_id = $2") if "WHERE" in b]


def test_what_exists_already_is_no_candidate() -> None:
    index = Index(
        name="i", definition="CREATE INDEX i ON orders USING btree (user_id, status)", method="btree",
        keys=("user_id", "status"), descending=(False, False), nulls_first=(False, False), unique=False, primary=False,
        bytes=1, scans=0,
    )  # fmt: skip
    orders = ORDERS.model_copy(update={"indexes": (index,)})
    schema = SCHEMA.model_copy(update={"tables": (orders, USERS)})
    sql = "SELECT id FROM orders WHERE user_id = $1 AND status = $2"
    found = [draft.body() for draft in candidates(facts(sql, schema), schema)]
    assert "ON public.orders (user_id)" not in found and "ON public.orders (user_id, status)" not in found
    assert "ON public.orders (status)" in found


@pytest.mark.parametrize(
    "sql", ["SELECT 1", "SELECT * FROM nowhere WHERE x = 1", "VACUUM orders", "not sql at all", ""]
)
def test_a_statement_without_tables_of_ours_has_no_candidates(sql: str) -> None:
    assert bodies(sql) == []


def test_an_index_matters_to_a_statement_only_if_it_begins_with_what_that_reads_or_holds_all_of_it() -> None:
    found = facts("SELECT total FROM orders WHERE user_id = $1", SCHEMA)
    assert relevant(draft_of(ORDERS, ("user_id",)), found)
    assert relevant(draft_of(ORDERS, ("status", "user_id", "total")), found)
    assert not relevant(draft_of(ORDERS, ("status",)), found)
    assert not relevant(draft_of(USERS, ("id",)), found)
    assert not relevant(draft_of(ORDERS, ("id",)), StatementFacts("other"))


def test_two_indexes_are_merged_when_the_keys_of_one_begin_those_of_the_other() -> None:
    one, two = draft_of(ORDERS, ("user_id",), ("total",)), draft_of(ORDERS, ("user_id", "status"))
    both = merged(one, two)
    assert both == draft_of(ORDERS, ("user_id", "status"), ("total",))
    assert merged(one, draft_of(ORDERS, ("status",))) is None
    partial = IndexDraft("public", "orders", (IndexKey("user_id", "user_id"),), (), "status = 'x'")
    assert merged(partial, two) is None
