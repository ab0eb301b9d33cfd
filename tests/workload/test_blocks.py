"""The estimate of blocks that a plan touches is near what the server counts, for each way to read a table."""

from __future__ import annotations

import json

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.adapters.databases.postgres import PostgresDatabases
from assay.ports.secret import Secret
from assay.workload.blocks import Relation, estimated_blocks
from assay.workload.prepare import relations_of


@pytest.fixture(scope="module")
def dsn(postgres) -> str:
    name = postgres.create_database()
    with psycopg.connect(name, autocommit=True) as connection:
        connection.execute("""CREATE TABLE big (id int PRIMARY KEY, mixed int, kind int, filler text);
            INSERT INTO big SELECT i, (i * 7919) % 40000, i % 10, repeat('x', 60) FROM generate_series(1, 40000) i;
            CREATE INDEX ON big (mixed); CREATE INDEX ON big (kind);
            CREATE TABLE small (id int PRIMARY KEY, big int);
            INSERT INTO small SELECT i, i * 13 FROM generate_series(1, 500) i""")
        connection.execute("VACUUM ANALYZE")
    return name


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(filler) FROM big",
        "SELECT filler FROM big WHERE id = 77",
        "SELECT filler FROM big WHERE id BETWEEN 1000 AND 3000",
        "SELECT filler FROM big WHERE mixed < 60",
        "SELECT filler FROM big WHERE mixed < 4000",
        "SELECT filler FROM big WHERE kind = 3 AND mixed < 8000",
        "SELECT id FROM big WHERE id < 5000",
        "SELECT b.filler FROM small s JOIN big b ON b.id = s.big",
        "SELECT b.filler FROM small s JOIN big b ON b.mixed = s.big",
        "SELECT filler FROM big ORDER BY id LIMIT 20",
        "SELECT id, (SELECT count(*) FROM big b WHERE b.mixed = s.big) FROM small s",
        "SELECT count(*) FROM big a JOIN big b USING (mixed)",
    ],
)
def test_an_estimate_is_within_three_times_of_what_is_counted(dsn: str, sql: str) -> None:
    with PostgresDatabases(keep=0).session(Secret(dsn)) as session:
        estimate = estimated_blocks(session.plan(sql), relations_of(session))
        measured = session.measure(sql)
    counted = measured["Shared Hit Blocks"] + measured["Shared Read Blocks"]
    assert counted / 3 - 3 <= estimate <= counted * 3 + 3, json.dumps(dict(measured), indent=1)[:2000]


nodes = st.recursive(
    st.fixed_dictionaries(
        {
            "Node Type": st.sampled_from(["Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan", "?"]),
            "Relation Name": st.sampled_from(["t", "unknown"]),
            "Plan Rows": st.floats(0, 1e9),
            "Total Cost": st.floats(0, 1e12),
        }
    ),
    lambda children: st.fixed_dictionaries(
        {
            "Node Type": st.sampled_from(["Nested Loop", "Hash Join", "Limit", "Sort", "Bitmap Heap Scan", "Gather"]),
            "Plan Rows": st.floats(0, 1e9),
            "Total Cost": st.floats(0, 1e12),
            "Workers Planned": st.integers(0, 4),
            "Plans": st.lists(children, min_size=1, max_size=3),
        }
    ),
    max_leaves=8,
)


@given(nodes, st.floats(0, 1e7), st.floats(0, 1e10), st.floats(0, 1))
def test_any_plan_has_an_estimate_that_is_not_negative(
    plan: dict[str, object], pages: float, rows: float, visible: float
) -> None:
    assert estimated_blocks(plan, {"t": Relation(pages, rows, visible)}) >= 0
