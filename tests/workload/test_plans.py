"""Plans read and compared: every node marked, a plan equal to itself, and what changed said in words."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.ports.databases import Session
from assay.sources.model import Schema
from assay.workload.compare import compare
from assay.workload.plan import estimate_error, kept_rows, read_plan, sequential_scans, spills, uses_index, walk
from assay.workload.plan_model import PlanNode
from workload.conftest import run

Small = tuple[Session, Schema, str]

tables = st.sampled_from(["orders", "users", "events"])
scans = st.builds(
    lambda kind, table, cost: {
        "Node Type": kind, "Relation Name": table, "Alias": table, "Total Cost": cost, "Plan Rows": 5, "Plan Width": 8,
        **({"Index Name": f"{table}_idx"} if "Index" in kind else {"Filter": "(a = 1)"}),
    },
    st.sampled_from(["Seq Scan", "Index Scan", "Index Only Scan"]), tables, st.floats(0, 1e5),
)  # fmt: skip


def above(children: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def node(kind: str, below: list[dict[str, Any]]) -> dict[str, Any]:
        one = kind in ("Sort", "Limit", "Aggregate", "Hash")
        return {"Node Type": kind, "Total Cost": 1e6, "Plan Rows": 9, "Plan Width": 8, "Join Type": "Inner",
                "Plans": below[:1] if one else below}  # fmt: skip

    kinds = st.sampled_from(["Sort", "Limit", "Aggregate", "Hash", "Hash Join", "Nested Loop", "Append"])
    return st.builds(node, kinds, st.lists(children, min_size=1, max_size=3))


trees = st.recursive(scans, above, max_leaves=8)


@given(trees)
def test_a_plan_compared_with_itself_is_the_same(tree: dict[str, Any]) -> None:
    plan = read_plan(tree, "custom")
    found = compare(plan, plan)
    assert {node.mark for side in (found.before, found.after) for node in walk(side)} == {"same"}
    assert found.changes == ("The plan is the same.",)


@settings(max_examples=150)
@given(trees, trees)
def test_every_node_of_two_plans_is_marked(one: dict[str, Any], two: dict[str, Any]) -> None:
    before, after = read_plan(one, "custom"), read_plan(two, "custom")
    found = compare(before, after)
    left = [node.mark for node in walk(found.before)]
    right = [node.mark for node in walk(found.after)]
    assert set(left) <= {"same", "changed", "removed"}
    assert set(right) <= {"same", "changed", "new"}
    assert left.count("same") == right.count("same")
    assert left.count("changed") == right.count("changed")
    assert found.changes
    assert [n.path for n in walk(found.before)] == [n.path for n in walk(before)]


def test_an_index_moves_the_filter_and_ends_the_sort(small: Small) -> None:
    session, _, _ = small
    sql = "SELECT * FROM orders WHERE status = $1 ORDER BY order_date DESC LIMIT 10"
    before = read_plan(session.plan(sql, ("paid",)), "custom", ("paid",))
    imagined = session.imagine("CREATE INDEX ON orders (status, order_date DESC)")
    after = read_plan(session.plan(sql, ("paid",)), "custom", ("paid",))
    session.forget()
    assert uses_index(after, imagined.name)
    assert not uses_index(before, imagined.name)
    found = compare(before, after, {"orders": 3_000.0}, {imagined.name: "orders (status, order_date DESC)"})
    assert any(line.startswith("Filter moved into the index.") and "instead of 3,000" in line for line in found.changes)
    assert "Sort gone. The index already returns order_date descending." in found.changes
    assert "hypothetical" in found.not_known[0]
    assert {n.index for n in walk(found.after) if n.index} == {"orders (status, order_date DESC)"}
    assert found.before.values == ("paid",)


def test_details_read_as_explain_writes_them(small: Small) -> None:
    session, _, _ = small
    plan = read_plan(
        session.plan("SELECT u.email, count(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id AND o.status"
                     " = 'paid'"
                     " WHERE u.id > (SELECT min(id) FROM events) GROUP BY u.email ORDER BY 2 DESC"), "generic",
    )  # fmt: skip
    lines = [line for node in walk(plan) for line in node.detail]
    assert any(line.startswith("Sort Key: (count(*)) DESC") for line in lines)
    assert any(line.startswith("Group Key: u.email") for line in lines)
    assert any("InitPlan" in line for line in lines)
    assert any(node.operation in ("Hash Right Join", "Hash Left Join", "Merge Left Join") for node in walk(plan))
    assert [node.path for node in walk(plan)][:2] == ["0", "0.0"]
    assert all(node.self_cost >= 0 for node in walk(plan))


def test_a_measured_plan_tells_rows_blocks_and_the_estimate_s_error(small: Small) -> None:
    session, _, dsn = small
    run(dsn, "CREATE TABLE twins AS SELECT i % 10 AS a, i % 10 AS b FROM generate_series(1, 10000) i", "ANALYZE twins")
    plan = read_plan(session.measure("SELECT * FROM twins WHERE a = 3 AND b = 3"), "measured")
    (scan,) = sequential_scans(plan)
    assert scan.actual_rows == 1_000
    assert 5 < (estimate_error(scan) or 0) < 20
    assert (plan.root.blocks_hit or 0) + (plan.root.blocks_read or 0) > 0
    assert plan.execution_ms is not None
    spilled = session.measure("SELECT * FROM generate_series(1, 300000) g ORDER BY g DESC")
    assert [node.operation for node in spills(read_plan(spilled, "measured"))] == ["Sort"]
    assert spills(plan) == ()
    assert estimate_error(read_plan(session.plan("SELECT 1"), "custom").root) is None


def test_rows_of_a_parallel_scan_are_those_of_all_workers() -> None:
    scan = {"Node Type": "Seq Scan", "Parallel Aware": True, "Relation Name": "t", "Total Cost": 1, "Plan Rows": 100}
    plan = read_plan(
        {"Node Type": "Gather", "Workers Planned": 2, "Total Cost": 2, "Plan Rows": 240, "Plans": [scan]}, "custom"
    )
    (node,) = sequential_scans(plan)
    assert node.operation == "Parallel Seq Scan"
    assert kept_rows(plan, node) == 240
    assert kept_rows(plan, PlanNode(path="9", operation="Seq Scan", rows=7, width=1, cost=1, self_cost=1)) == 7
