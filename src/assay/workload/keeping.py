"""Turns what an advice found into evidence, nouns and the rows that keep them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from assay.kernel.assayed import Verdict
from assay.kernel.values import now
from assay.ports.ledger import Proof
from assay.ports.store import Change
from assay.workload._store import advices, findings, helped, recommendations
from assay.workload.advice_model import AdviceResult, Draft
from assay.workload.model import AdviceStep, Finding, IndexAdvice, ModelsPart, Recommendation, Simulation
from assay.workload.simulate import Simulated

INDEX_TYPES = (
    "missing_index", "composite_index", "covering_index", "join_index", "partial_index", "expression_index",
)  # fmt: skip
"""Types that an advice over the whole workload finds better than a rule that sees one statement."""

RECHECK = "workload.recheck"


def stable_id(prefix: str, *parts: str) -> str:
    """An id that is the same for the same thing."""
    return f"{prefix}_{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:10]}"


def advice_proofs(source: str, result: AdviceResult, models: ModelsPart | None) -> list[Proof]:
    """One proof for the set as a whole, with what models had to do with it, then one for each draft, in order."""
    whole = Proof(
        kind="workload.advice",
        subject=source,
        claim="The chosen indexes together make the workload cheaper, and no statement of it dearer.",
        checks=result.checks,
        facts={**result.facts, **({"models": models.model_dump(mode="json")} if models else {})},
    )
    return [whole, *(_draft_proof(source, draft) for draft in result.drafts)]


def _draft_proof(source: str, draft: Draft) -> Proof:
    asked = {"kind": f"workload.{draft.type}", "source": source, "payload": dict(draft.replay)}
    return Proof(
        kind=f"workload.{draft.type}",
        subject=stable_id("r", source, draft.key),
        claim=draft.claim or draft.title,
        checks=draft.checks,
        facts=draft.facts,
        reproduce=draft.reproduce,
        replay=(RECHECK, asked) if draft.replay else None,
    )


def recommendation_of(source: str, draft: Draft, evidence: str, at: datetime) -> Recommendation:
    """The noun of an advice's draft, with the ledger's reference."""
    shared = {name: getattr(draft, name) for name in Recommendation.model_fields if hasattr(draft, name)}
    return Recommendation.model_validate({
        **shared, "id": stable_id("r", source, draft.key), "source": source, "verdict": Verdict(draft.outcome),
        "evidence": (evidence,), "created_at": at,
    })  # fmt: skip


def advice_of(
    source: str, result: AdviceResult, recs: Sequence[Recommendation], evidence: str, budget: int | None, at: datetime
) -> IndexAdvice:
    """The noun of an advice."""
    whole = bool(result.checks) and all(check.passed for check in result.checks)
    missing = () if result.in_time else ("The search was ended by its deadline: a better set may exist.",)
    return IndexAdvice(
        source=source, verdict=Verdict.ASSAYED if whole else Verdict.WITHHELD, evidence=(evidence,), missing=missing,
        base_cost=result.base_cost, cost=result.cost,
        relative_cost=result.cost / result.base_cost if result.base_cost else 1.0, budget_bytes=budget,
        used_bytes=result.used_bytes, statements=result.planned, unplanned=len(result.unplanned),
        what_if_calls=result.what_if_calls, rejected=result.rejected, dearer=result.dearer,
        write_overhead_pct=result.write_overhead_pct, recommendations=tuple(recs),
        steps=tuple(
            AdviceStep(
                recommendation_id=stable_id("r", source, step.key) if step.key else None, title=step.title,
                bytes=step.bytes, relative_cost=step.relative_cost, chosen=step.chosen,
            )
            for step in result.steps
        ),
        took_ms=result.took_ms, computed_at=at,
    )  # fmt: skip


def keep_advice(advice: IndexAdvice) -> list[Change]:
    """Replace the last advice of a source.

    A rule's index gives way when the advice has a word on every statement it is for; else it stays, as the estimate
    that it is.
    """
    source, recs = advice.source, advice.recommendations
    kept = advice.model_copy(update={"recommendations": ()}).model_dump(mode="json")
    about = _drop_findings(recs)
    return [
        *_give_way(source, [rec.id for rec in recs], sorted({id for rec in recs for id in rec.helps})),
        *keep_recommendations(recs, "advice"),
        Change(delete(findings).where(findings.c.source == source, findings.c.origin == "advice")),
        *([Change(insert(findings).values(about))] if about else []),
        Change(delete(advices).where(advices.c.source == source)),
        Change(insert(advices).values(source=source, advice=kept, at=advice.computed_at)),
    ]


def _give_way(source: str, ids: Sequence[str], answered: Sequence[str]) -> list[Change]:
    """Delete the last advice, rules' indexes that it answers, and what is about to be inserted again."""
    elsewhere = select(helped.c.rec_id).where(helped.c.source == source, helped.c.query_id.not_in(answered))
    ruled = recommendations.c.type.in_(INDEX_TYPES) & recommendations.c.id.not_in(elsewhere)
    gone = (recommendations.c.origin == "advice") | ruled | recommendations.c.id.in_(ids)
    these = select(recommendations.c.id).where(recommendations.c.source == source, gone)
    return [
        Change(delete(recommendations).where(recommendations.c.id.in_(these))),
        Change(delete(helped).where(helped.c.source == source, helped.c.rec_id.not_in(select(recommendations.c.id)))),
    ]


def keep_recommendations(recs: Iterable[Recommendation], origin: str) -> list[Change]:
    """Insert recommendations, best first, and which statements they concern."""
    rows: list[Mapping[str, Any]] = []
    links: dict[tuple[str, str], Mapping[str, Any]] = {}
    for place, rec in enumerate(recs):
        rows.append({
            "id": rec.id, "source": rec.source, "type": rec.type, "verdict": str(rec.verdict), "place": place,
            "recommendation": rec.model_dump(mode="json"), "origin": origin, "at": rec.created_at,
        })  # fmt: skip
        for id in rec.helps:
            links[rec.id, id] = {"rec_id": rec.id, "query_id": id, "source": rec.source}
    changes = [Change(insert(recommendations).values(rows))] if rows else []
    return [*changes, Change(insert(helped).values(list(links.values())))] if links else changes


def simulation_proof(source: str, query: str, fix: Recommendation, done: Simulated) -> Proof:
    """The evidence of a simulation."""
    return Proof(
        kind="workload.simulation",
        subject=query,
        claim=f"{fix.title}: the planner expects {query} to cost {-done.improvement_pct:+.1f} %.",
        checks=done.checks,
        facts={**done.facts, "source": source, "rec_id": fix.id},
        reproduce=done.reproduce,
    )


def simulation_of(query: str, fix: str, done: Simulated, evidence: str) -> Simulation:
    """The noun of a simulation: withheld when a check of it failed."""
    passed = all(check.passed for check in done.checks)
    return Simulation(
        id=f"m_{secrets.token_hex(6)}", query_id=query, rec_id=fix, mode="hypopg",
        verdict=Verdict.ASSAYED if passed else Verdict.WITHHELD, evidence=(evidence,),
        before_cost=done.before_cost, after_cost=done.after_cost, improvement_pct=done.improvement_pct,
        comparison=done.comparison, samples=done.samples, uses_index=done.uses_index, clean=done.clean,
        took_ms=round(done.took_ms, 3), ran_at=now(),
    )  # fmt: skip


def _drop_findings(recs: Iterable[Recommendation]) -> list[Mapping[str, Any]]:
    """What the indexes of a table suffer from: a finding for each index that could go."""
    rows: list[Mapping[str, Any]] = []
    for rec in recs:
        if rec.type not in ("redundant_index", "unused_index"):
            continue
        finding = Finding(
            id=stable_id("f", rec.id), kind=rec.type, severity="info", table=rec.table,
            title="Redundant index" if rec.type == "redundant_index" else "Unused index", rationale=rec.rationale,
            confidence=rec.confidence, recommendation_id=rec.id, verdict=rec.verdict, evidence=rec.evidence,
            missing=rec.missing,
        )  # fmt: skip
        rows.append({
            "id": finding.id, "source": rec.source, "query_id": None, "severity": 2,
            "finding": finding.model_dump(mode="json"), "origin": "advice", "at": rec.created_at,
        })  # fmt: skip
    return rows
