"""Reads what was recorded of a workload: load over a window, trends, findings, recommendations."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from assay.kernel.assayed import Verdict
from assay.kernel.context import Context
from assay.kernel.values import now
from assay.ports.errors import NotFound
from assay.ports.store import Row
from assay.workload._store import (
    advices,
    findings,
    helped,
    loads,
    plans,
    points,
    queries,
    recommendations,
    scans,
    snapshots,
)
from assay.workload.keeping import INDEX_TYPES
from assay.workload.model import Finding, IndexAdvice, Recommendation
from assay.workload.plan_model import Load, Point
from assay.workload.questions import ListBottlenecks
from assay.workload.scan_rows import mark_of as read_mark
from assay.workload.snapshots import Mark

TREND_POINTS = 60
"""A sparkline shows at most so many intervals."""


@dataclass(frozen=True, slots=True)
class Window:
    """Load of every statement of a source over a window."""

    loads: Mapping[str, Load]
    total_ms: float
    seconds: float
    snapshots: int


async def window_of(ctx: Context, source: str, since_minutes: int | None) -> Window:
    """Sum load per statement, since statistics began or over the last minutes."""
    if since_minutes is None:
        rows = await ctx.store.rows(select(loads).where(loads.c.source == source))
        span = await _span(ctx, source, None)
        return _window([_kept(row) for row in rows], span)
    since = now() - timedelta(minutes=since_minutes)
    summed = [func.sum(points.c[name]).label(name) for name in ("calls", "total_ms", "rows", *_BLOCKS)]
    query = select(points.c.query_id, *summed).where(points.c.source == source, points.c.at > since)
    rows = await ctx.store.rows(query.group_by(points.c.query_id))
    return _window([_summed(row) for row in rows], await _span(ctx, source, since))


_BLOCKS = ("blocks_hit", "blocks_read", "temp_written")
_Loaded = tuple[str, dict[str, float | int | None]]


def _blocks(row: Row) -> dict[str, float | int | None]:
    return {
        "calls": int(row["calls"]), "total_ms": float(row["total_ms"]), "rows": int(row["rows"]),
        "shared_blocks_hit": int(row["blocks_hit"]), "shared_blocks_read": int(row["blocks_read"]),
        "temp_blocks_written": int(row["temp_written"]),
    }  # fmt: skip


def _kept(row: Row) -> _Loaded:
    more = {name: row[name] for name in ("mean_ms", "stddev_ms", "max_ms")}
    return row["query_id"], {**_blocks(row), **more}


def _summed(row: Row) -> _Loaded:
    calls = int(row["calls"])
    return row["query_id"], {**_blocks(row), "mean_ms": float(row["total_ms"]) / calls if calls else 0.0}


def _window(found: Iterable[_Loaded], span: tuple[float, int]) -> Window:
    kept = list(found)
    total = sum(float(values["total_ms"] or 0) for _, values in kept)
    shared = {
        id: Load.model_validate({**values, "share": float(values["total_ms"] or 0) / total if total else 0.0})
        for id, values in kept
    }
    return Window(shared, total, *span)


async def _span(ctx: Context, source: str, since: datetime | None) -> tuple[float, int]:
    times = select(scans.c.at).where(scans.c.source == source)
    if since is not None:
        times = times.where(scans.c.at > since)
    at = [row["at"] for row in await ctx.store.rows(times.order_by(scans.c.at))]
    if since is not None:
        return (now() - since).total_seconds(), len(at)
    return ((at[-1] - at[0]).total_seconds() if at else 0.0), len(at)


_MEASURES: Mapping[str, Callable[[Load], float]] = {
    "total": lambda load: load.total_ms,
    "mean": lambda load: load.mean_ms,
    "calls": lambda load: load.calls,
    "rows": lambda load: load.rows,
    "blocks": lambda load: load.shared_blocks_hit + load.shared_blocks_read,
}


def worst_first(window: Window, asked: ListBottlenecks) -> list[str]:
    """Ids of the statements, in the order that was asked for."""
    measure = _MEASURES[asked.sort]
    wanted = [(measure(load), id) for id, load in window.loads.items() if load.mean_ms >= asked.min_mean_ms]
    return [id for _, id in sorted(wanted, key=lambda one: (-one[0], one[1]))]


async def trends(ctx: Context, ids: Sequence[str], since_minutes: int | None) -> Mapping[str, tuple[Point, ...]]:
    """The load of each statement over time, oldest first."""
    if not ids:
        return {}
    since = now() - timedelta(minutes=since_minutes or 7 * 24 * 60)
    query = select(points).where(points.c.query_id.in_(ids), points.c.at > since).order_by(points.c.at)
    found: dict[str, list[Point]] = defaultdict(list)
    for row in await ctx.store.rows(query):
        point = Point(at=row["at"], seconds=row["seconds"], calls=row["calls"], total_ms=row["total_ms"])
        found[row["query_id"]].append(point)
    return {id: tuple(series[-TREND_POINTS:]) for id, series in found.items()}


async def query_row(ctx: Context, id: str) -> Row:
    """Return a statement within the caller's scopes; NotFound else."""
    rows = await ctx.store.rows(select(queries).where(queries.c.id == id))
    if not rows or not ctx.caller.reaches("database", rows[0]["source"]):
        raise NotFound(f"There is no statement {id!r}.", field="id")
    return rows[0]


async def query_rows(ctx: Context, source: str) -> Mapping[str, Row]:
    """Every statement of a source by id."""
    return {row["id"]: row for row in await ctx.store.rows(select(queries).where(queries.c.source == source))}


async def plan_row(ctx: Context, id: str) -> Row | None:
    """The plan, samples and chips that the last scan kept of a statement."""
    rows = await ctx.store.rows(select(plans).where(plans.c.query_id == id))
    return rows[0] if rows else None


async def findings_of(
    ctx: Context, source: str, ids: Sequence[str] | None = None
) -> Mapping[str | None, tuple[Finding, ...]]:
    """Findings by statement, worst first; those about a table alone stand under None."""
    query = select(findings).where(findings.c.source == source).order_by(findings.c.severity, findings.c.id)
    if ids is not None:
        query = query.where(findings.c.query_id.in_(ids))
    found: dict[str | None, list[Finding]] = defaultdict(list)
    for row in await ctx.store.rows(query):
        found[row["query_id"]].append(Finding.model_validate(row["finding"]))
    return {id: tuple(some) for id, some in found.items()}


async def recommendation_row(ctx: Context, id: str) -> Row:
    """Return a recommendation within the caller's scopes; NotFound else."""
    rows = await ctx.store.rows(select(recommendations).where(recommendations.c.id == id))
    if not rows or not ctx.caller.reaches("database", rows[0]["source"]):
        raise NotFound(f"There is no recommendation {id!r}: a later advice or scan may have replaced it.", field="id")
    return rows[0]


async def recommendations_of(ctx: Context, source: str) -> Mapping[str, Recommendation]:
    """Every current recommendation of a source by id, best first."""
    query = select(recommendations).where(recommendations.c.source == source)
    rows = await ctx.store.rows(query.order_by(recommendations.c.place, recommendations.c.id))
    return {row["id"]: Recommendation.model_validate(row["recommendation"]) for row in rows}


async def helped_by(ctx: Context, source: str) -> Mapping[str, tuple[str, ...]]:
    """For each statement, the recommendations that concern it."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in await ctx.store.rows(select(helped).where(helped.c.source == source)):
        found[row["query_id"]].append(row["rec_id"])
    return {id: tuple(some) for id, some in found.items()}


async def last_advice(ctx: Context, source: str) -> IndexAdvice | None:
    """The last advice, without its recommendations."""
    rows = await ctx.store.rows(select(advices).where(advices.c.source == source))
    return IndexAdvice.model_validate(rows[0]["advice"]) if rows else None


async def last_scan(ctx: Context, source: str) -> Row | None:
    """The row of the last scan."""
    query = select(scans).where(scans.c.source == source).order_by(scans.c.at.desc()).limit(1)
    rows = await ctx.store.rows(query)
    return rows[0] if rows else None


async def mark_of(ctx: Context, source: str) -> Mark | None:
    """The snapshot from which the next scan takes its deltas."""
    rows = await ctx.store.rows(select(snapshots).where(snapshots.c.source == source))
    return read_mark(rows[0]) if rows else None


async def advised(ctx: Context, source: str) -> Mapping[str, str]:
    """For each statement, the best index that the last advice found for it."""
    query = (
        select(helped.c.query_id, recommendations.c.id)
        .join(recommendations, recommendations.c.id == helped.c.rec_id)
        .where(helped.c.source == source, recommendations.c.origin == "advice")
        .where(recommendations.c.verdict == str(Verdict.ASSAYED), recommendations.c.type.in_(INDEX_TYPES))
        .order_by(recommendations.c.place.desc())
    )
    return {row["query_id"]: row["id"] for row in await ctx.store.rows(query)}
