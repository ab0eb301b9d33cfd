"""Every problem that was planted in the shop is found, each with its proof, and nothing is invented."""

from __future__ import annotations

import pytest

from assay.kernel.assayed import Verdict
from assay.ports.databases import Session
from assay.ports.secret import Secret
from assay.sources.introspect import read_schema
from assay.sources.model import Schema
from assay.workload.facts import StatementFacts
from assay.workload.judging import Judge, Judged
from assay.workload.plan import read_plan
from assay.workload.rules.draft import Draft, Ran, StatementUnderScan
from assay.workload.rules.sort_spill import sort_spill
from assay.workload.samples import Values
from assay.workload.scan import ScanResult, ScanWork, scan_session
from assay.workload.statement import fingerprint
from assay_lab.planted import PLANTED, Planted
from assay_lab.statements import SEEDS, SUFFERING
from workload.conftest import Visit, run

Small = tuple[Session, Schema, str]
BY_SCHEMA = ("redundant_index", "unused_index")
"""Found by looking at the schema, not at statements."""
STATEMENTS = {fingerprint(s.text): s.name for s in (*SEEDS, *SUFFERING)}
AT_FULL_SIZE = ("sort_spill",)
"""Needs more rows than the shop of the tests has."""
OFTEN = Ran(calls=100, total_ms=5_000, rows=300, blocks=0, temp_written=0, share=0.3)


def drafts(result: ScanResult) -> list[tuple[str, Draft]]:
    return [(STATEMENTS.get(s.fingerprint, ""), d) for s in result.statements if s.judged for d in s.judged.drafts]


@pytest.mark.parametrize(
    "planted", [p for p in PLANTED if p.kind not in (*BY_SCHEMA, *AT_FULL_SIZE)], ids=lambda p: f"{p.kind} {p.columns}"
)
def test_a_planted_problem_is_found(planted: Planted, shop_scan: ScanResult) -> None:
    found = [d for name, d in drafts(shop_scan) if name in planted.queries and d.table == f"public.{planted.table}"]
    about = [d for d in found if d.kind == planted.kind or (planted.kind.endswith("index") and d.fix and d.fix.index)]
    assert about, f"{planted.what} {[d.kind for d in found]}"
    if planted.imaginable and planted.kind != "correlated_subquery":
        firsts = {d.fix.index.keys[0].text for d in about if d.fix and d.fix.index}
        assert planted.columns[0] in firsts, firsts
    for draft in about:
        assert draft.rationale
        assert draft.proof
        assert 0 < draft.confidence < 1
        assert draft.fix is not None or "index" in draft.rationale


def test_what_is_assayed_was_costed_is_used_and_pays(shop_scan: ScanResult) -> None:
    proved = [d for _, d in drafts(shop_scan) if d.verdict is Verdict.ASSAYED and d.fix and d.fix.index]
    assert len(proved) >= 8
    for draft in proved:
        assert draft.after is not None
        assert draft.fix is not None
        assert (draft.fix.after_cost or 0) <= 0.9 * (draft.fix.before_cost or 0)
        assert "CONCURRENTLY" in (draft.fix.ddl or "")


def test_what_the_planner_cannot_imagine_says_so(shop_scan: ScanResult) -> None:
    unimagined = [d for _, d in drafts(shop_scan) if d.fix and d.fix.type == "unimaginable_index"]
    assert {d.kind for d in unimagined} == {"leading_wildcard", "json_containment"}
    assert all(d.verdict is Verdict.ESTIMATE and any("hypopg" in m for m in d.missing) for d in unimagined)


def test_a_literal_that_had_to_be_guessed_is_no_proof(shop_scan: ScanResult) -> None:
    (device,) = [d for name, d in drafts(shop_scan) if name == "events-of-device" and d.kind == "unindexed_expression"]
    assert device.verdict is Verdict.ESTIMATE
    assert any("'device'" in sentence for sentence in device.missing)


def test_healthy_statements_are_left_alone(shop_scan: ScanResult) -> None:
    healthy = [s for s in shop_scan.statements if s.judged and s.fingerprint not in STATEMENTS and s.ran.mean_ms < 0.1]
    assert len(healthy) > 10
    assert [d.kind for s in healthy if s.judged for d in s.judged.drafts] == []


def judge(small: Small, text: str, ran: Ran = OFTEN) -> Judged:
    session, schema, _ = small
    return Judge(session, schema).judge(fingerprint(text), text, ran)[1]


def kinds(judged: Judged) -> set[str]:
    assert judged.error is None
    return {draft.kind for draft in judged.drafts}


def test_columns_that_are_anded_aliased_and_quoted_are_seen(small: Small) -> None:
    _, _, dsn = small
    run(dsn, 'INSERT INTO "My Schema"."Odd Table" SELECT i, \'x\' || i, i FROM generate_series(1, 5000) i', "ANALYZE")
    session, _, _ = small
    fresh = (session, read_schema(session, "small"), dsn)
    odd = judge(fresh, 'SELECT * FROM "My Schema"."Odd Table" o WHERE o."select" = $1 AND o."Id" > $2')
    (finding,) = odd.drafts
    assert finding.fix is not None
    assert 'ON "My Schema"."Odd Table" ("select"' in (finding.fix.ddl or "")


def test_small_tables_have_no_missing_indexes(small: Small) -> None:
    assert kinds(judge(small, "SELECT * FROM users WHERE email = $1")) == set()


def test_a_fast_statement_has_none_either(small: Small) -> None:
    fast = Ran(calls=1_000, total_ms=20, rows=1_000, blocks=0, temp_written=0, share=0.1)
    assert kinds(judge(small, "SELECT * FROM orders WHERE user_id = $1", fast)) == set()
    assert kinds(judge(small, "SELECT * FROM orders WHERE user_id = $1")) == {"missing_index"}


def test_counted_blocks_that_contradict_the_plan_stop_a_finding(small: Small) -> None:
    touched = Ran(calls=100, total_ms=5_000, rows=100, blocks=200, temp_written=0, share=0.1)
    assert kinds(judge(small, "SELECT * FROM orders WHERE user_id = $1", touched)) == set()


def test_an_index_that_exists_is_not_missing(small: Small) -> None:
    session, _, dsn = small
    run(dsn, "CREATE INDEX ON orders (user_id)", "CREATE INDEX ON users (lower(email))")
    schema = read_schema(session, "small")
    assert kinds(judge((session, schema, dsn), "SELECT * FROM orders WHERE user_id = $1")) == set()


def test_existing_gin_indexes_are_seen(small: Small) -> None:
    session, _, dsn = small
    text = "SELECT 1 FROM events WHERE event_data @> $1"
    assert kinds(judge(small, text)) == {"json_containment"}
    run(dsn, "CREATE INDEX ON events USING gin (event_data)")
    assert kinds(judge((session, read_schema(session, "small"), dsn), text)) <= {"json_containment"}
    after = judge((session, read_schema(session, "small"), dsn), text)
    assert not any(d.fix and d.fix.type == "unimaginable_index" for d in after.drafts)


def test_rows_that_are_counted_far_from_the_estimate_are_a_finding(small: Small) -> None:
    session, _, dsn = small
    run(
        dsn,
        "CREATE TABLE twins AS SELECT i % 40 AS a, i % 40 AS b, i AS c FROM generate_series(1, 20000) i",
        "ANALYZE twins",
    )
    counted = Ran(calls=100, total_ms=500, rows=50_000, blocks=0, temp_written=0, share=0.1)
    schema = read_schema(session, "small")
    judged = judge((session, schema, dsn), "SELECT c FROM twins WHERE a = $1 AND b = $2", counted)
    skew = next(d for d in judged.drafts if d.kind == "cardinality_skew")
    assert skew.verdict is Verdict.ESTIMATE
    assert "CREATE STATISTICS public.twins_a_b_stats (dependencies, mcv) ON a, b FROM public.twins" in (
        skew.fix.ddl or "" if skew.fix else ""
    )
    assert 10 < skew.facts["factor"] < 100
    run(dsn, *(skew.fix.ddl or "").split(";")[:2] if skew.fix else ())
    right = judge((session, schema, dsn), "SELECT c FROM twins WHERE a = $1 AND c = $2", OFTEN)
    assert "cardinality_skew" not in kinds(right)


def test_without_hypopg_a_missing_index_is_an_estimate(postgres: object, visit: Visit, database: str) -> None:
    run(database, "DROP EXTENSION hypopg", "CREATE TABLE t AS SELECT i AS a, i AS b FROM generate_series(1,"
                                           " 20000) i", "ANALYZE t",
        *["SELECT b FROM t WHERE a = 5"] * 6)  # fmt: skip
    with visit(database) as session:
        result = scan_session(session, ScanWork("s", Secret(database)), lambda _: None)
    assert any("hypopg" in sentence for sentence in result.partial)
    (finding,) = [d for s in result.statements if s.judged and "FROM t WHERE" in s.text for d in s.judged.drafts]
    assert (finding.kind, finding.verdict) == ("missing_index", Verdict.ESTIMATE)
    assert finding.confidence <= 0.6


def test_temporary_files_are_a_finding_with_the_node_that_writes_them() -> None:
    sort = {"Node Type": "Sort", "Sort Key": ["a"], "Total Cost": 9e4, "Plan Rows": 800_000, "Plan Width": 80,
            "Plans": [{"Node Type": "Seq Scan", "Relation Name": "t", "Total Cost": 1, "Plan Rows": 8e5}]}  # fmt: skip
    under = StatementUnderScan(
        fingerprint="f", text="SELECT * FROM t ORDER BY a", planned="SELECT * FROM t ORDER BY a",
        facts=StatementFacts("select"), schema=Schema(source="s", tables=(), search_path=(), read_at="2026-01-01"),
        plan=read_plan(sort, "custom"), samples=(Values((), ""),), costs=(9e4,), work_mem=4_194_304,
        ran=Ran(calls=10, total_ms=10_000, rows=10, blocks=10, temp_written=100_000, share=0.2),
    )  # fmt: skip
    (found,) = sort_spill(under)
    assert found.kind == "sort_spill"
    assert "81.9 MB" in found.rationale
    assert "work_mem is 4.2 MB" in found.rationale
