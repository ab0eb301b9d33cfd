"""Turns what the rules of a scan found into evidence, findings, recommendations and a report."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import delete, insert, select

from assay.kernel.assayed import Verdict
from assay.ports.ledger import Proof
from assay.ports.store import Change, Row
from assay.workload._store import findings, helped, recommendations, scans
from assay.workload.keeping import INDEX_TYPES, RECHECK, keep_recommendations, stable_id
from assay.workload.model import Finding, Recommendation, ScanReport
from assay.workload.rules.draft import Draft
from assay.workload.scan import ScanResult, Statement
from assay.workload.scan_rows import keep_loads, keep_mark, keep_plans, keep_points, keep_statements, query_id
from assay.workload.statement import layout

SEVERITY = {"critical": 0, "warning": 1, "info": 2}


def _drafts(result: ScanResult) -> Iterator[tuple[Statement, Draft]]:
    for statement in result.statements:
        for draft in statement.judged.drafts if statement.judged else ():
            yield statement, draft


def scan_proofs(source: str, result: ScanResult) -> list[Proof]:
    """One proof for each draft that has checks, in the order of the drafts."""
    return [_proof(source, statement, draft, result) for statement, draft in _drafts(result) if draft.proof]


def _proof(source: str, statement: Statement, draft: Draft, result: ScanResult) -> Proof:
    id = query_id(source, statement.fingerprint)
    payload = {
        "kind": "finding", "finding": draft.kind, "table": draft.table, "fingerprint": statement.fingerprint,
        "text": statement.text, "ran": asdict(statement.ran),
    }  # fmt: skip
    server = {"server_version": result.server_version, "account": result.account}
    return Proof(
        kind=f"workload.{draft.kind}",
        subject=id,
        claim=f"{draft.title} in {id}: {draft.rationale}",
        checks=draft.proof,
        facts={**draft.facts, **server},
        reproduce=draft.reproduce,
        replay=(RECHECK, {"kind": f"workload.{draft.kind}", "source": source, "payload": payload}),
    )


def keep_scan(
    source: str, result: ScanResult, ids: Sequence[str], known: Mapping[str, Row], advised: Mapping[str, str]
) -> tuple[ScanReport, list[Change]]:
    """Make the report of a scan, and the changes that keep everything it read and found.

    Args:
        ids: evidence, in the order of `scan_proofs`.
        known: rows of the statements that earlier scans saw.
        advised: for each statement, the index that the last advice found for it; a rule's own index gives way to it.
    """
    at, refs = result.snapshot.at, iter(ids)
    found: dict[str, Finding] = {}
    recs: dict[str, Recommendation] = {}
    for statement, draft in _drafts(result):
        evidence = (next(refs),) if draft.proof else ()
        id = query_id(source, statement.fingerprint)
        rec = _recommendation(source, id, draft, evidence, at)
        if rec is not None and rec.type in INDEX_TYPES and id in advised:
            rec = None
        finding = _finding(source, id, draft, evidence, rec.id if rec else advised.get(id))
        found[finding.id] = finding
        if rec is not None:
            had = recs.get(rec.id)
            recs[rec.id] = rec if had is None else had.model_copy(update={"helps": tuple({*had.helps, *rec.helps})})
    report = _report(source, result, known, tuple(sorted(found.values(), key=lambda one: SEVERITY[one.severity])))
    return report, [
        *keep_statements(source, result, known),
        *keep_loads(source, result),
        *keep_points(source, result),
        *keep_plans(source, result),
        *keep_mark(source, result.snapshot.mark()),
        *_keep_findings(source, tuple(found.values()), at),
        *_keep_fixes(source, tuple(recs.values())),
        Change(insert(scans).values(id=report.id, source=source, at=at, report=report.model_dump(mode="json"))),
    ]


def _recommendation(
    source: str, query: str, draft: Draft, evidence: tuple[str, ...], at: datetime
) -> Recommendation | None:
    fix = draft.fix
    if fix is None:
        return None
    gain = 100 * (1 - fix.after_cost / fix.before_cost) if fix.before_cost and fix.after_cost is not None else None
    return Recommendation(
        id=stable_id("r", source, fix.type, fix.table, fix.ddl or fix.rewrite or fix.title), source=source,
        verdict=fix.verdict if evidence or fix.verdict is not Verdict.ASSAYED else Verdict.FAILED, evidence=evidence,
        missing=fix.missing, type=fix.type, title=fix.title, table=fix.table, ddl=fix.ddl, undo=fix.undo,
        rewrite=layout(fix.rewrite) if fix.rewrite else None, rationale=fix.rationale, risk=fix.risk,
        risk_reason=fix.risk_reason, confidence=draft.confidence,
        confidence_reason="From the saving over the sampled parameters, the calls seen and the table's size.",
        improvement_pct=gain, before_cost=fix.before_cost, after_cost=fix.after_cost, bytes=fix.bytes,
        helps=(query,), costed=1, dearer=0, withheld_reason=fix.withheld_reason, created_at=at,
    )  # fmt: skip


def _finding(source: str, query: str, draft: Draft, evidence: tuple[str, ...], rec: str | None) -> Finding:
    return Finding(
        id=stable_id("f", source, query, draft.kind, draft.table or "", draft.title), kind=draft.kind,
        title=draft.title, severity=draft.severity, query_id=query, table=draft.table, rationale=draft.rationale,
        confidence=draft.confidence, recommendation_id=rec, evidence=evidence, missing=draft.missing,
        verdict=draft.verdict if evidence or draft.verdict is not Verdict.ASSAYED else Verdict.FAILED,
    )  # fmt: skip


def _report(source: str, result: ScanResult, known: Mapping[str, Row], found: tuple[Finding, ...]) -> ScanReport:
    return ScanReport(
        id=f"sc_{secrets.token_hex(6)}", source=source, statements=len(result.snapshot.entries),
        fingerprints=len(result.statements),
        new=sum(query_id(source, statement.fingerprint) not in known for statement in result.statements),
        planned=result.planned, unplanned=result.unplanned, findings=found, reset=result.deltas.reset,
        evicted=result.deltas.evicted, partial=result.partial, took_ms=round(result.took_ms, 3), at=result.snapshot.at,
    )  # fmt: skip


def _keep_findings(source: str, found: Sequence[Finding], at: datetime) -> list[Change]:
    rows = [
        {
            "id": one.id, "source": source, "query_id": one.query_id, "severity": SEVERITY[one.severity],
            "finding": one.model_dump(mode="json"), "origin": "scan", "at": at,
        }
        for one in found
    ]  # fmt: skip
    gone = delete(findings).where(findings.c.source == source, findings.c.origin == "scan")
    return [Change(gone), *([Change(insert(findings).values(rows))] if rows else [])]


def _keep_fixes(source: str, recs: Sequence[Recommendation]) -> list[Change]:
    mine = (recommendations.c.source == source, recommendations.c.origin == "scan")
    old = select(recommendations.c.id).where(*mine)
    ids = [rec.id for rec in recs]
    return [
        Change(delete(helped).where(helped.c.rec_id.in_(old))),
        Change(delete(recommendations).where(*mine)),
        Change(delete(helped).where(helped.c.rec_id.in_(ids))),
        Change(delete(recommendations).where(recommendations.c.id.in_(ids))),
        *keep_recommendations(recs, "scan"),
    ]
