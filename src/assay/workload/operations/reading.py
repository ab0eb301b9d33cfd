"""Questions about what was recorded: bottlenecks, one statement, activity, recommendations, runbooks, scans."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select

from assay.kernel.assayed import Verdict
from assay.kernel.context import Context
from assay.kernel.operation import Get, operation
from assay.kernel.paging import cursor_after, offset_of, page_of_rows
from assay.kernel.values import Page, now
from assay.ports.errors import Invalid, NotFound
from assay.ports.store import Row
from assay.sources.cache import SchemaCache
from assay.sources.visit import which
from assay.workload import history
from assay.workload._store import loads, points, scans, schedules, simulations
from assay.workload.model import (
    Activity,
    ActivitySeries,
    Bottleneck,
    BottleneckPage,
    Chip,
    Finding,
    QueryDetail,
    Recommendation,
    RecommendationPage,
    Runbook,
    ScanReport,
    ScanSchedule,
    Simulation,
)
from assay.workload.plan_model import Plan, Point, Sample
from assay.workload.questions import (
    FindQuery,
    FindRecommendation,
    FindSchedule,
    ListBottlenecks,
    ListRecommendations,
    ListScans,
    ListSimulations,
    ShowActivity,
)
from assay.workload.runbook import runbook as write_runbook
from assay.workload.statement import fold, layout

ORDER = {Verdict.ASSAYED: 0, Verdict.ESTIMATE: 1, Verdict.STALE: 2, Verdict.WITHHELD: 3, Verdict.FAILED: 4}
"""Of two fixes for one statement, the better checked one is shown first."""
NAMED_SERIES = 5
SUFFERS = {
    "missing_index": "Missing index",
    "composite_index": "Missing index on several columns",
    "covering_index": "Table read besides the index",
    "join_index": "Join without an index",
    "partial_index": "Missing index on a part",
    "expression_index": "Expression without an index",
}
"""What a statement suffers from that only the advice over the whole workload found."""


@operation("workload.bottlenecks", effect="read", needs="workload:read", http=Get("/api/v1/bottlenecks"), graph=True,
           errors=[NotFound, Invalid],
           when="something is slow: which statements cost most, why, and what fixes them")  # fmt: skip
async def bottlenecks(asked: ListBottlenecks, ctx: Context) -> BottleneckPage:
    """List the statements that cost most, each with its worst finding and its best fix."""
    source = await which(ctx, asked.source, "postgresql")
    window = await history.window_of(ctx, source["id"], asked.since_minutes)
    rows = await history.query_rows(ctx, source["id"])
    found = await history.findings_of(ctx, source["id"])
    fixes = await _fixes(ctx, source["id"])
    ids = [id for id in history.worst_first(window, asked) if id in rows and _matches(rows[id], asked.search)]
    counted = _count(ids, found, fixes)
    if asked.show != "all":
        wanted = Verdict.ASSAYED if asked.show == "proved" else Verdict.WITHHELD
        ids = [id for id in ids if (fix := _best(fixes.get(id, ()))) is not None and fix.verdict is wanted]
    offset = offset_of(asked.cursor)
    shown = ids[offset : offset + asked.limit]
    trend = await history.trends(ctx, shown, asked.since_minutes)
    items = tuple(
        _bottleneck(rows[id], window, found.get(id, ()), fixes.get(id, ()), trend.get(id, ())) for id in shown
    )
    last = await history.last_scan(ctx, source["id"])
    return BottleneckPage(
        items=items, total=len(ids), next_cursor=cursor_after(offset, len(shown), len(ids)), source=source["id"],
        source_name=source["name"], total_ms=window.total_ms, window_seconds=window.seconds,
        snapshots=window.snapshots, read_at=last["at"] if last else None,
        partial=tuple(last["report"]["partial"]) if last else (), **counted,
    )  # fmt: skip


def _matches(row: Row, words: str | None) -> bool:
    text = f"{row['id']} {row['title']} {row['norm_sql']}".casefold()
    return all(word in text for word in (words or "").casefold().split())


async def _fixes(ctx: Context, source: str) -> Mapping[str, tuple[Recommendation, ...]]:
    every = await history.recommendations_of(ctx, source)
    found = await history.helped_by(ctx, source)
    return {id: tuple(every[rec] for rec in recs if rec in every) for id, recs in found.items()}


def _best(fixes: Sequence[Recommendation]) -> Recommendation | None:
    return min(fixes, key=lambda fix: (ORDER[fix.verdict], -(fix.improvement_pct or 0)), default=None)


def _count(
    ids: Sequence[str],
    found: Mapping[str | None, tuple[Finding, ...]],
    fixes: Mapping[str, tuple[Recommendation, ...]],
) -> dict[str, int]:
    best = [_best(fixes.get(id, ())) for id in ids if found.get(id) or fixes.get(id)]
    proved = sum(fix is not None and fix.verdict is Verdict.ASSAYED for fix in best)
    withheld = sum(fix is not None and fix.verdict is Verdict.WITHHELD for fix in best)
    return {
        "findings": len(best), "proved": proved, "withheld": withheld,
        "not_measured": len(best) - proved - withheld,
    }  # fmt: skip


def _bottleneck(
    row: Row,
    window: history.Window,
    found: Sequence[Finding],
    fixes: Sequence[Recommendation],
    trend: tuple[Point, ...],
) -> Bottleneck:
    load, best = window.loads[row["id"]], _best(fixes)
    worst = found[0] if found else None
    reason = worst.title if worst else SUFFERS.get(best.type, "Improvable") if best else _unjudged(row)
    return Bottleneck(
        query_id=row["id"], fingerprint=row["fingerprint"], title=row["title"], sql=fold(row["norm_sql"]), load=load,
        mean_ms=load.mean_ms, calls=load.calls, reason=reason, finding=worst, recommendation=best,
        ddl=best.ddl if best else None, confidence=best.confidence if best else worst.confidence if worst else None,
        trend=trend, last_seen=row["last_seen"],
    )  # fmt: skip


def _unjudged(row: Row) -> str:
    return "Healthy" if row["looked_at"] else "Not looked at yet"


@operation("workload.query", effect="read", needs="workload:read", http=Get("/api/v1/queries/{id}"), graph=True,
           errors=[NotFound],
           when="you know a statement's id and want its plan, its findings and what would help")  # fmt: skip
async def query(asked: FindQuery, ctx: Context) -> QueryDetail:
    """Show everything known about one statement."""
    row = await history.query_row(ctx, asked.id)
    window = await history.window_of(ctx, row["source"], asked.since_minutes)
    if asked.id not in window.loads:
        window = await history.window_of(ctx, row["source"], None)
    if asked.id not in window.loads:
        raise NotFound(f"Statement {asked.id} is no longer in pg_stat_statements.", field="id")
    around = history.worst_first(window, ListBottlenecks())
    place = around.index(asked.id)
    kept = await history.plan_row(ctx, asked.id)
    found = await history.findings_of(ctx, row["source"], [asked.id])
    fixes = sorted((await _fixes(ctx, row["source"])).get(asked.id, ()), key=lambda fix: ORDER[fix.verdict])
    trend = await history.trends(ctx, [asked.id], asked.since_minutes)
    last = await _last_simulation(ctx, asked.id, fixes)
    read_at = await ctx.store.rows(select(loads.c.read_at).where(loads.c.query_id == asked.id))
    return QueryDetail(
        query_id=row["id"], source=row["source"], fingerprint=row["fingerprint"], queryids=tuple(row["queryids"]),
        title=row["title"], sql=layout(row["norm_sql"]), roles=tuple(row["roles"]), load=window.loads[asked.id],
        first_seen=row["first_seen"], last_seen=row["last_seen"],
        read_at=read_at[0]["read_at"] if read_at else row["last_seen"], trend=trend.get(asked.id, ()),
        chips=_chips(kept), plan=Plan.model_validate(kept["plan"]) if kept and kept["plan"] else None,
        plan_error=kept["error"] if kept else "This statement was not among those that the last scan planned.",
        comparison=last.comparison if last else None,
        samples=last.samples if last else _samples(kept),
        findings=found.get(asked.id, ()), recommendations=tuple(fixes),
        previous=around[place - 1] if place else None, next=around[place + 1] if place + 1 < len(around) else None,
    )  # fmt: skip


def _chips(kept: Row | None) -> tuple[Chip, ...]:
    return tuple(Chip.model_validate(chip) for chip in kept["chips"]) if kept else ()


def _samples(kept: Row | None) -> tuple[Sample, ...]:
    return tuple(Sample.model_validate(sample) for sample in kept["samples"]) if kept else ()


async def _last_simulation(ctx: Context, id: str, fixes: Sequence[Recommendation]) -> Simulation | None:
    """The newest simulation of the best fix that is still recommended."""
    newest = select(simulations).where(simulations.c.query_id == id).order_by(simulations.c.at.desc()).limit(50)
    by_fix: dict[str, Row] = {}
    for row in await ctx.store.rows(newest):
        by_fix.setdefault(row["rec_id"], row)
    best = next((by_fix[fix.id] for fix in fixes if fix.id in by_fix), None)
    return Simulation.model_validate(best["simulation"]) if best else None


@operation("workload.activity", effect="read", needs="workload:read", http=Get("/api/v1/activity"), graph=True,
           errors=[NotFound, Invalid])  # fmt: skip
async def activity(asked: ShowActivity, ctx: Context) -> Activity:
    """Show average active sessions over time: the time in statements per second, by the statements that cost most."""
    source = await which(ctx, asked.source, "postgresql")
    since = now() - timedelta(minutes=asked.since_minutes)
    recent = select(points).where(points.c.source == source["id"], points.c.at > since).order_by(points.c.at)
    sessions: dict[datetime, dict[str, float]] = defaultdict(dict)
    totals: dict[str, float] = defaultdict(float)
    for row in await ctx.store.rows(recent):
        share = row["total_ms"] / 1000 / row["seconds"] if row["seconds"] else 0.0
        sessions[row["at"]][row["query_id"]] = share
        totals[row["query_id"]] += share
    times = sorted(sessions)
    named = sorted(totals, key=lambda id: (-totals[id], id))[:NAMED_SERIES]
    series = [ActivitySeries(query_id=id, values=tuple(sessions[at].get(id, 0.0) for at in times)) for id in named]
    others = tuple(sum(share for id, share in sessions[at].items() if id not in named) for at in times)
    if any(others):
        series.append(ActivitySeries(query_id=None, values=others))
    together = [sum(sessions[at].values()) for at in times]
    mean = sum(together) / len(together) if together else 0.0
    return Activity(
        source=source["id"], at=tuple(times), series=tuple(series), mean=mean, peak=max(together, default=0.0)
    )


@operation("workload.recommendations", effect="read", needs="workload:read", http=Get("/api/v1/recommendations"),
           graph=True, errors=[NotFound, Invalid],
           when="you want the changes that the last advice found, with what was proved of each")  # fmt: skip
async def recommendations(asked: ListRecommendations, ctx: Context) -> RecommendationPage:
    """List what the last advice and scan found, best first, with its age; withheld ones with the reason."""
    source = await which(ctx, asked.source or await _source_of_query(ctx, asked.query_id), "postgresql")
    every = await history.recommendations_of(ctx, source["id"])
    if asked.query_id is not None:
        concerned = (await history.helped_by(ctx, source["id"])).get(asked.query_id, ())
        every = {id: fix for id, fix in every.items() if id in concerned}
    wanted = [
        fix for fix in every.values() if asked.type in (None, fix.type) and asked.verdict in (None, str(fix.verdict))
    ]
    offset = offset_of(asked.cursor)
    shown = tuple(wanted[offset : offset + asked.limit])
    advice = await history.last_advice(ctx, source["id"])
    return RecommendationPage(
        items=shown, total=len(wanted), next_cursor=cursor_after(offset, len(shown), len(wanted)),
        computed_at=advice.computed_at if advice else None, advice=advice,
    )  # fmt: skip


async def _source_of_query(ctx: Context, id: str | None) -> str | None:
    return (await history.query_row(ctx, id))["source"] if id is not None else None


@operation("workload.recommendation", effect="read", needs="workload:read",
           http=Get("/api/v1/recommendations/{id}"), errors=[NotFound], graph=True)  # fmt: skip
async def recommendation(asked: FindRecommendation, ctx: Context) -> Recommendation:
    """Show one recommendation."""
    row = await history.recommendation_row(ctx, asked.id)
    return Recommendation.model_validate(row["recommendation"])


@operation("workload.runbook", effect="read", needs="workload:read",
           http=Get("/api/v1/recommendations/{id}/runbook"), errors=[NotFound, Invalid],
           when="you want to bring a recommendation to production without stopping it")  # fmt: skip
async def runbook(asked: FindRecommendation, ctx: Context) -> Runbook:
    """Write the steps that build or drop an index without blocking writes, and the way back."""
    row = await history.recommendation_row(ctx, asked.id)
    fix = Recommendation.model_validate(row["recommendation"])
    source = await which(ctx, row["source"], "postgresql")
    schema = await ctx.port(SchemaCache).of(ctx, source)
    schema_name, _, name = fix.table.rpartition(".")
    return write_runbook(fix, schema.find(name, schema_name or None))


@operation("workload.scans", effect="read", needs="workload:read", http=Get("/api/v1/scans"), graph=True,
           errors=[NotFound, Invalid])  # fmt: skip
async def list_scans(asked: ListScans, ctx: Context) -> Page[ScanReport]:
    """List scans, newest first."""
    source = await which(ctx, asked.source, "postgresql")
    newest = select(scans).where(scans.c.source == source["id"]).order_by(scans.c.at.desc(), scans.c.id)
    rows, total, cursor = await page_of_rows(ctx.store, newest, asked)
    items = tuple(ScanReport.model_validate(row["report"]) for row in rows)
    return Page[ScanReport](items=items, total=total, next_cursor=cursor)


@operation("workload.simulations", effect="read", needs="workload:read", http=Get("/api/v1/simulations"), graph=True,
           errors=[NotFound, Invalid])  # fmt: skip
async def list_simulations(asked: ListSimulations, ctx: Context) -> Page[Simulation]:
    """List simulations, newest first."""
    newest = select(simulations).order_by(simulations.c.at.desc(), simulations.c.id)
    for column, wanted in ((simulations.c.query_id, asked.query_id), (simulations.c.rec_id, asked.rec_id)):
        newest = newest.where(column == wanted) if wanted else newest
    if not ctx.caller.reaches("database", "*"):
        mine = [scope.partition(":")[2] for scope in ctx.caller.scopes if scope.startswith("database:")]
        newest = newest.where(simulations.c.source.in_(mine))
    rows, total, cursor = await page_of_rows(ctx.store, newest, asked)
    items = tuple(Simulation.model_validate(row["simulation"]) for row in rows)
    return Page[Simulation](items=items, total=total, next_cursor=cursor)


@operation("workload.get_schedule", effect="read", needs="workload:read",
           http=Get("/api/v1/sources/{source}/scan-schedule"), errors=[NotFound])  # fmt: skip
async def get_schedule(asked: FindSchedule, ctx: Context) -> ScanSchedule:
    """Show how often a database is scanned by itself."""
    source = await which(ctx, asked.source, "postgresql")
    rows = await ctx.store.rows(select(schedules).where(schedules.c.source == source["id"]))
    if not rows:
        return ScanSchedule(source=source["id"], every_minutes=0, next_at=None, version=0)
    return ScanSchedule(**{name: rows[0][name] for name in ScanSchedule.model_fields})
