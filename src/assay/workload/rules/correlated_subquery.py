"""A scalar sub-select that runs once for every row outside, and the same statement written as a join."""

from __future__ import annotations

import time
from statistics import median

from assay.kernel.assayed import Verdict
from assay.ports.errors import Refused, TimedOut
from assay.ports.ledger import Tried
from assay.workload.facts import Correlated
from assay.workload.plan import read_plan, walk
from assay.workload.rules.decorrelate import Kept, decorrelate
from assay.workload.rules.draft import Draft, Fix, StatementUnderScan, bare, confidence
from assay.workload.rules.thresholds import CORRELATED_MEAN_MS, LEAST_SAVING
from assay.workload.rules.trial import trial

_UNRUN = "Whether both return the same rows on this data: the rewriting keeps the meaning by its form, it was not run."


def correlated_subquery(statement: StatementUnderScan) -> tuple[Draft, ...]:
    """Find a sub-plan that the planner runs per row; confidence as in `draft.confidence`, at least 0.7 of form alone.

    Its fix is the cheaper of two: the statement written with a join, costed by the planner, or an index on the key,
    which the rules about indexes report with their own proof.
    """
    found = [c for c in statement.facts.correlated if c.place != "exists"]
    if not found or statement.ran.mean_ms < CORRELATED_MEAN_MS or not _runs_per_row(statement):
        return ()
    asis = f"EXPLAIN {statement.planned};"
    one = max(found, key=lambda c: statement.rows(c.table))
    before = median(statement.costs)
    rewrite, reason, proof, after_costs = _rewritten(statement)
    helped = _by_index(statement, one)
    saving = 1 - median(after_costs) / before if after_costs and before else 0.0
    rationale = _rationale(statement, one)
    fix: Fix | None = None
    if rewrite and saving >= LEAST_SAVING:
        fix = _fix(statement, one, rewrite, before, median(after_costs))
        rationale += f" Written as a join its cost falls from {before:,.0f} to {median(after_costs):,.0f}."
        rationale += f" An index alone saves {helped:.0%}, without changing the text." if helped > saving else ""
    elif rewrite and after_costs:
        rationale += f" Written as a join it would cost {median(after_costs):,.0f} instead of {before:,.0f}" + (
            f"; an index saves {helped:.0%}." if helped > saving else ", which is no gain."
        )
    else:
        rationale += f" It is left as it is written: {reason[:1].lower()}{reason[1:]}"
    savings = [1 - a / b for a, b in zip(after_costs, statement.costs, strict=False) if b]
    best = max(saving, helped)
    return (
        Draft(
            kind="correlated_subquery", title="Sub-select per row", severity=statement.severity(best),
            fingerprint=statement.fingerprint, table=one.table, rationale=rationale, proof=proof,
            confidence=max(0.7, confidence(savings, statement.ran.calls, statement.rows(one.table))),
            verdict=Verdict.ASSAYED,
            facts={"before": list(statement.costs), "after": list(after_costs), "rewrite": rewrite or None,
                   "statement": statement.planned, "values": [list(s.values) for s in statement.samples]},
            reproduce=f"{asis}\nEXPLAIN {rewrite};" if rewrite else asis,
            fix=fix,
        ),
    )  # fmt: skip


def _runs_per_row(statement: StatementUnderScan) -> bool:
    """Say whether the plan has a sub-plan; the planner unnests some, and runs those without outer columns once."""
    return any(line.startswith("SubPlan") for node in walk(statement.plan) for line in node.detail)


def _rationale(statement: StatementUnderScan, one: Correlated) -> str:
    what = one.aggregate or "a value"
    runs = max((n.rows for n in walk(statement.plan) if any(c for c in n.children if _is_subplan(c.detail))), default=0)
    each = f"once for every row outside, about {runs:,.0f} times a call" if runs > 1 else "once for every row outside"
    return (
        f"The sub-select that computes {what} of {bare(one.table)} by {one.inner.text} runs {each}. "
        f"It ran {statement.ran.calls:,} times, {statement.ran.mean_ms:,.1f} ms each."
    )


def _is_subplan(detail: tuple[str, ...]) -> bool:
    return any(line.startswith("SubPlan") for line in detail)


def _rewritten(statement: StatementUnderScan) -> tuple[str, str, tuple[Tried, ...], tuple[float, ...]]:
    """Rewrite and cost with every sample: the text, why not, what was tried, the costs."""
    proof = [Tried("Planned as it is: it has a sub-plan", True, f"cost {statement.plan.cost:,.1f}")]
    try:
        made = decorrelate(statement.planned, statement.schema)
    except Kept as reason:
        return "", str(reason), (*proof, Tried("Written as a join", True, str(reason))), ()
    if statement.session is None:
        return made.text, "", tuple(proof), ()
    began = time.perf_counter()
    try:
        plans = [statement.session.plan(made.text, sample.values) for sample in statement.samples]
    except (Refused, TimedOut) as error:
        return "", f"the server refuses the rewritten text: {error.message}", tuple(proof), ()
    costs = tuple(float(plan["Total Cost"]) for plan in plans)
    statement.memory["rewrite_plan"] = read_plan(plans[0], "custom", statement.samples[0].values)
    took = (time.perf_counter() - began) * 1_000
    proof.append(Tried("Planned as a join", True, f"cost {median(costs):,.1f}", took))
    return made.text, "", tuple(proof), costs


def _by_index(statement: StatementUnderScan, one: Correlated) -> float:
    """Share of the cost that an index on the sub-select's key saves, as far as it was tried."""
    for chosen in trial(statement).chosen:
        if chosen.draft.relation == one.table:
            return median(chosen.savings)
    return 0.0


def _fix(statement: StatementUnderScan, one: Correlated, rewrite: str, before: float, after: float) -> Fix:
    table = bare(one.table)
    return Fix(
        type="correlated_subquery", title=f"Join {table} once instead of looking it up per row", table=one.table,
        rationale=f"One pass over {table} gives the same for all rows: cost {before:,.0f} before, {after:,.0f} after.",
        risk="medium",
        risk_reason="The application's text changes. It returns the same rows; compare both once before release.",
        verdict=Verdict.ESTIMATE, missing=(_UNRUN,), rewrite=rewrite, before_cost=before, after_cost=after,
    )  # fmt: skip
