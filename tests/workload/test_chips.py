"""Chips say only what the plan and the server's counts really tell."""

from __future__ import annotations

from assay.ports.databases import Session
from assay.sources.model import Schema
from assay.workload.chips import chips
from assay.workload.model import Chip
from assay.workload.plan import read_plan
from assay.workload.plan_model import Load
from workload.conftest import run

Small = tuple[Session, Schema, str]


def words(found: tuple[Chip, ...]) -> list[str]:
    return [" ".join(part for part in (chip.label, chip.value, chip.after) if part) for chip in found]


def load(**more: int) -> Load:
    return Load(calls=10, total_ms=100, mean_ms=10, rows=25, share=0.5, shared_blocks_hit=900, shared_blocks_read=100,
                temp_blocks_written=more.get("temp", 0))  # fmt: skip


def test_a_plan_tells_what_it_reads_and_keeps(small: Small) -> None:
    session, _, _ = small
    plan = read_plan(session.plan("SELECT * FROM orders WHERE user_id = 3"), "custom")
    found = chips(plan, load(), (), {"orders": 3_000.0})
    assert words(found) == [
        "reads all of orders, keeps 8 of 3,000 rows", "returns 2.5 rows a call", "buffers 100 a call, 90% cached",
    ]  # fmt: skip
    assert found[0].tone == "warning"


def test_a_measured_plan_tells_buffers_and_how_far_estimates_are_off(small: Small) -> None:
    session, _, dsn = small
    run(dsn, "CREATE TABLE twins AS SELECT i % 20 AS a, i % 20 AS b FROM generate_series(1, 9000) i", "ANALYZE twins")
    plan = read_plan(session.measure("SELECT * FROM twins WHERE a = 3 AND b = 3"), "measured")
    labels = {chip.label: chip for chip in chips(plan)}
    assert labels["estimate off"].tone == "warning"
    assert "buffers" in labels


def test_temporary_files_are_told_by_the_call() -> None:
    assert "writes 8.2 MB of temporary files a call" in words(chips(None, load(temp=10_000)))


def test_nothing_known_is_nothing_said() -> None:
    assert chips(None) == ()
