"""A statement laid out for reading keeps its tokens, tells words from names, and folds what is long."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.workload.statement import facts, fingerprint, fold, layout, title, tokens
from workload.schemas import SHOP

TEXTS = (
    "select id, order_date from orders where user_id=$1 and status = $2 order by order_date desc limit $3",
    "select u.id,(select count(*) from orders o where o.user_id=u.id) c from users u where u.id between $1 and $2 or a",
    "with t as (select 1 a), u as materialized (select 2) select distinct on (a) t.*, case when a and b then 1"
    " end from t"
    " left join u on u.id=t.id and u.x=1 natural join b where exists (select 1 from z) union all select"
    " left(a,3) from t",
    "insert into events (a, b, c) values ($1,$2,$3) on conflict (a) do update set b = excluded.b where 1=1 returning a",
    "update orders o set status=$1, x=2 from users u where u.id=o.user_id",
    "delete from orders using users where users.id=orders.user_id -- why\n and x is not null returning *",
    "merge into o using u on o.a=u.id when matched then update set s=$1 when not matched then insert (a,b)"
    " values ($2,$3)",
    "select e'it\\'s', $q$a'b$q$, U&\"d\\0061t\", 'ü', \"ü\".\"x\"\"y\", 1.5e3, a::numeric(10,2), b @> '{}' from \"ü\"",
    "select date_trunc('day', a) as date, sum(x) filter (where y) over (partition by z order by w desc nulls"
    " last) from t",
    "select extract($1 from a), date $2, a < timestamp with time zone $3 from t fetch first 3 rows only",
    "select /* hint */ a, -- one\n b from t for update skip locked",
    "values (1, 2), (3, 4)", "table t", "select $1",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_layout_changes_nothing_but_the_space_between(text: str) -> None:
    laid = layout(text)
    assert laid.text == "".join(span.text for span in laid.spans)
    assert [t.name for t in tokens(laid.text)] == [t.name for t in tokens(text)]
    assert fingerprint(laid.text) == fingerprint(text)
    assert layout(laid.text).text == laid.text


@pytest.mark.parametrize("text", TEXTS)
def test_folded_is_one_line(text: str) -> None:
    folded = fold(text)
    assert "\n" not in folded.text
    assert folded.text == "".join(span.text for span in folded.spans)


def test_clauses_stand_in_a_column() -> None:
    assert layout(TEXTS[0]).text.splitlines() == [
        "SELECT id, order_date", "FROM   orders", "WHERE  user_id = $1", "  AND status = $2", "ORDER BY"
            " order_date DESC",
        "LIMIT  $3",
    ]  # fmt: skip


def test_tones_tell_words_values_and_parameters_apart() -> None:
    laid = layout("select name, 'a', 1, t.user, \"select\" from t where x = $1 -- c")
    tones = {span.text.strip(): span.tone for span in laid.spans}
    assert {"SELECT", "FROM", "WHERE"} <= {text for text, tone in tones.items() if tone == "keyword"}
    assert (tones["'a'"], tones["1"], tones["$1"], tones["-- c"]) == ("string", "number", "parameter", "comment")
    assert all("user" not in text.lower() for text, tone in tones.items() if tone == "keyword")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXTS[0], "SELECT … FROM orders WHERE user_id = $1 AND status = $2 ORDER BY order_date DESC LIMIT $3"),
        ("select a, b, (select count(*) from o where o.k = u.id) from users u",
         "SELECT … (SELECT count(*) FROM o WHERE o.k = u.id) FROM users u"),
        ("insert into events (a, b, c) values ($1, $2, $3)", "INSERT INTO events (…) VALUES ($1, $2, $3)"),
        ("select count(*) from t where a in ($1,$2,$3,$4,$5)", "SELECT count(*) FROM t WHERE a IN ($1, …)"),
    ],
)  # fmt: skip
def test_what_is_long_is_folded(text: str, expected: str) -> None:
    assert fold(text).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT * FROM orders WHERE user_id = $1 AND status = $2", "orders by user_id and status"),
        ("SELECT id, (SELECT count(*) FROM orders o WHERE o.user_id = u.id) FROM users u", "users with count of"
            " orders"),
        ("INSERT INTO events (user_id) VALUES ($1)", "insert into events"),
        ("UPDATE orders SET status = $1 WHERE id = $2", "update orders by id"),
        ("DELETE FROM orders WHERE id = $1", "delete from orders by id"),
        ("SELECT status, count(*) FROM orders GROUP BY status", "orders per status"),
        ("SELECT count(*) FROM orders", "count of orders"),
        ("SELECT * FROM users u JOIN orders o ON o.user_id = u.id", "users with orders"),
        ("SELECT * FROM v_orders", "v_orders"), ("BEGIN", "begin"), ("SELECT 'open", "SELECT 'open"),
    ],
)  # fmt: skip
def test_a_title_says_what_it_does(text: str, expected: str) -> None:
    assert title(facts(text, SHOP), text) == expected


@settings(max_examples=60)
@given(st.text(max_size=80))
def test_no_text_whatever_makes_it_fail(text: str) -> None:
    assert layout(text).text == "".join(span.text for span in layout(text).spans)
    fold(text)
    title(facts(text, SHOP), text)
