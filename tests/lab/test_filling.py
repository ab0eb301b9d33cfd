"""The shop's rows are the same for the same seed, skewed and correlated as real data is, and all there or none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from assay_lab.filling import DATABASE, fill, is_filled
from assay_lab.server import Server
from assay_lab.shop import Shop

TABLES = ("products", "users", "orders", "order_items", "events")


def one(connection: psycopg.Connection, query: str) -> tuple[object, ...]:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row


def number(connection: psycopg.Connection, query: str) -> float:
    return float(str(one(connection, query)[0]))


def fingerprints(dsn: str) -> dict[str, object]:
    """A hash of all rows of each table, in their order."""
    with psycopg.connect(dsn) as connection:
        return {
            table: connection.execute(
                sql.SQL("SELECT count(*), md5(string_agg(t::text, '|' ORDER BY id)) FROM {} t").format(
                    sql.Identifier(table)
                )
            ).fetchone()
            for table in TABLES
        }


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    with Server(tmp_path_factory.mktemp("filling"), settings={"shared_buffers": "64MB"}) as it:
        yield it


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(server: Server) -> None:
    fill(server, scale=0.005)
    first = fingerprints(server.dsn(DATABASE))
    fill(server, scale=0.005)
    assert fingerprints(server.dsn(DATABASE)) == first
    fill(server, scale=0.005, seed=7)
    other = fingerprints(server.dsn(DATABASE))
    assert [table for table in TABLES if other[table] == first[table]] == []


def test_a_shop_of_another_scale_or_seed_is_not_taken_for_the_one_asked_for(server: Server) -> None:
    fill(server, scale=0.002)
    assert is_filled(server, scale=0.002)
    assert not is_filled(server, scale=0.003)
    assert not is_filled(server, scale=0.002, seed=1)


def test_a_fill_that_is_killed_midway_is_not_taken_for_a_shop_and_is_done_again(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    filling = (
        "import os, pathlib, signal, sys\n"
        "from assay_lab.shop import Shop\n"
        "def die(step, share):\n"
        "    if step == 'Filling orders': os.kill(os.getpid(), signal.SIGKILL)\n"
        "Shop(pathlib.Path(sys.argv[1]), scale=0.005).start(die)\n"
    )
    assert subprocess.run([sys.executable, "-c", filling, str(folder)], check=False).returncode == -9
    with Server(folder) as server:
        assert not is_filled(server, scale=0.005)
        with psycopg.connect(server.dsn()) as admin:
            names = [row[0] for row in admin.execute("SELECT datname FROM pg_database")]
        assert DATABASE not in names
    shop = Shop(folder, scale=0.005, rounds=1)
    try:
        with psycopg.connect(shop.start(lambda _step, _share: None)) as connection:
            assert number(connection, "SELECT count(*) FROM orders WHERE order_date < '2026-01-01'") >= 4_900
            left = connection.execute("SELECT 1 FROM pg_database WHERE datname = 'shop_filling'").fetchone()
            assert left is None
    finally:
        shop.stop()


def test_a_filled_shop_is_kept_when_it_starts_again(tmp_path: Path) -> None:
    steps: list[str] = []
    for _ in range(2):
        steps.clear()
        shop = Shop(tmp_path / "pg", scale=0.005)
        try:
            shop.start(lambda step, _share: steps.append(step))
        finally:
            shop.stop()
    assert set(steps) == {"Starting PostgreSQL", "The shop is open"}


def test_a_few_customers_buy_most_and_one_in_ten_never_bought(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        top = number(
            connection,
            """SELECT sum(n) FILTER (WHERE place <= 0.1 * (SELECT count(*) FROM users)) / sum(n)
            FROM (SELECT count(*) AS n, row_number() OVER (ORDER BY count(*) DESC) AS place
                FROM orders GROUP BY user_id) x""",
        )
        never = number(
            connection,
            "SELECT avg((NOT EXISTS (SELECT FROM orders o WHERE o.user_id = u.id))::int) FROM users u",
        )
    assert top > 0.35
    assert 0.08 < never < 0.2


def test_old_orders_are_completed_and_the_latest_are_not(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        share = "SELECT avg((status = 'completed')::int) FROM orders WHERE order_date"
        assert number(connection, f"{share} < '2025-12-01'") > 0.85
        assert number(connection, f"{share} BETWEEN '2025-12-30 06:00' AND '2026-01-01'") == 0


def test_totals_are_the_sum_of_what_is_in_an_order(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        wrong = """SELECT count(*) FROM (SELECT order_id, sum(quantity * price) AS total FROM order_items
            WHERE created_at < '2025-12-01' GROUP BY order_id) i JOIN orders o ON o.id = i.order_id
            WHERE o.total_amount <> i.total"""
        assert number(connection, wrong) <= 10, "the workload deletes and adds a few items"


def test_names_are_of_many_scripts_and_some_values_are_missing(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        assert number(connection, "SELECT count(*) FROM users WHERE first_name ~ '[^[:ascii:]]'") > 100
        assert 0.2 < number(connection, "SELECT avg((phone IS NULL)::int) FROM users") < 0.5
        assert number(connection, "SELECT sum((shipping_address IS NULL)::int) FROM orders") > 100
        assert number(connection, "SELECT count(DISTINCT event_data->>'device') FROM events") == 6
        assert number(connection, "SELECT abs(correlation) FROM pg_stats WHERE attname = 'order_date'") > 0.99


def test_there_are_two_and_a_half_items_in_an_order(shop: Shop) -> None:
    with psycopg.connect(shop.dsn) as connection:
        assert 2.4 < number(connection, "SELECT (SELECT count(*) FROM order_items) / count(*)::float FROM orders") < 2.6
