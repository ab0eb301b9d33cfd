"""What a statement says of itself, bound to a schema: the cases on which regular expressions and naive parsers fail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.workload.facts import Predicate, StatementFacts
from assay.workload.statement import facts, parse, quoted
from workload.schemas import SHOP, table


def of(sql: str) -> StatementFacts:
    found = facts(sql, SHOP)
    assert parse(sql).error is None
    return found


def said(found: StatementFacts) -> list[str]:
    """Conditions in short: "o.user_id equality" or, when no index may serve it, "(o.user_id equality)"."""
    short = [f"{p.alias}.{p.key.text} {p.kind}" + (f" {p.other_alias}.{p.other.text}" if p.other else "")
             for p in found.predicates]  # fmt: skip
    return [s if p.conjunct else f"({s})" for s, p in zip(short, found.predicates, strict=True)]


def one(found: StatementFacts) -> Predicate:
    (only,) = found.predicates
    return only


CASES: tuple[tuple[str, str, list[str]], ...] = (
    ("aliases belong to their own table",
     "SELECT * FROM orders o JOIN users u ON u.id = o.user_id WHERE o.status = 'x' AND u.email = $1",
     ["u.id join o.user_id", "o.user_id join u.id", "o.status equality", "u.email equality"]),
    ("unqualified columns are found by the schema",
     "SELECT count(*) FROM users, orders WHERE user_id = users.id AND total_amount > 3 AND email = 'a'",
     ["orders.user_id join users.id", "users.id join orders.user_id", "orders.total_amount range", "users.email"
         " equality"]),
    ("quoted names keep their case and quotes",
     'SELECT "select" FROM "My Schema"."Odd Table" AS "T" WHERE "T"."Id" = 1 AND "select" IN (\'a\', \'b\')',
     ['T."Id" equality', 'T."select" in']),
    ("a schema chooses between tables of one name",
     "SELECT * FROM archive.orders WHERE archive.orders.note IS NULL", ["orders.note null"]),
    ("the arms of an OR are no conjuncts",
     "SELECT * FROM orders WHERE user_id = 1 OR status = 'x'", ["(orders.user_id equality)", "(orders.status"
         " equality)"]),
    ("what stands in every arm of an OR is one",
     "SELECT * FROM orders WHERE (user_id = 1 AND status = 'x') OR (user_id = 1 AND status = 'y')",
     ["orders.user_id equality", "(orders.status equality)", "(orders.status equality)"]),
    ("NOT takes the conjunct away",
     "SELECT * FROM orders WHERE NOT (user_id = 1 AND status = 'x')",
     ["(orders.user_id equality)", "(orders.status equality)"]),
    ("a condition on a derived table is one on the table below",
     "SELECT * FROM (SELECT user_id AS u, status FROM orders) s WHERE s.u = $1", ["orders.user_id equality"]),
    ("but not through LIMIT",
     "SELECT * FROM (SELECT user_id AS u FROM orders LIMIT 5) s WHERE s.u = $1", ["(orders.user_id equality)"]),
    ("nor through a window function",
     "SELECT * FROM (SELECT user_id, rank() OVER (ORDER BY id) r FROM orders) s WHERE s.user_id = $1",
     ["(orders.user_id equality)"]),
    ("a WITH query that is used once is looked through",
     "WITH t AS (SELECT user_id FROM orders) SELECT * FROM t WHERE user_id = 1", ["orders.user_id equality"]),
    ("one that is used twice is kept",
     "WITH t AS (SELECT user_id FROM orders) SELECT * FROM t a JOIN t b ON a.user_id = b.user_id WHERE a.user_id = 1",
     ["(orders.user_id other)", "(orders.user_id equality)"]),
    ("a condition reaches both arms of UNION ALL",
     "SELECT * FROM (SELECT user_id FROM orders UNION ALL SELECT user_id FROM events) x WHERE user_id = 1",
     ["orders.user_id equality", "events.user_id equality"]),
    ("USING joins, and the bare name is the left column",
     "SELECT * FROM orders JOIN events USING (user_id) WHERE user_id = 1",
     ["orders.user_id join events.user_id", "events.user_id join orders.user_id", "orders.user_id equality"]),
    ("NATURAL joins by every shared name",
     "SELECT 1 FROM order_items NATURAL JOIN archive.orders",
     ["order_items.id join orders.id", "orders.id join order_items.id"]),
    ("ON of a LEFT JOIN restricts the right side only",
     "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.status = 'x' AND u.status = 'y'",
     ["o.user_id join u.id", "(u.id join o.user_id)", "o.status equality", "(u.status equality)"]),
    ("IS NULL on the optional side finds what is missing",
     "SELECT * FROM users u LEFT JOIN orders o ON o.user_id = u.id WHERE o.id IS NULL",
     ["o.user_id join u.id", "(u.id join o.user_id)", "(o.id null)"]),
    ("FULL JOIN restricts neither side",
     "SELECT * FROM users u FULL JOIN orders o ON o.user_id = u.id", ["(o.user_id join u.id)", "(u.id join"
         " o.user_id)"]),
    ("LATERAL sees what stands left of it",
     "SELECT * FROM users u, LATERAL (SELECT * FROM orders o WHERE o.user_id = u.id LIMIT 3) l",
     ["o.user_id join u.id"]),
    ("IN with a sub-select is a join",
     "SELECT * FROM users WHERE id IN (SELECT user_id FROM orders WHERE status = 'x')",
     ["orders.status equality", "users.id join orders.user_id", "orders.user_id join users.id"]),
    ("EXISTS is a join that may be turned around",
     "SELECT * FROM users u WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)",
     ["o.user_id join u.id", "u.id join o.user_id"]),
    ("NOT EXISTS may not",
     "SELECT * FROM users u WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id)", ["o.user_id join u.id"]),
    ("BETWEEN is a range with two ends",
     "SELECT * FROM orders WHERE order_date BETWEEN $1 AND $2", ["orders.order_date range", "orders.order_date range"]),
    ("= ANY of an array is a list", "SELECT * FROM orders WHERE user_id = ANY($1)", ["orders.user_id in"]),
    ("row comparisons are taken apart",
     "SELECT * FROM orders WHERE (user_id, status) = ($1, $2)", ["orders.user_id equality", "orders.status equality"]),
    ("of a row range only the first column is sure",
     "SELECT * FROM orders WHERE (order_date, id) > ($1, $2)", ["orders.order_date range", "(orders.id range)"]),
    ("a column that is true or false is compared", "SELECT * FROM users WHERE active AND NOT active",
     ["users.active equality", "users.active equality"]),
    ("LIKE with a beginning is a prefix", "SELECT * FROM users WHERE email LIKE 'a%'", ["users.email prefix"]),
    ("LIKE without one is a wildcard", "SELECT * FROM users WHERE email LIKE '%a'", ["users.email wildcard"]),
    ("so is LIKE with a parameter", "SELECT * FROM users WHERE email LIKE $1", ["users.email wildcard"]),
    ("a cast that changes nothing is looked through", "SELECT * FROM users WHERE email::text = $1",
     ["users.email equality"]),
    ("one that does makes an expression", "SELECT * FROM orders WHERE user_id::text = $1",
     ["orders.(user_id::text) equality"]),
    ("functions make expressions", "SELECT * FROM users u WHERE lower(u.email) = $1", ["u.lower(email) equality"]),
    ("JSON arrows too", "SELECT * FROM events WHERE event_data->>'device' = $1",
     ["events.(event_data ->> 'device') equality"]),
    ("containment is told apart", "SELECT * FROM events WHERE event_data @> $1", ["events.event_data contains"]),
    ("a side that is swapped is turned", "SELECT * FROM orders WHERE 5 < total_amount", ["orders.total_amount range"]),
    ("two columns of one row are no join", "SELECT * FROM orders WHERE id = user_id", ["(orders.id other)"]),
    ("volatile functions make no key", "SELECT * FROM orders WHERE random() * id < 1", []),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_conditions_are_bound_to_the_right_column(sql: str, expected: list[str]) -> None:
    assert said(of(sql)) == expected


def test_parameters_know_what_they_are_compared_with() -> None:
    found = of("SELECT * FROM orders WHERE user_id = $2 AND $1 < total_amount AND status IN ($3, $4) LIMIT $5")
    assert {n: (key.text, op) for n, (key, op) in found.parameter_keys.items()} == {
        2: ("user_id", "="), 1: ("total_amount", ">"), 3: ("status", "IN"), 4: ("status", "IN"),
    }  # fmt: skip
    assert found.parameters == 5
    assert found.limited


def test_literals_stand_beside_their_key() -> None:
    assert one(of("SELECT 1 FROM orders WHERE status = 'it''s'")).constant == "'it''s'"
    assert one(of("SELECT 1 FROM orders WHERE total_amount = -3")).constant == "-3"
    assert one(of("SELECT 1 FROM orders WHERE order_date > date '2024-01-01'")).constant == "'2024-01-01'::date"
    assert one(of("SELECT 1 FROM orders WHERE order_date > now()")).constant is None


def test_a_constant_that_is_known_takes_the_place_of_its_parameter() -> None:
    sql = "SELECT 1 FROM events WHERE event_data->>$1 = $2"
    assert one(facts(sql, SHOP)).key.text == "(event_data ->> $1)"
    assert one(facts(sql, SHOP, {1: "'device'"})).key.text == "(event_data ->> 'device')"


def test_a_scalar_sub_select_knows_its_key_its_aggregate_and_its_place() -> None:
    found = of("SELECT u.id, (SELECT sum(total_amount) FROM orders WHERE user_id = u.id) FROM users u")
    (correlated,) = found.correlated
    assert (correlated.table, correlated.inner.text, correlated.outer.text) == ("public.orders", "user_id", "id")
    assert (correlated.aggregate, correlated.place) == ("sum(total_amount)", "select")
    (where,) = of("SELECT 1 FROM users u WHERE id > (SELECT max(id) FROM orders o WHERE o.user_id = u.id)").correlated
    assert where.place == "where"
    assert of("SELECT 1 FROM users WHERE id = (SELECT max(id) FROM orders)").correlated == ()


def test_only_columns_that_are_read_count_as_read() -> None:
    def read(sql: str) -> dict[str, set[str]]:
        return {use.alias: set(use.columns) for use in of(sql).tables}

    assert read("SELECT count(*) FROM orders WHERE user_id = 1") == {"orders": {"user_id"}}
    assert read("SELECT o.* FROM orders o")["o"] == {"id", "user_id", "order_date", "status", "total_amount"}
    assert read("SELECT u.id FROM users u WHERE EXISTS (SELECT * FROM orders o WHERE o.user_id = u.id)")["o"] == {
        "user_id"
    }
    assert read("SELECT x.id FROM (SELECT * FROM orders) x") == {"orders": {"id"}}
    assert read("SELECT o FROM orders o")["o"] == {"id", "user_id", "order_date", "status", "total_amount"}
    assert read("SELECT a FROM orders o(a, b) WHERE b = 1") == {"o": {"id", "user_id"}}


def test_order_is_read_through_ordinals_aliases_and_expressions() -> None:
    def order(sql: str) -> list[tuple[str, int, bool, bool, bool]]:
        return [(s.key.text, s.position, s.descending, s.nulls_first, s.grouping) for s in of(sql).sorts]

    assert order("SELECT id, status s FROM orders ORDER BY 2 DESC, id NULLS FIRST") == [
        ("status", 0, True, True, False), ("id", 1, False, True, False),
    ]  # fmt: skip
    assert order("SELECT status s FROM orders ORDER BY s DESC NULLS LAST") == [("status", 0, True, False, False)]
    assert order("SELECT status, count(*) c FROM orders GROUP BY 1 ORDER BY c, status") == [
        ("status", 0, False, False, True), ("status", 1, False, False, False),
    ]  # fmt: skip
    assert order("SELECT DISTINCT status FROM orders") == [("status", 0, False, False, True)]
    assert order("SELECT max(order_date) FROM orders WHERE user_id = 1") == [("order_date", 0, False, False, False)]


def test_changes_say_what_they_write() -> None:
    insert = of("INSERT INTO orders (user_id, status) SELECT id, $1 FROM users WHERE email = $2")
    assert (insert.kind, insert.writes) == ("insert", "public.orders")
    assert {n: (k.text, o) for n, (k, o) in insert.parameter_keys.items()} == {1: ("status", ":="), 2: ("email", "=")}
    update = of("UPDATE orders o SET status = $1 FROM users u WHERE u.id = o.user_id AND u.email = $2 RETURNING o.id")
    assert (update.kind, update.writes, update.written_columns) == ("update", "public.orders", {"status"})
    assert "o.user_id join u.id" in said(update)
    delete = of("DELETE FROM orders USING users u WHERE u.id = user_id")
    assert (delete.kind, delete.writes) == ("delete", "public.orders")
    merge = of("MERGE INTO orders o USING users u ON o.user_id = u.id WHEN MATCHED THEN UPDATE SET status = $1")
    assert (merge.kind, merge.writes, said(merge)) == (
        "update", "public.orders", ["o.user_id join u.id", "(u.id join o.user_id)"],
    )  # fmt: skip


def test_views_are_left_alone_and_unknown_names_are_said() -> None:
    found = of("SELECT v.x, y.z FROM v_orders v WHERE x = 1 AND orders.id = 2")
    assert found.tables == ()
    assert set(found.unbound) == {"v_orders", "y.z", "orders.id"}


def test_what_is_no_statement_of_data_has_no_facts() -> None:
    assert facts("BEGIN", SHOP).kind == "other"
    assert facts("SELEC 1", SHOP).kind == "other"


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


@given(names, names, names)
def test_any_name_survives_quoting_and_is_bound(name: str, column: str, alias: str) -> None:
    plain = table(name, "a text")
    made = plain.model_copy(update={"columns": (plain.columns[0].model_copy(update={"name": column}),)})
    schema = SHOP.model_copy(update={"tables": (made,)})
    sql = f"SELECT 1 FROM {quoted(name)} AS {quoted(alias)} WHERE {quoted(alias)}.{quoted(column)} = $1"
    found = facts(sql, schema)
    assert found.unbound == ()
    assert (one(found).key.column, one(found).alias, one(found).key.text) == (column, alias, quoted(column))
