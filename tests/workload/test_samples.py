"""Values for parameters: realistic, of the right type, in order, and the same each time."""

from __future__ import annotations

import pytest

from assay.ports.databases import Session
from assay.sources.model import Schema
from assay.workload.samples import Values, guessed_constants, sample_values, varied
from assay.workload.seen import seen_values
from assay.workload.statement import facts

Small = tuple[Session, Schema, str]


def samples(small: Small, text: str, count: int = 3, **more: object) -> tuple[Values, ...]:
    session, schema, _ = small
    found = sample_values(
        facts(text, schema),
        schema,
        count,
        text=text,
        types=session.parameter_types(text),
        **more,  # pyright: ignore[reportArgumentType]
    )
    for sample in found:
        session.plan(text, sample.values)
    return found


def test_values_come_from_the_statistics_and_say_so(small: Small) -> None:
    found = samples(small, "SELECT * FROM orders WHERE status = $1 AND user_id = $2")
    assert [s.origin for s in found] == ["most common value", "histogram", "rare value"]
    assert {s.values[0] for s in found} <= {"paid", "sent", "lost"}
    assert all(0 <= int(s.values[1] or "") < 400 for s in found)


def test_they_are_the_same_each_time(small: Small) -> None:
    text = "SELECT * FROM orders WHERE status = $1 AND total_amount > $2"
    assert samples(small, text) == samples(small, text)


def test_both_ends_of_a_range_are_in_order(small: Small) -> None:
    for sample in samples(small, "SELECT * FROM orders WHERE order_date BETWEEN $2 AND $1 AND total_amount < $3", 6):
        high, low, _ = sample.values
        assert (low or "") <= (high or "")


def test_times_are_asked_for_since_a_week_and_a_day_ago(small: Small) -> None:
    found = samples(small, "SELECT * FROM orders WHERE order_date >= $1")
    month, week, day = (sample.values[0] or "" for sample in found)
    assert "2024-11-30" <= month < week
    assert (week, day) == ("2024-12-23", "2024-12-29")


def test_limits_are_small_numbers(small: Small) -> None:
    assert samples(small, "SELECT * FROM orders LIMIT $1 OFFSET $2")[0].values == ("10", "0")


def test_patterns_are_made_of_real_values(small: Small) -> None:
    for sample in samples(small, "SELECT * FROM order_items WHERE product_name LIKE $1"):
        assert (sample.values[0] or "").strip("%") in "Blue Wireless Mouse 0 1 2 3 4 5 6 7 8 9"


def test_documents_and_their_keys_are_real(small: Small) -> None:
    session, schema, _ = small
    (contained, *_) = samples(small, "SELECT 1 FROM events WHERE event_data @> $1")
    assert contained.values[0] in ('{"device": "phone"}', '{"device": "desk"}')
    text = "SELECT 1 FROM events WHERE event_data->>$1 = $2"
    guessed = guessed_constants(text, schema, facts(text, schema))
    assert guessed == {1: "'device'"}
    found = sample_values(
        facts(text, schema, guessed), schema, text=text, types=session.parameter_types(text), constants=guessed
    )
    assert found[0].values[0] == "device"
    assert found[0].values[1] in ("phone", "desk")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT * FROM orders WHERE user_id = ANY($1)", "SELECT * FROM users WHERE created_at > now() - $1::interval",
        "SELECT * FROM users WHERE lower(email) = $1 AND active = $2", "SELECT $1::uuid, $2::inet, $3::jsonb,"
            " $4::date[]",
        "INSERT INTO orders (id, user_id, status, order_date, total_amount) VALUES ($1, $2, $3, $4, $5)",
        "UPDATE orders SET status = $1, total_amount = total_amount + $2 WHERE id = $3",
        "SELECT * FROM orders WHERE (user_id, status) = ($1, $2)", "SELECT * FROM users WHERE id::text = $1",
        "SELECT * FROM events WHERE tags @> $1 OR event_data ? $2", "SELECT * FROM orders WHERE"
            " order_date::text LIKE $1",
        "SELECT * FROM users WHERE created_at::date = $1", "SELECT $1::int4range, $2::bytea, $3::point, $4::\"char\"",
    ],
)  # fmt: skip
def test_every_value_fits_its_type(small: Small, text: str) -> None:
    for sample in samples(small, text):
        assert None not in sample.values


def test_values_of_a_list_differ(small: Small) -> None:
    (common, *_) = samples(small, "SELECT * FROM orders WHERE status IN ($1, $2, $3)")
    assert set(common.values) == {"paid", "sent", "lost"}


def test_values_of_one_row_belong_together(small: Small) -> None:
    rows = {"public.orders": [{"status": "paid", "user_id": "3"}, {"status": "lost", "user_id": "5"}]}
    found = samples(small, "SELECT * FROM orders WHERE status = $1 AND user_id = $2", together=rows)
    assert {s.values for s in found} <= {("paid", "3"), ("lost", "5")}


def test_without_parameters_there_is_one_empty_set(small: Small) -> None:
    assert samples(small, "SELECT 1") == (Values((), "no parameters"),)


def test_values_that_were_seen_running_come_first(small: Small) -> None:
    text = "SELECT * FROM orders WHERE status = $1 AND total_amount > $2 AND id IN ($3, $4)"
    seen = seen_values(text, [
        "select * from orders where status = 'it''s' and total_amount > -2.5 and id in (1, NULL) -- hm",
        "SELECT * FROM orders WHERE status = $1 AND total_amount > 3 AND id IN (1, 2)", "SELECT 1",
    ])  # fmt: skip
    assert seen == (("it's", "-2.5", "1", None),)
    assert samples(small, text, seen=seen)[0].origin == "seen running"


def test_sets_that_differ_in_their_limit_only_come_last() -> None:
    sets = [("1", "10"), ("1", "20"), ("2", "10"), ("1", "10")]
    assert varied(sets, "SELECT a FROM t WHERE b = $1 LIMIT $2") == (("1", "10"), ("2", "10"), ("1", "20"))
    assert varied(sets, "SELECT a FROM t WHERE b = $1 AND c = $2") == (("1", "10"), ("1", "20"), ("2", "10"))
